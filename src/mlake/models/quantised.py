"""Models whose weights are kept in fewer bits than they are computed with."""

from typing import Any

from mlake.errors import ModelError

__all__ = ["quantisation", "quantised_weights"]


def quantisation(model: Any) -> str | None:
    """How the weights of a model of ``transformers`` are quantised, such as ``bitsandbytes``; None if not."""
    config = getattr(model.config, "quantization_config", None)
    if config is not None and getattr(model, "is_quantized", True):
        method = config.get("quant_method") if isinstance(config, dict) else config.quant_method
        return str(getattr(method, "value", method))
    if not all(weight.is_floating_point() for weight in model.parameters()):
        return "whole numbers"
    return None


def quantised_weights(name: str, how: str, what: str = "what was asked for") -> ModelError:
    """The error where something would change quantised weights, or read them as numbers.

    Args:
        name: Name of the model.
        how: As ``quantisation`` names it.
        what: What needs the weights.
    """
    return ModelError(
        f"{what} needs weights as they are, and those of {name!r} are quantised ({how}), so that no edit can "
        "be added to them; load it unquantised, or only ask: --method none, ice, ike, remake or serac"
    )

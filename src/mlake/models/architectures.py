"""Where each model family keeps its blocks, its down-projections and its last norm.

To add a family, add a row (see ``docs/add-a-model-family.md``). A type without a row is understood by
its structure where that is unambiguous, and refused where it is not.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from mlake.errors import ModelError

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "architecture_of",
    "attention_out",
    "detect",
    "head_is_whole",
    "head_logits",
]


@dataclass(frozen=True, slots=True)
class Architecture:
    """Where a model family keeps the parts that editing needs; the only family knowledge in mlake.

    Attributes:
        family: Name of the family, as reports print it.
        layers: Path from the model to its list of blocks.
        mlp: Path from a block to its MLP.
        down: Path from a block to the MLP's down-projection, the matrix that locate-then-edit changes.
        norm: Path from the model to the norm before the head.
        transposed: True where the weight is stored ``(d_in, d_out)``, as GPT-2's Conv1D does.
        sandwich: True where a norm stands between the MLP and the residual stream (Gemma 2 and 3,
            OLMo 2). A value optimised in the residual stream cannot be written into the down-projection
            of such a family; it is optimised at the down-projection's own output instead.
    """

    family: str
    layers: str
    mlp: str
    down: str
    norm: str
    transposed: bool = False
    sandwich: bool = False


def _llama_like(family: str, *, sandwich: bool = False, base: str = "model") -> Architecture:
    return Architecture(family, f"{base}.layers", "mlp", "mlp.down_proj", f"{base}.norm", sandwich=sandwich)


ARCHITECTURES: dict[str, Architecture] = {
    "gemma": _llama_like("Gemma"),
    "gemma2": _llama_like("Gemma 2", sandwich=True),
    "gemma3": _llama_like("Gemma 3", sandwich=True, base="model.language_model"),
    "gemma3_text": _llama_like("Gemma 3", sandwich=True),
    "gpt2": Architecture("GPT-2", "transformer.h", "mlp", "mlp.c_proj", "transformer.ln_f", transposed=True),
    "gpt_neo": Architecture("GPT-Neo", "transformer.h", "mlp", "mlp.c_proj", "transformer.ln_f"),
    "gpt_neox": Architecture(
        "GPT-NeoX", "gpt_neox.layers", "mlp", "mlp.dense_4h_to_h", "gpt_neox.final_layer_norm"
    ),
    "gptj": Architecture("GPT-J", "transformer.h", "mlp", "mlp.fc_out", "transformer.ln_f"),
    "llama": _llama_like("Llama"),
    "mistral": _llama_like("Mistral"),
    "olmo2": _llama_like("OLMo 2", sandwich=True),
    "olmo3": _llama_like("OLMo 3", sandwich=True),
    "phi3": _llama_like("Phi-3"),
    "qwen2": _llama_like("Qwen 2"),
    "qwen3": _llama_like("Qwen 3"),
    "smollm3": _llama_like("SmolLM 3"),
}
"""Model type (``config.model_type``) to architecture. Vicuna is ``llama``, Qwen 1.5 and 2.5 are ``qwen2``."""


def architecture_of(model: Any) -> Architecture:
    """The architecture of a causal language model: its row in ``ARCHITECTURES``, or what its structure shows.

    Raises:
        ModelError: The row does not fit the model, or there is none and the structure is not understood.
    """
    kind = model.config.model_type
    arch = ARCHITECTURES.get(kind)
    if arch is None:
        return detect(model)
    _check(model, arch)
    return arch


def attention_out(model: Any, arch: Architecture, layer: int) -> nn.Module:
    """The linear map that ends the attention of a block: the last one to the hidden size beside the MLP.

    Raises:
        ModelError: There is none.
    """
    block = model.get_submodule(arch.layers)[layer]
    d_model = model.config.get_text_config().hidden_size
    found = [
        module
        for name, module in block.named_modules()
        if not name.startswith(f"{arch.mlp}.") and _width(module) == d_model
    ]
    if not found:
        raise _unknown(model, "its attention does not end in a linear map to the hidden size")
    last: nn.Module = found[-1]
    return last


def head_logits(model: Any, hidden: Tensor) -> Tensor:
    """What a model's head makes of final hidden states, as ``LM.logits``."""
    logits: Tensor = model.get_output_embeddings()(hidden)
    logits = logits if logits.dtype == torch.float64 else logits.float()
    config = model.config.get_text_config()
    logits = logits * (getattr(config, "logit_scale", None) or 1)  # Cohere
    logits = logits / (getattr(config, "logits_scaling", None) or 1)  # Granite
    cap = getattr(config, "final_logit_softcapping", None)
    return logits if cap is None else cap * torch.tanh(logits / cap)


@torch.no_grad()
def head_is_whole(model: Any) -> bool:
    """Whether logits are what ``head_logits`` makes of the base model's output, so that it can be asked."""
    ids = torch.tensor([[0, 1]], device=model.get_input_embeddings().weight.device)
    hidden = model.base_model(input_ids=ids, use_cache=False).last_hidden_state
    return _close(head_logits(model, hidden).float(), model(input_ids=ids, use_cache=False).logits.float())


def _close(found: Tensor, expected: Tensor) -> bool:
    return torch.allclose(found, expected, rtol=1e-2, atol=1e-2 * float(expected.abs().max()))


def detect(model: Any) -> Architecture:
    """Read an architecture off a model's structure, and try it out on two tokens.

    Raises:
        ModelError: The blocks, the MLP, its down-projection or the last norm are missing or ambiguous, or
            the model's logits are not what its head makes of the last norm's output.
    """
    if any(".experts." in name for name, _ in model.named_parameters()):
        raise _unknown(model, "it is a mixture of experts, which has no one down-projection in a block")
    decoder = model.get_decoder()
    d_model = model.config.get_text_config().hidden_size
    base = next((name for name, module in model.named_modules() if module is decoder and name), None)
    lists = [n for n, m in decoder.named_children() if isinstance(m, nn.ModuleList) and _alike(m)]
    norms = [n for n, m in decoder.named_children() if "norm" in type(m).__name__.lower()]
    if base is None or len(lists) != 1 or len(norms) != 1:
        raise _unknown(model, "its list of blocks and its last norm were not found")
    block = decoder.get_submodule(lists[0])[0]
    mlp, down = _find_mlp(model, block, d_model)
    arch = Architecture(
        model.config.model_type,
        f"{base}.{lists[0]}",
        mlp,
        f"{mlp}.{down}",
        f"{base}.{norms[0]}",
        transposed=isinstance(block.get_submodule(f"{mlp}.{down}"), Conv1D),
    )
    _check(model, arch)
    return _tried(model, arch)


def _alike(blocks: nn.ModuleList) -> bool:
    return len(blocks) > 0 and len({type(block) for block in blocks}) == 1


def _find_mlp(model: Any, block: nn.Module, d_model: int) -> tuple[str, str]:
    """Names of the block's MLP and of its down-projection within it."""
    found: dict[str, list[str]] = {}
    for child, module in block.named_children():
        if "attn" in child or "attention" in f"{child}{type(module).__name__}".lower():
            continue
        downs = [name for name, part in module.named_modules() if name and _width(part) == d_model]
        if downs:
            found[child] = downs
    if len(found) != 1:
        raise _unknown(model, "its blocks do not hold exactly one MLP that maps back to the hidden size")
    (mlp, downs) = next(iter(found.items()))
    return mlp, downs[-1]


def _width(module: nn.Module) -> int | None:
    """Output width of a linear map, None for anything else."""
    if isinstance(module, nn.Linear):
        return module.out_features
    return int(module.nf) if isinstance(module, Conv1D) else None


def _check(model: Any, arch: Architecture) -> None:
    """Refuse a row whose paths lead nowhere or whose down-projections do not end in the hidden size."""
    d_model = model.config.get_text_config().hidden_size
    try:
        model.get_submodule(arch.norm)
        for block in model.get_submodule(arch.layers):
            block.get_submodule(arch.mlp)
            if _width(block.get_submodule(arch.down)) != d_model:
                raise _unknown(model, f"its {arch.down} is not a linear map to the hidden size {d_model}")
            if isinstance(block.get_submodule(arch.down), Conv1D) != arch.transposed:
                raise _unknown(model, f"its {arch.down} is not stored as the row says")
    except AttributeError as error:
        raise _unknown(model, f"the row of its family does not fit: {error}") from None


@torch.no_grad()
def _tried(model: Any, arch: Architecture) -> Architecture:
    """Run the model to see whether the MLP's output reaches the residual stream as it is.

    Moving the MLP's output by a vector must move the block's output by the same vector. Where it does
    not (a norm or a multiplier in between), edits belong at the down-projection's own output.
    """
    seen: dict[str, Tensor] = {}
    plain = _forward(model, arch, seen, None)
    before = seen["block"]
    expected = head_logits(model, seen["norm"]).float()
    if not _close(expected, plain):
        raise _unknown(model, "its logits are not its head applied to its last norm (a logit scale?)")
    if seen["down"].shape != before.shape:
        raise _unknown(model, f"its {arch.down} is not given all tokens of a row")
    shift = torch.randn(before.shape[-1], generator=torch.Generator().manual_seed(0)).to(before)
    shift *= before.std() / 4
    _forward(model, arch, seen, shift)
    moved = seen["block"] - before
    if not moved.any():
        raise _unknown(model, f"the output of its {arch.mlp} does not reach the output of its block")
    return replace(arch, sandwich=bool((moved - shift).norm() > 0.05 * shift.expand_as(moved).norm()))


def _forward(model: Any, arch: Architecture, seen: dict[str, Tensor], shift: Tensor | None) -> Tensor:
    """Logits of two tokens; records outputs of the first block and of the last norm in ``seen``.

    Args:
        model: The model.
        arch: Where its parts are.
        seen: Filled with ``block``, ``down`` and ``norm``, each ``(1, 2, d_model)``.
        shift: Added to the first block's MLP output, ``(d_model,)``.
    """

    def record(key: str) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            seen[key] = (output[0] if isinstance(output, tuple) else output).detach().clone()

        return hook

    def add(_module: nn.Module, _args: Any, output: Any) -> Any:
        if shift is None:
            return output
        return (output[0] + shift, *output[1:]) if isinstance(output, tuple) else output + shift

    block = model.get_submodule(arch.layers)[0]
    handles = [
        block.register_forward_hook(record("block")),
        block.get_submodule(arch.down).register_forward_hook(record("down")),
        model.get_submodule(arch.norm).register_forward_hook(record("norm")),
        block.get_submodule(arch.mlp).register_forward_hook(add),
    ]
    try:
        ids = torch.tensor([[0, 1]], device=model.get_input_embeddings().weight.device)
        logits: Tensor = model(input_ids=ids, use_cache=False).logits
        return logits.float()
    finally:
        for handle in handles:
            handle.remove()


def _unknown(model: Any, why: str) -> ModelError:
    kind = model.config.model_type
    return ModelError(
        f"model type {kind!r} is not understood: {why}; take --method none or stableke, or "
        f"add a row {kind!r} to ARCHITECTURES in mlake/models/architectures.py"
    )

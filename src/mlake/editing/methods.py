"""EDITORS: a method is a row. What depends on the model is filled in when the method meets it."""

from typing import Any

from mlake.editing.finetune import StableKE
from mlake.editing.locate.method import LocateThenEdit
from mlake.editing.mend import Mend
from mlake.editing.method import Method
from mlake.editing.settings import overridden
from mlake.errors import UnknownNameError
from mlake.models.lm import LM

__all__ = ["EDITORS", "editor"]

_STABLEKE = "https://arxiv.org/abs/2402.13048"

_ROWS: tuple[Method, ...] = (
    # Meng et al. 2022, with the settings the MLaKE paper used: no second moment.
    LocateThenEdit(
        "rome",
        title="ROME",
        paper="https://arxiv.org/abs/2202.05262",
        metric="identity",
        site="down",
        sequential=True,
        met_at_plain=True,
    ),
    # Gupta et al. 2024 (Rebuilding ROME): the mean key throughout.
    LocateThenEdit(
        "r-rome",
        title="R-ROME",
        paper="https://arxiv.org/abs/2403.07175",
        metric="identity",
        site="down",
        sequential=True,
    ),
    # Gupta et al. 2024 (A unified framework for model editing): ROME's objective for a batch.
    LocateThenEdit(
        "emmet",
        title="EMMET",
        paper="https://arxiv.org/abs/2403.14236",
        metric="moment",
        key_mean="halves",
    ),
    # Meng et al. 2023.
    LocateThenEdit(
        "memit",
        title="MEMIT",
        paper="https://arxiv.org/abs/2210.07229",
        metric="moment",
        ridge=15_000.0,
        key_mean="halves",
    ),
    # Fang et al. 2025.
    LocateThenEdit(
        "alphaedit",
        title="AlphaEdit",
        paper="https://arxiv.org/abs/2410.02355",
        metric="null_space",
        ridge=10.0,
        key_mean="halves",
    ),
    # Mitchell et al. 2022: a network trained beforehand turns the gradient into the edit.
    Mend(title="MEND", paper="https://arxiv.org/abs/2110.11309"),
    # Wei et al. 2024: fine-tuning on each fact in other words and in context.
    StableKE("stableke", title="StableKE", paper=_STABLEKE),
    StableKE("stableke-lora", title="StableKE (LoRA)", paper=_STABLEKE, rank=16, rate=3e-4),
)
EDITORS: dict[str, Method] = {row.name: row for row in _ROWS}
"""Name to method; another method is one more entry."""


def editor(name: str, lm: LM | None = None, /, **settings: Any) -> Method:
    """An editing method, ready for a model.

    Args:
        name: A row of ``EDITORS``.
        lm: The model, whose family fills in what is not set; without it only the name and the settings
            are checked.
        **settings: Overrides by field name, of the row or of its inner settings (``ValueSettings``).

    Raises:
        UnknownNameError: No such method or setting.
        EditError: A value of the wrong type, or a number that is too small; or the method cannot edit
            this model.

    Example:
        >>> lm = mlake.load_model("demo")
        >>> fact = mlake.load("mini").facts[0].stated("en")
        >>> edit = mlake.editor("memit", lm, steps=2).edit(lm, [fact])
        >>> with edit.applied(lm) as edited:
        ...     answers = mlake.ask(edited, [fact.question])
        >>> edit.save("edit.safetensors")
    """
    if name not in EDITORS:
        raise UnknownNameError("method", name, EDITORS)
    row = EDITORS[name]
    if lm is None:
        return overridden(row, settings)
    return overridden(row, {**row.suggested(lm), **settings}).fitted(lm)

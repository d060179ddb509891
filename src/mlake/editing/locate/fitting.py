"""What the model's family asks of a locate-then-edit method, and where that was published."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mlake.editing.locate.published import PUBLISHED, Published
from mlake.editing.locate.settings import LocateSettings
from mlake.models.lm import LM

__all__ = ["Suggested", "scaled", "suggested"]

_SANDWICH = {"site": "down", "rate_unit": "rms", "clamp": 3.0, "contexts": 1}
_SANDWICH_RIDGE = 1 / 5
_SANDWICH_PRESERVE = 0.3
"""Chosen on Gemma-3-270M, on facts that no report uses; ``docs/methods.md`` says what was measured."""


class Suggested(NamedTuple):
    """Settings for a model, by name, and one line on where they are from."""

    settings: dict[str, Any]
    source: str


def suggested(lm: LM, method: LocateSettings, like: str = "") -> Suggested:
    """Settings that the model's family asks for.

    Args:
        lm: The model.
        method: The method's row; layers that it names itself stay.
        like: Preset whose own published settings count first.
    """
    name, family, depth = method.name, lm.arch.family, len(lm.layers)
    known = any(name in row.methods for row in PUBLISHED)
    single = method.sequential or lm.arch.sandwich
    row = _row("rome" if single else "memit", family, depth, "")
    if known and not lm.arch.sandwich:
        row = _row(name, family, depth, like)
    found: dict[str, Any] = {} if method.layers else {"layers": scaled(row, depth)}
    if lm.arch.sandwich:
        if like:
            theirs = _row(name, family, depth, like)
            found |= {**theirs.settings, "site": "down"}
            where = "at the down-projection of one layer"
            return Suggested(found, f"not published for {family}: {theirs.source}, {where}")
        found |= _SANDWICH if method.site == "block" else _SANDWICH | {"site": method.site}
        if method.metric == "moment" and method.ridge:
            found |= {"ridge": method.ridge * _SANDWICH_RIDGE, "preserve": _SANDWICH_PRESERVE}
        return Suggested(found, f"not published for {family}: chosen by mlake on Gemma-3-270M")
    if not known:
        return Suggested(found, f"layers as {row.source}")
    found |= row.settings
    if row.family != family:
        return Suggested(found, f"not published for {family}: chosen by mlake, as {row.source}")
    fits = "" if row.depth == depth else f", layers scaled from {row.depth} blocks to {depth}"
    return Suggested(found, row.source + fits)


def scaled(row: Published, depth: int) -> tuple[int, ...]:
    """A row's layers for a model of some number of blocks."""
    first = min(round(row.layers[0] * depth / row.depth), depth - 1)
    return tuple(range(first, min(first + len(row.layers), depth)))


def _row(method: str, family: str, depth: int, like: str) -> Published:
    """The row that fits best: of the family, else of Llama; of the preset; of this depth; the first."""
    rows: Sequence[Published] = [row for row in PUBLISHED if method in row.methods and row.like in ("", like)]
    own = [row for row in rows if row.family == family] or [row for row in rows if row.family == "Llama"]
    return min(own, key=lambda row: (row.like != like, row.depth != depth))

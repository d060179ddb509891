"""Reading an edit from its file: every kind of edit by the format that names it."""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from mlake.disk import json_of
from mlake.editing.edits.added import NeuronEdit
from mlake.editing.edits.columns import ColumnEdit
from mlake.editing.edits.context import ContextEdit
from mlake.editing.edits.edit import Edit
from mlake.editing.edits.memoir import MemoirEdit
from mlake.editing.edits.memory import MemoryEdit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.edits.reft import ReftEdit
from mlake.editing.edits.scoped import ScopedEdit
from mlake.editing.edits.side import SideEdit
from mlake.editing.edits.weights import WeightEdit
from mlake.errors import EditError

__all__ = ["EDITS", "load_edit"]

_KINDS: tuple[type[Edit], ...] = (
    WeightEdit, ParameterEdit, ContextEdit, MemoryEdit, ScopedEdit, SideEdit, ReftEdit, NeuronEdit,
    MemoirEdit, ColumnEdit,
)  # fmt: skip
EDITS: dict[str, type[Edit]] = {kind.format: kind for kind in _KINDS}
"""Format to kind of edit; another kind is one more entry."""


def load_edit(path: str | Path) -> Edit:
    """Read an edit that ``Edit.save`` wrote.

    Raises:
        EditError: The file is missing, damaged or not an edit.
    """
    try:
        with safe_open(path, "pt") as file:
            meta = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError) as error:
        raise EditError(f"cannot read the edit {path}: {error}; make it again with mlake edit") from error
    try:
        head = json_of(meta.get("mlake", "{}"))
    except ValueError:
        head = {}
    if not isinstance(head, dict) or not isinstance(head.get("format"), str) or head["format"] not in EDITS:
        raise EditError(f"{path} is no edit of format {', '.join(EDITS)}; make it again with mlake edit")
    try:
        return EDITS[head["format"]].of(tensors, _report(head["report"]))
    except (LookupError, OverflowError, RuntimeError, TypeError, ValueError):
        # A RuntimeError is one number asked of several, an OverflowError an infinite whole number.
        raise EditError(f"the edit {path} is damaged; make it again with mlake edit") from None


def _report(report: Any) -> dict[str, Any]:
    """What a method had to say; of edits that were joined, what each had.

    Raises:
        ValueError: It is something else.
    """
    reports = [report, *report.get("edits", [])] if isinstance(report, dict) else [None]
    if not all(isinstance(one, dict) for one in reports):
        raise ValueError("a report that is no object")
    return dict(report)

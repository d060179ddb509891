"""Reading an edit from its file."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from mlake.editing.edits.parameters import PARAMETERS_FORMAT, ParameterEdit, parameters_read
from mlake.editing.edits.weights import WEIGHTS_FORMAT, WeightEdit
from mlake.editing.factors import Factors
from mlake.errors import EditError

__all__ = ["load_edit"]


def load_edit(path: str | Path) -> WeightEdit | ParameterEdit:
    """Read an edit that ``WeightEdit.save`` or ``ParameterEdit.save`` wrote.

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
        head = json.loads(meta.get("mlake", "{}"))
    except ValueError:
        head = {}
    if not isinstance(head, dict) or head.get("format") not in (WEIGHTS_FORMAT, PARAMETERS_FORMAT):
        raise EditError(f"{path} is not an edit of format {WEIGHTS_FORMAT}; make it again with mlake edit")
    try:
        if head["format"] == PARAMETERS_FORMAT:
            return parameters_read(tensors, head["report"])
        layers = sorted({int(name.split(".")[0]) for name in tensors})
        return WeightEdit(
            {layer: Factors(tensors[f"{layer}.left"], tensors[f"{layer}.right"]) for layer in layers},
            {layer: tensors[f"{layer}.keys"] for layer in layers if f"{layer}.keys" in tensors},
            head["report"],
        )
    except (KeyError, ValueError):
        raise EditError(f"the edit {path} is damaged; make it again with mlake edit") from None

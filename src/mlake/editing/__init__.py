"""Editing methods and edits."""

from mlake.editing.edits import WeightEdit, load_edit
from mlake.editing.locate import LocateThenEdit
from mlake.editing.methods import EDITORS, editor

__all__ = ["EDITORS", "LocateThenEdit", "WeightEdit", "editor", "load_edit"]

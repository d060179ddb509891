"""Editing methods and edits."""

from mlake.editing.edits.files import load_edit
from mlake.editing.edits.weights import WeightEdit
from mlake.editing.locate.method import LocateThenEdit
from mlake.editing.methods import EDITORS, editor

__all__ = ["EDITORS", "LocateThenEdit", "WeightEdit", "editor", "load_edit"]

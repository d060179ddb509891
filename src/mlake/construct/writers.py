"""WRITERS: who writes the questions and sentences of a build is a row."""

from collections.abc import Callable
from typing import Protocol

from mlake.construct.context import Context
from mlake.construct.names import true_objects
from mlake.construct.stage import Made, Rows
from mlake.construct.texts import text_rows
from mlake.errors import UnknownNameError

__all__ = ["WRITERS", "Templates", "TextWriter", "writer_named"]


class TextWriter(Protocol):
    """Writes the texts of facts."""

    def write(self, context: Context, rows: Rows) -> Made:
        """A line per fact and language, of the rows of the stages ``edits`` and ``names``."""


class Templates:
    """Fills the templates of the wording files."""

    def write(self, context: Context, rows: Rows) -> Made:
        """A line per fact and language."""
        truth = true_objects(context.source)
        return text_rows(context.wordings, rows["edits"], rows["names"], truth, context.settings.seed)


WRITERS: dict[str, Callable[[], TextWriter]] = {"templates": Templates}
"""Name of a writer to what writes."""


def writer_named(name: str) -> TextWriter:
    """What writes the texts.

    Raises:
        UnknownNameError: There is no such row.
    """
    if name not in WRITERS:
        raise UnknownNameError("writer", name, WRITERS)
    return WRITERS[name]()

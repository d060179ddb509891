"""WRITERS: who writes the questions and sentences of a build is a row."""

from collections.abc import Callable
from typing import Protocol

from mlake.chat_server import OPENAI
from mlake.construct.context import Context
from mlake.construct.llm.model import LOCAL
from mlake.construct.llm.texts import model_texts
from mlake.construct.names import true_objects
from mlake.construct.stage import Made, Rows
from mlake.construct.texts import text_rows, text_writers
from mlake.errors import DataError, UnknownNameError

__all__ = ["WRITERS", "ModelTexts", "Templates", "TextWriter", "writer_named"]


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


class ModelTexts:
    """Has a model write, and keeps the templates' texts where it cannot."""

    def write(self, context: Context, rows: Rows) -> Made:
        """A line per fact and language."""
        if context.model is None:
            raise DataError("the writer is a model and none is named: write openai:URL#NAME or local:NAME")
        made = Templates().write(context, rows)
        truth = true_objects(context.source)
        writers = text_writers(context.wordings, rows["names"], truth, context.settings.seed)
        return model_texts(context.model, writers, rows["edits"], made)


WRITERS: dict[str, Callable[[], TextWriter]] = {
    "templates": Templates,
    OPENAI: ModelTexts,
    LOCAL: ModelTexts,
}
"""Name of a writer to what writes; where it ends with a colon, the name of a model follows."""


def writer_named(name: str) -> TextWriter:
    """What writes the texts.

    Raises:
        UnknownNameError: There is no such row.
    """
    kind, colon, _ = name.partition(":")
    if kind + colon not in WRITERS:
        raise UnknownNameError("writer", name, WRITERS)
    return WRITERS[kind + colon]()

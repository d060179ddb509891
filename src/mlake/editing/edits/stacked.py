"""Several edits in force at once, each on top of those before it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.files import load_edit
from mlake.errors import EditError
from mlake.models.lm import LM

__all__ = ["all_applied", "load_edits"]

_FILE = "edit.safetensors"


def load_edits(places: Sequence[str | Path]) -> list[Edit]:
    """Read edits that are to be in force together, in this order.

    Args:
        places: Files, or folders that ``mlake edit`` wrote.

    Raises:
        EditError: One cannot be read, or would undo those before it.
    """
    paths = [Path(place) / _FILE if Path(place).is_dir() else Path(place) for place in places]
    edits = [load_edit(path) for path in paths]
    for path, edit in list(zip(paths, edits, strict=True))[1:]:
        if edit.replaces:
            raise EditError(
                f"{path} sets whole weights and would undo the edits before it; expected it first: name it "
                "first, or alone"
            )
    return edits


@contextmanager
def all_applied(lm: LM, edits: Sequence[Edit]) -> Iterator[LM]:
    """The model to ask while all of these edits are in force; ``lm`` is restored bit for bit afterwards.

    Args:
        lm: The unedited model.
        edits: The edits, the first one first; none gives the model as it is.

    Raises:
        EditError: An edit does not fit the model.
    """
    with ExitStack() as in_force:
        for edit in edits:
            lm = in_force.enter_context(edit.applied(lm))
        yield lm

"""The edits of a run in forms that other software serves: an adapter or a checkpoint for each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mlake.editing import load_edit
from mlake.editing.edits.edit import Edit
from mlake.editing.edits.export import save_adapter, save_merged
from mlake.editing.method import Method
from mlake.errors import EditError, RunError, UnknownNameError
from mlake.evaluation.plan import Plan
from mlake.evaluation.units import Step
from mlake.folders import os_errors
from mlake.models.lm import LM

__all__ = ["FORMS", "check_form", "form_bytes", "keep_forms"]

_WIDE = 4  # bytes of a number in the factors of an edit, at least


@dataclass(frozen=True, slots=True)
class _Form:
    """A form.

    Attributes:
        folder: Its folder in that of the run.
        write: Writes an edit into a folder: the edit, the unedited model, and the model with it in force.
    """

    folder: str
    write: Callable[[Edit, LM, LM, Path], object]


FORMS = {
    "peft": _Form("adapters", lambda edit, lm, edited, folder: save_adapter(edit, lm, folder)),
    "merged": _Form("models", lambda edit, lm, edited, folder: save_merged(edited, folder)),
}
"""Name to form."""


def check_form(form: str, method: Method | None, sequence: str | None) -> None:
    """Refuse a form that the edits of a run do not have.

    Args:
        form: A row of ``FORMS``.
        method: The method; None where nothing is edited.
        sequence: The sequence of the run, if any.

    Raises:
        UnknownNameError: No form has this name.
        EditError: Nothing is edited, or the edits are no such changes of weights.
    """
    if form not in FORMS:
        raise UnknownNameError("form of kept edits", form, FORMS)
    if method is None:
        raise EditError(f"--keep {form} keeps edits, and --method none makes none; choose a method")
    if not method.mergeable:
        raise EditError(
            f"--keep {form} writes edited weights, and an edit by {method.name} stands beside them; choose "
            "another method"
        )
    if form == "peft" and not method.stackable:
        raise EditError(
            f"--keep peft writes edits of down-projections, not those of {method.name}; take --keep merged"
        )
    if form == "peft" and sequence is not None:
        raise EditError(
            "--keep peft writes each edit alone, and those of a --sequence come on top of others; take "
            "--keep merged"
        )


def form_bytes(form: str, plan: Plan, lm: LM, method: Method) -> int | None:
    """Bytes on disk that the edits of a run take in a form, at most about.

    Args:
        form: A row of ``FORMS``.
        plan: The run.
        lm: The model.
        method: The method, fitted to the model.

    Returns:
        Bytes of all edits; None where nothing tells it before they are made.
    """
    if form == "merged":
        weights: int = sum(one.numel() * one.element_size() for one in lm.model.parameters())
        return len(plan.steps) * weights
    numbers = [method.adapter_numbers(lm, len(step.statements)) for step in plan.steps]
    known = [one for one in numbers if one is not None]
    width = max(_WIDE, lm.dtype.itemsize)
    return width * sum(known) if len(known) == len(numbers) else None


def keep_forms(form: str, plan: Plan, folder: Path, lm: LM) -> Iterator[Path]:
    """Write every stored edit of a finished run in a form, unless it is there; gives each folder.

    Args:
        form: A row of ``FORMS``.
        plan: The run.
        folder: The run's folder.
        lm: The unedited model.

    Raises:
        EditError: An edit has no such form, or cannot be written.
        RunError: An edit is not stored any more.
    """
    row = FORMS[form]
    for chain in plan.chains:
        places = [folder / row.folder / step.name for step in chain]
        if not all(place.exists() for place in places):
            _keep_chain(row, chain, places, folder, lm)
        yield from places


def _keep_chain(row: _Form, chain: Sequence[Step], places: Sequence[Path], run: Path, lm: LM) -> None:
    with ExitStack() as in_force:
        edited = lm
        for step, place in zip(chain, places, strict=True):
            edit = _stored(run / "edits" / f"{step.name}.safetensors")
            edited = in_force.enter_context(edit.applied(edited))
            if not place.exists():
                _written(row, edit, lm, edited, place)


def _written(row: _Form, edit: Edit, lm: LM, edited: LM, place: Path) -> None:
    """Write one edit; its folder appears whole or not at all."""
    with os_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=place.parent, prefix=".part-") as part:
            row.write(edit, lm, edited, Path(part) / place.name)
            (Path(part) / place.name).replace(place)


def _stored(path: Path) -> Edit:
    if not path.exists():
        raise RunError(
            f"{path} is not stored, since a finished run drops edits that are large; give --keep from the "
            "start, with another --out"
        )
    return load_edit(path)

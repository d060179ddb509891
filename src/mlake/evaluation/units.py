"""What is stored on its own: a unit of questions, and an edit with the units that are asked under it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mlake.records import Kind, Probe, Statement

__all__ = ["UNEDITED", "Place", "Question", "Step", "Unit", "needed", "place_of"]

UNEDITED = "unedited"


class Question(NamedTuple):
    """A probe, and what it tests at this place of the run."""

    kind: Kind
    probe: Probe


class Place(NamedTuple):
    """Where in a run a unit stands; its name says the same.

    Attributes:
        edit_lang: Language, or set of languages, of the last edit in force; None for the unedited model.
        batch: Index of the batch whose questions they are.
        lang: Language of the questions.
        step: Of a sequence, how many edits of its chain came before the last one in force; else None.
    """

    edit_lang: str | None
    batch: int
    lang: str
    step: int | None = None


def place_of(name: str) -> Place:
    """The place of the unit of this name."""
    edit_lang, *step, last = name.split("/")
    batch, lang = last.split("-", 1)
    return Place(
        None if edit_lang == UNEDITED else edit_lang, int(batch), lang, int(step[0]) if step else None
    )


@dataclass(frozen=True, slots=True)
class Unit:
    """The questions that are asked and stored together.

    Attributes:
        place: Where in the run they stand.
        questions: The questions; empty where the unedited model has answered all of them before.
    """

    place: Place
    questions: tuple[Question, ...]

    @property
    def name(self) -> str:
        """Its file below ``answers/``, without the ending."""
        edit_lang, batch, lang, step = self.place
        under = "" if step is None else f"{step:03d}/"
        return f"{edit_lang or UNEDITED}/{under}{batch:03d}-{lang}"


@dataclass(frozen=True, slots=True)
class Step:
    """One edit and the units that are asked while it is in force.

    Attributes:
        lang: Language of the edit, or set of languages such as ``en+de``.
        batch: Index of the batch that is edited.
        statements: Its facts, each in all languages of the edit that it can be edited in.
        units: What is asked.
    """

    lang: str
    batch: int
    statements: tuple[Statement, ...]
    units: tuple[Unit, ...]

    @property
    def name(self) -> str:
        """Its file below ``edits/``, without the ending."""
        return f"{self.lang}/{self.batch:03d}"


def needed(chain: Sequence[Step], unfinished: Callable[[Step], bool]) -> Sequence[Step]:
    """The steps of a chain that must be in force to finish it: those up to the last unfinished one."""
    last = max((at for at, step in enumerate(chain) if unfinished(step)), default=-1)
    return chain[: last + 1]

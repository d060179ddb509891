"""What is timed, and how much of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.facts import twenty_contexts
from benchmarks.machine import Floor
from mlake.editing import editor
from mlake.editing.locate.method import LocateThenEdit
from mlake.editing.prompts import ValueTask, prompted
from mlake.models.lm import LM
from mlake.records import Statement


@dataclass(frozen=True)
class Case:
    """A model, and how much of everything is timed.

    Attributes:
        lm: The model.
        floor: What the machine could do at best.
        random: Whether its weights are random. Then every step of an edit is taken, and ROME has as many
            context prefixes as its authors use.
        facts: Facts that are edited together.
        few: Facts that the reference is timed on.
        steps: Steps of a value.
        reference_steps: Steps that the reference is timed on; the others are extrapolated.
        questions: Questions that are asked at a time.
        chains: Sequences of edits that advance together.
        edits: Facts of a sequence.
    """

    lm: LM
    floor: Floor
    random: bool
    facts: int
    few: int
    steps: int
    reference_steps: int
    questions: int
    chains: int
    edits: int

    def editor(self, name: str) -> LocateThenEdit:
        """The method as it suits the model."""
        settings: dict[str, Any] = {"steps": self.steps}
        if self.random:
            settings |= {"stop": 0.0}
        if self.random and name == "rome":
            settings |= {"contexts": twenty_contexts(self.lm)}
        method = editor(name, self.lm, **settings)
        assert isinstance(method, LocateThenEdit)
        return method

    def tasks(self, method: LocateThenEdit, facts: Sequence[Statement]) -> list[ValueTask]:
        """The value tasks of facts."""
        settings: dict[str, Any] = {"kind": method.prompt, "key": method.key, "contexts": method.contexts}
        return [prompted(self.lm, one, **settings).task for one in facts]

"""KN: knowledge neurons (Dai et al. 2022) turned from the old answer to the new one, or erased."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor

from mlake.editing.edits.columns import ColumnEdit
from mlake.editing.edits.edit import Edit
from mlake.editing.gradient.attribution import attributed
from mlake.editing.locate.rows import wide
from mlake.editing.method import Method, Progress, Range
from mlake.editing.prompts import Prompted, need_facts, prompted, refusal
from mlake.errors import EditError
from mlake.models.lm import LM
from mlake.records import Statement

__all__ = ["Found", "KnowledgeNeurons", "chosen"]

_STEP = 0.05
_MOVES = 5
_FEWEST, _MOST = 2, 5
"""How the share of prompts is moved until a fact has few neurons: the numbers of the authors' code."""


@dataclass(frozen=True, slots=True)
class KnowledgeNeurons(Method):
    """Knowledge neurons, found by integrated gradients of the old answer.

    Attributes:
        points: Steps of the integral.
        threshold: A neuron counts behind a prompt if its attribution is at least this share of the largest.
        share: A neuron is a fact's if it counts behind this share of its prompts; moved by 0.05 up to five
            times, until 2 to 5 are.
        contexts: How many neutral prefixes of the language give prompts besides the plain one.
        write: ``update``: the old answer is taken from what its neurons write, the new one added; ``erase``:
            they write nothing.
        old: How much of the old answer is taken off, in lengths of what a neuron writes (``update`` only).
        new: How much of the new answer is added, in the same unit.
    """

    family: ClassVar[str] = "gradient"
    weighs: ClassVar[str] = "a column for each neuron"

    points: int = 20
    threshold: float = 0.2
    share: float = 0.7
    contexts: int = 5
    write: Literal["update", "erase"] = "update"
    old: float = 1.0
    new: float = 8.0

    @property
    def stackable(self) -> bool:
        """Columns are low-rank changes of down-projections."""
        return True

    def suggested(self, lm: LM, /) -> Mapping[str, Any]:
        """One point where a norm undoes the length that the path changes: all points say the same there."""
        return {"points": 1} if lm.arch.sandwich else {}

    def fitted(self, lm: LM, /) -> Self:
        """The method itself.

        Raises:
            ModelError: It is not known where the model keeps its neurons.
        """
        lm.matrix(0)
        return self

    def refusal(self, lm: LM, statement: Statement, /) -> str | None:
        """Why its answers cannot be found behind its prompt."""
        if not statement.old.strip():
            return (
                f"fact {statement.fact!r} has no old answer in {statement.lang!r}, whose neurons {self.name} "
                "looks for; add old_answer"
            )
        both = (statement, _before(statement))
        said = (refusal(lm, one, "question", "prompt", self.contexts) for one in both)
        return next((one for one in said if one), None)

    def search(self) -> Mapping[str, Range]:
        """How many neurons, and how hard they are turned."""
        return {"new": Range(1, 32, "log", 6), "threshold": Range(0.05, 0.4, "log", 4)}

    def passes(self) -> float:
        """A step of the integral in each block runs the last token through the blocks above it."""
        return float(self.points)

    def prompts(self) -> int:
        """The plain prompt and one behind each prefix."""
        return 1 + self.contexts

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> ColumnEdit:
        """Compute an edit of the neurons that give the old answers. The model is left as it was.

        Args:
            lm: The model, edited before or not.
            statements: The facts, each in the language it is edited in.
            text: Not used.
            history: Not used: earlier edits are seen in ``lm``.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: No facts, or one without an old answer.
            SubjectError: A fact has no new answer.
        """
        need_facts(statements)
        for one in statements:
            if not one.old.strip():
                raise EditError(str(self.refusal(lm, one)))
        told, changes = list[dict[str, Any]](), dict[tuple[int, int], Tensor]()
        for one in statements:
            before, after = (self._prompted(lm, stated) for stated in (_before(one), one))
            scores, probability = attributed(lm, before.task.prompts, self.points)
            found = chosen(scores, self.threshold, self.share)
            for place in found.neurons:
                change = self._change(lm, place, _first(before), _first(after))
                adds = self.write == "update" and place in changes  # what is erased is so once
                changes[place] = changes[place] + change if adds else change
            told.append(_told(one, found, float(probability[0])))
            progress(1)
        report = {
            "method": self.config(),
            "model": lm.name,
            "model_revision": lm.revision,
            "facts": told,
        }
        return _edit(lm, changes, report)

    def _prompted(self, lm: LM, statement: Statement) -> Prompted:
        return prompted(lm, statement, kind="question", key="prompt", contexts=self.contexts)

    def _change(self, lm: LM, place: tuple[int, int], old: int, new: int) -> Tensor:
        """What is added to a neuron's column, ``(d_out,)``, when a token takes the place of another."""
        layer, neuron = place
        column = wide(lm.matrix(layer)[:, neuron].detach())
        if self.write == "erase":
            return -column
        table = lm.model.get_input_embeddings().weight
        turned = [wide(table[token].detach().to(column.device)) for token in (old, new)]
        unit = [column.norm() * one / one.norm() for one in turned]
        change: Tensor = self.new * unit[1] - self.old * unit[0]
        return change


@dataclass(frozen=True, slots=True)
class Found:
    """The neurons of a fact.

    Attributes:
        neurons: Layer and number of each, in order.
        share: Share of the prompts behind which each counts.
    """

    neurons: tuple[tuple[int, int], ...]
    share: float


def chosen(scores: Tensor, threshold: float, share: float) -> Found:
    """The neurons that count behind enough of a fact's prompts.

    Args:
        scores: Attributions, ``(prompts, layers, d_ff)``.
        threshold: Of a prompt's largest attribution, from which a neuron counts there.
        share: Of the prompts behind which a neuron must count, moved until 2 to 5 neurons are left.
    """
    most = scores.amax(dim=(1, 2), keepdim=True)
    counts = ((scores >= threshold * most) & (most > 0)).sum(0)  # (layers, d_ff)
    for move in range(_MOVES + 1):
        # At least one prompt, and never more than there are; in thousandths, as 0.7 + 0.05 is rounded.
        needed = min(max(round(share * len(scores), 3), 1), len(scores))
        places = (counts >= needed).nonzero()
        if move == _MOVES or _FEWEST <= len(places) <= _MOST:
            break
        share += -_STEP if len(places) < _FEWEST else _STEP
    return Found(tuple((int(layer), int(neuron)) for layer, neuron in places), round(share, 3))


def _before(statement: Statement) -> Statement:
    """The statement as it was before the edit."""
    return replace(statement, new=statement.old, new_sentence=statement.old_sentence)


def _first(one: Prompted) -> int:
    """First token of the answer."""
    return one.plain.ids[len(one.plain.ids) - one.plain.target]


def _told(statement: Statement, found: Found, probability: float) -> dict[str, Any]:
    return {
        "fact": statement.fact,
        "lang": statement.lang,
        "notes": [] if found.neurons else ["no neuron counts behind enough of its prompts: not edited"],
        "neurons": [list(place) for place in found.neurons],
        "share": found.share,
        "old_probability": round(probability, 6),
    }


def _edit(lm: LM, changes: Mapping[tuple[int, int], Tensor], report: Mapping[str, Any]) -> ColumnEdit:
    """The changes by layer, as they are stored: float32, or float64 for a float64 model."""
    kind = torch.float64 if lm.dtype == torch.float64 else torch.float32
    index, columns = dict[int, Tensor](), dict[int, Tensor]()
    for layer in sorted({layer for layer, _ in changes}):
        neurons = sorted(neuron for at, neuron in changes if at == layer)
        index[layer] = torch.tensor(neurons)
        columns[layer] = torch.stack([changes[layer, one].to("cpu", kind) for one in neurons], dim=1)
    return ColumnEdit(index, columns, lm.matrix(0).shape[1], report)

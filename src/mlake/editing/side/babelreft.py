"""BabelReFT: subspaces of every block, changed where a name of the subject ends, in any language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.reft import ReftEdit, Subspaces, met, reading
from mlake.editing.finetune.examples import Example, losses
from mlake.editing.method import Method, Progress, Range
from mlake.editing.prompts import refusal
from mlake.editing.side.descent import descend
from mlake.editing.side.method import encoded, told
from mlake.errors import SubjectError
from mlake.models.lm import LM
from mlake.models.spans import Encoded
from mlake.records import Statement

__all__ = ["BabelReft"]

_TOGETHER = 8  # facts whose passes are held at once


@dataclass(frozen=True, slots=True)
class BabelReft(Method):
    """The subspaces of BabelEdits (2025), with a subspace of its own for each subject.

    Attributes:
        rank: Dimensions of a subspace.
        steps: Most steps.
        rate: Adam's rate.
        stop: A subject whose facts' losses are below this is left alone.
        seed: Seed of the subspaces at the start.
    """

    family: ClassVar[str] = "side memory"
    mergeable: ClassVar[bool] = False
    weighs: ClassVar[str] = "a subspace of every block for each subject"

    rank: int = 4
    steps: int = 100
    rate: float = 5e-4
    stop: float = 0.01
    seed: int = 0

    def needs_subject(self) -> bool:
        """Always: its names are what the memory looks for."""
        return True

    def fitted(self, lm: LM, /) -> Self:
        """The method itself.

        Raises:
            ModelError: It is not known where the model keeps its blocks.
        """
        lm.mlp(0)
        return self

    def refusal(self, lm: LM, statement: Statement, /) -> str | None:
        """Why a statement cannot be put into a prompt."""
        return refusal(lm, statement, "question", "subject")

    def search(self) -> Mapping[str, Range]:
        """How fast."""
        return {"rate": Range(self.rate / 5, self.rate * 20, "log")}

    def passes(self) -> float:
        """Each step runs all blocks."""
        return float(self.steps)

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> ReftEdit:
        """A memory of these facts by their subjects' names. Arguments and errors as in ``Method.edit``."""
        prompts = encoded(lm, statements)
        names, owner = _subjects(statements)
        for one, prompt in zip(statements, prompts, strict=True):
            if met(lm, prompt.ids[: len(prompt.ids) - prompt.target], names) is None:
                raise SubjectError(
                    f"subject {one.subject!r} of fact {one.fact!r} does not stand in its question "
                    f"{one.question!r} as a word; write it as it stands there"
                )
        parts, lost = list[Subspaces](), [0.0] * len(statements)
        for start in range(0, len(names), _TOGETHER):
            own = names[start : start + _TOGETHER]
            facts = [i for i, subject in enumerate(owner) if start <= subject < start + len(own)]
            found, these = self._trained(
                lm, own, [prompts[i] for i in facts], [owner[i] - start for i in facts]
            )
            parts.append(found)
            for i, loss in zip(facts, these, strict=True):
                lost[i] = loss
            progress(len(facts))
        every = Subspaces(*(torch.cat(some, dim=1).cpu() for some in zip(*parts, strict=True)))
        return ReftEdit(tuple(names), every, told(self, lm, statements, lost))

    def _trained(
        self, lm: LM, names: Sequence[Sequence[str]], prompts: Sequence[Encoded], owner: Sequence[int]
    ) -> tuple[Subspaces, list[float]]:
        """Subspaces of a few subjects; each depends on nothing but its own facts, up to rounding."""
        texts = [Example(one.ids, len(one.ids) - one.target, question=True) for one in prompts]
        ends = torch.tensor([one.start - 1 for one in texts])
        weights = [self._start(lm) for _ in names]
        optimiser = torch.optim.Adam([one for own in weights for one in own], self.rate)

        def lost() -> Tensor:
            with reading(lm, names, _joined(weights)), lm.passes.told(ends=ends):
                return losses(lm, texts)

        found = descend(optimiser, weights, owner, lost, steps=self.steps, stop=self.stop)
        return Subspaces(*(one.detach() for one in _joined(weights))), found

    def _start(self, lm: LM) -> list[Tensor]:
        """Free matrix, map and bias of one subject: those that change nothing yet."""
        random = torch.Generator().manual_seed(self.seed)
        wide = torch.promote_types(lm.dtype, torch.float32)
        width = lm.model.config.get_text_config().hidden_size
        free = torch.randn(len(lm.layers), width, self.rank, generator=random, dtype=wide).to(lm.device)
        free = torch.linalg.qr(free).Q
        start = _orthonormal(free)
        bias = free.new_zeros(len(lm.layers), self.rank)
        return [one.clone().requires_grad_() for one in (free, start, bias)]


def _orthonormal(free: Tensor) -> Tensor:
    """Orthonormal rows ``(…, r, d)`` that span the columns of ``(…, d, r)``."""
    rows: Tensor = torch.linalg.qr(free).Q.mT
    return rows


def _joined(weights: Sequence[Sequence[Tensor]]) -> Subspaces:
    free, mapped, bias = (torch.stack(list(some), dim=1) for some in zip(*weights, strict=True))
    return Subspaces(_orthonormal(free), mapped, bias)


def _subjects(statements: Sequence[Statement]) -> tuple[list[tuple[str, ...]], list[int]]:
    """The names of each subject, and the subject of each statement; a name in common makes one subject."""
    names: list[tuple[str, ...]] = []
    owner = []
    for one in statements:
        own = tuple(name for name in (one.subject, *one.names) if name)
        number = next((i for i, other in enumerate(names) if not set(own).isdisjoint(other)), len(names))
        if number == len(names):
            names.append(())
        names[number] = tuple(dict.fromkeys((*names[number], *own)))
        owner.append(number)
    return names, owner

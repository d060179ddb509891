"""Locate-then-edit: one editor whose settings make it ROME, R-ROME, EMMET, MEMIT or AlphaEdit.

The steps are the same for all: find the key of each fact, optimise the value the edited matrix should
emit there, and write it in closed form, layer by layer (``mlake.editing.locate.update`` has the algebra).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.weights import Changes, WeightEdit, editable
from mlake.editing.factors import Factors
from mlake.editing.locate.chains import Chain, advance, in_force
from mlake.editing.locate.fitting import suggested
from mlake.editing.locate.metrics import Metrics
from mlake.editing.locate.settings import LocateSettings
from mlake.editing.locate.update import closed_form
from mlake.editing.locate.value import Values, optimise_values
from mlake.editing.method import Progress
from mlake.editing.prompts import Prompted, prompted, refusal
from mlake.errors import EditError
from mlake.models.deltas import RowDeltas
from mlake.models.keys import keys_at, outputs_at
from mlake.models.lm import LM
from mlake.records import Statement

__all__ = ["LocateThenEdit"]


@dataclass(frozen=True, slots=True)
class LocateThenEdit(LocateSettings):
    """A locate-then-edit method: its settings are those of ``LocateSettings``."""

    stackable: ClassVar[bool] = True

    def suggested(self, lm: LM, /) -> Mapping[str, Any]:
        """What the model's family asks for; layers that a row names itself stay."""
        return suggested(lm, self.sequential, self.layers, self.metric, self.ridge)

    def needs_subject(self) -> bool:
        """Whether the key is the subject's last token."""
        return self.key == "subject"

    def refusal(self, lm: LM, statement: Statement, /) -> str | None:
        """Why its key or target cannot be found in its prompt."""
        return refusal(lm, statement, self.prompt, self.key)

    def passes(self) -> float:
        """Steps of the value."""
        return float(self.value.steps)

    def prompts(self) -> int:
        """The plain prompt and one behind each context prefix."""
        return 1 + (self.contexts if isinstance(self.contexts, int) else len(self.contexts))

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> WeightEdit:
        """Compute an edit that makes the model state these facts. The model is left as it was.

        Args:
            lm: The model.
            statements: The facts, each in the language it is edited in.
            text: Ordinary text for second moments, where ``corpus`` is ``statements``.
            history: Earlier edits, in force on ``lm``; AlphaEdit keeps their keys.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: No facts, a layer that the model lacks, or numbers that are not finite.
            SubjectError: A subject or target that cannot be found in its prompt.
        """
        with editable(lm) as changes:
            chain = self._chain(lm, statements, changes)
            self._advance([chain], Metrics(self, lm, text, history), progress)
        return self._finished(lm, statements, chain)

    def edit_many(
        self,
        lm: LM,
        batches: Sequence[Sequence[Statement]],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> list[WeightEdit]:
        """One edit for each batch, each from the model as it is: what ``edit`` gives, up to rounding.

        The values of all batches are optimised in one call, and each layer is read for all of them at once.
        A method that edits fact after fact takes a fact of every batch at a time.

        Args:
            lm: The model; its weights are as they were afterwards.
            batches: The facts of each edit.
            text: As in ``edit``.
            history: As in ``edit``.
            progress: As in ``edit``.

        Raises:
            EditError: As in ``edit``.
            SubjectError: As in ``edit``.
        """
        chains = [self._chain(lm, batch) for batch in batches]
        self._advance(chains, Metrics(self, lm, text, history), progress)
        return [self._finished(lm, *pair) for pair in zip(batches, chains, strict=True)]

    def _chain(self, lm: LM, statements: Sequence[Statement], weights: Changes | None = None) -> Chain:
        self._check(lm, statements)
        facts = [
            prompted(lm, statement, kind=self.prompt, key=self.key, contexts=self.contexts)
            for statement in statements
        ]
        return Chain([[fact] for fact in facts] if self.sequential else [facts], weights)

    def _advance(self, chains: Sequence[Chain], metrics: Metrics, progress: Progress) -> None:
        advance(chains, lambda live, batches: self._step(live, batches, metrics, progress))

    def _step(
        self,
        chains: Sequence[Chain],
        batches: Sequence[Sequence[Prompted]],
        metrics: Metrics,
        progress: Progress,
    ) -> None:
        """Optimise the values of the facts of a step, then write each batch's layer by layer."""
        lm = metrics.lm
        facts = [fact for batch in batches for fact in batch]
        groups = [at for at, batch in enumerate(batches) for _ in batch]
        values = optimise_values(
            lm,
            [f.task for f in facts],
            layer=self.layers[-1],
            site=self.site,
            settings=self.value,
            deltas=in_force(lm, chains),
            groups=groups,
            progress=progress,
        )
        for index, layer in enumerate(self.layers):
            every = self._due(lm, index, facts, values, in_force(lm, chains), groups)
            due, keys, met = (torch.split(part, list(map(len, batches)), dim=1) for part in every)
            each = metrics.each(layer, chains, batches, keys)
            for at, (chain, metric) in enumerate(zip(chains, each, strict=True)):
                factors = closed_form(due[at], keys[at], metric, self.ridge, met=met[at])
                chain.add(layer, _narrow(lm, factors), keys[at].float())
        for group, losses in zip(groups, values.losses, strict=True):
            chains[group].losses.append(losses)

    def _check(self, lm: LM, statements: Sequence[Statement]) -> None:
        if not statements:
            raise EditError("no facts to edit; expected at least one statement")
        depth = len(lm.layers)
        if not self.layers or not all(0 <= layer < depth for layer in self.layers):
            raise EditError(
                f"layers {list(self.layers)} do not fit a model of {depth} layers; "
                f"expected numbers from 0 to {depth - 1} (--set layers=[…])"
            )
        if list(self.layers) != sorted(set(self.layers)):
            raise EditError(f"layers must ascend without repeats, got {list(self.layers)}")
        if self.preserve and not self.ridge:
            raise EditError("preserve needs a ridge above 0; set both, or preserve=0")
        if self.metric == "null_space" and not self.ridge:
            raise EditError("a null_space metric needs a ridge above 0, got 0; set for example ridge=10")
        if lm.arch.sandwich and self.site == "block":
            raise EditError(
                f"the {lm.arch.family} family normalises the MLP output before the residual stream, so a "
                "value optimised there cannot be written; use --set site='down' and one layer"
            )

    def _due(
        self,
        lm: LM,
        index: int,
        facts: Sequence[Prompted],
        values: Values,
        deltas: RowDeltas,
        groups: Sequence[int],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What a layer has to add, its mean keys, and the keys at which it is met, each ``(d, n)``."""
        mean, plain = self._keys(lm, self.layers[index], facts, deltas, groups)
        now = outputs_at(
            lm, self.layers[-1], [f.plain for f in facts], self.site, deltas=deltas, groups=groups
        )
        share = len(self.layers) - index  # MEMIT, eq. 20: the rest is spread over the layers left
        residual = (values.target.cpu() - now.cpu()).T / share
        return residual, mean, plain if self.met_at_plain else mean

    def _keys(
        self, lm: LM, layer: int, facts: Sequence[Prompted], deltas: RowDeltas, groups: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """Mean keys over the context prefixes and the plain prompts' keys, each ``(d_in, n)``."""
        count = len(facts[0].task.prompts)
        prompts = [p for f in facts for p in f.task.prompts]
        owners = [group for group in groups for _ in range(count)]
        every = keys_at(lm, layer, prompts, deltas=deltas, groups=owners).cpu()
        every = every.view(len(facts), count, -1)  # (n, contexts, d_in)
        plain = every[:, 0].T
        if count == 1:
            return plain, plain
        if self.key_mean == "halves":
            return (every[:, 0] / 2 + every[:, 1:].mean(1) / 2).T, plain
        return every.mean(1).T, plain

    def _finished(self, lm: LM, statements: Sequence[Statement], chain: Chain) -> WeightEdit:
        facts = [fact for step in chain.steps for fact in step]
        report = {
            "method": self.config(),
            "model": lm.name,
            "model_revision": lm.revision,
            "facts": [
                {"fact": s.fact, "lang": s.lang, "notes": list(f.notes), "losses": list(_rounded(steps))}
                for s, f, steps in zip(statements, facts, chain.losses, strict=True)
            ],
        }
        return replace(chain.edit, report=report)


def _rounded(steps: Sequence[Sequence[float]]) -> Iterator[list[float]]:
    for step in steps:
        yield [round(term, 6) for term in step]


def _narrow(lm: LM, factors: Factors) -> Factors:
    """Factors as they are stored: float32, or float64 for a float64 model."""
    wide = lm.dtype == torch.float64
    return factors if wide else Factors(factors.left.float(), factors.right.float())

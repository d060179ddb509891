"""Locate-then-edit: one editor whose settings make it ROME, R-ROME, EMMET, MEMIT or AlphaEdit.

The steps are the same for all: find the key of each fact, optimise the value the edited matrix should
emit there, and write it in closed form, layer by layer (``mlake.editing.update`` has the algebra).
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Literal, Self, TypeVar

import torch
from torch import Tensor

from mlake.editing.chains import Chain, advance
from mlake.editing.edits import Changes, WeightEdit, editable
from mlake.editing.fitting import suggested
from mlake.editing.held import HELD, Moments, solving_device
from mlake.editing.method import Progress
from mlake.editing.prompts import KeyAt, Prompted, PromptKind, prompted
from mlake.editing.update import (
    Factors,
    Identity,
    InverseMoment,
    Keeping,
    Metric,
    NullSpace,
    closed_form,
    filled_up,
    grown,
)
from mlake.editing.value import Site, Values, ValueSettings, optimise_values
from mlake.errors import EditError
from mlake.models.corpora import corpus
from mlake.models.deltas import NO_DELTAS, RowDeltas
from mlake.models.keys import keys_at, outputs_at, prompt_keys
from mlake.models.lm import LM, UNPINNED
from mlake.models.moments import key_moments, measured_moments, stored_moments
from mlake.records import Statement

__all__ = ["LocateThenEdit", "MetricName"]

_M = TypeVar("_M", bound=Metric)
MetricName = Literal["identity", "moment", "null_space"]


@dataclass(frozen=True, slots=True)
class LocateThenEdit:
    """A locate-then-edit method.

    Attributes:
        name: Name of the method.
        metric: M of the update: ``identity``, ``moment`` (inverse second moment) or ``null_space``.
        ridge: λ of the update, on the scale of mean second moments.
        layers: Blocks whose down-projections change, ascending; the value is optimised at the last.
        site: Where the value is optimised: ``down`` or ``block`` (see ``optimise_values``).
        sequential: Facts one after another, each on the model that the ones before left (ROME).
        value: How values are optimised.
        prompt: Edit prompt.
        key: Key token.
        contexts: Context prefixes, or how many of the language's own.
        key_mean: How keys are averaged over prefixes: ``all`` alike, or ``halves``: the plain prompt
            counts as much as all prefixed ones together, as in MEMIT's code.
        met_at_plain: The residual is met at the plain prompt's key instead of the mean, as in ROME's
            code; R-ROME uses the mean throughout.
        null_threshold: Largest eigenvalue of C that counts as free (``null_space`` only).
        preserve: Weight of each other token of the edit prompts, whose key should go on emitting what it
            does; an edited key has weight 1. 0 leaves them out, as the published methods do.
        moments: Model whose second moments are used: ``clean``, the unedited one; or ``edited``, the one
            that the layers before have left, as in the authors' code when statistics are not on disk yet.
        corpus: Text for second moments, see ``mlake.models.corpora``.
        corpus_tokens: Tokens that are read from it.
        seed: Seed of everything random (sampled text).
    """

    name: str
    metric: MetricName = "moment"
    ridge: float = 0.0
    layers: tuple[int, ...] = ()
    site: Site = "block"
    sequential: bool = False
    value: ValueSettings = field(default_factory=ValueSettings)
    prompt: PromptKind = "question"
    key: KeyAt = "subject"
    contexts: int | tuple[str, ...] = 5
    key_mean: Literal["all", "halves"] = "all"
    met_at_plain: bool = False
    null_threshold: float = 2e-2
    preserve: float = 0.0
    moments: Literal["clean", "edited"] = "clean"
    corpus: str = "statements"
    corpus_tokens: int = 50_000
    seed: int = 0
    low_rank: ClassVar[bool] = True

    def suggested(self, lm: LM) -> Mapping[str, Any]:
        """What the model's family asks for; layers that a row names itself stay."""
        return suggested(lm, self.sequential, self.layers, self.metric, self.ridge)

    def fitted(self, lm: LM) -> Self:
        """This row: nothing in it is read from the model before the edit."""
        return self

    def config(self) -> dict[str, Any]:
        """Every setting that can change a number, as JSON values."""
        return asdict(self)

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        *,
        text: Sequence[str] = (),
        history: Sequence[WeightEdit] = (),
        progress: Progress = lambda done: None,
    ) -> WeightEdit:
        """Compute an edit that makes the model state these facts. The model is left as it was.

        Args:
            lm: The model.
            statements: The facts, each in the language it is edited in.
            text: Ordinary text for second moments, where ``corpus`` is ``statements``.
            history: Earlier edits in force on ``lm``; AlphaEdit keeps their keys.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: No facts, a layer that the model lacks, or numbers that are not finite.
            SubjectError: A subject or target that cannot be found in its prompt.
        """
        self._check(lm, statements)
        facts = [self._prompted(lm, statement) for statement in statements]
        steps = [[fact] for fact in facts] if self.sequential else [facts]
        edit = WeightEdit({}, {}, {})
        losses: list[Any] = []
        moments = self._moments(lm, text, unedited=not history)
        with editable(lm) as changes:
            for batch in steps:
                found, values = self._batch(lm, batch, moments, changes, [*history, edit], progress)
                edit = edit.then(found) if edit.factors else found
                losses += values.losses
        return WeightEdit(edit.factors, edit.keys, self._report(lm, statements, facts, losses))

    def edit_many(
        self,
        lm: LM,
        batches: Sequence[Sequence[Statement]],
        *,
        text: Sequence[str] = (),
        progress: Progress = lambda done: None,
    ) -> list[WeightEdit]:
        """One edit for each batch, each from the unedited model: what ``edit`` gives, up to rounding.

        A method that edits fact after fact takes a fact of every batch at a time.

        Args:
            lm: The model; its weights are never touched.
            batches: The facts of each edit.
            text: As in ``edit``.
            progress: As in ``edit``.

        Raises:
            EditError: As in ``edit``.
            SubjectError: As in ``edit``.
        """
        if not self.sequential or self.metric != "identity":
            return [self.edit(lm, batch, text=text, progress=progress) for batch in batches]
        chains = []
        for batch in batches:
            self._check(lm, batch)
            chains.append(Chain([self._prompted(lm, one) for one in batch]))
        advance(chains, lambda facts, deltas: self._one_of_each(lm, facts, deltas), progress)
        return [
            replace(chain.edit, report=self._report(lm, batch, chain.facts, chain.losses))
            for batch, chain in zip(batches, chains, strict=True)
        ]

    def _one_of_each(
        self, lm: LM, facts: Sequence[Prompted], deltas: RowDeltas
    ) -> tuple[list[WeightEdit], Sequence[Any]]:
        """Edit a fact of each chain, under the changes that the chain has made so far."""
        values = optimise_values(
            lm,
            [f.task for f in facts],
            layer=self.layers[-1],
            site=self.site,
            settings=self.value,
            deltas=deltas,
            groups=range(len(facts)),
        )
        edits = [WeightEdit({}, {}, {}) for _ in facts]
        for index, layer in enumerate(self.layers):
            residual, mean, met = self._due(lm, index, facts, values, deltas)
            for at, edit in enumerate(edits):
                one = slice(at, at + 1)
                factors = closed_form(residual[:, one], mean[:, one], Identity(), self.ridge, met=met[:, one])
                found = WeightEdit({layer: _narrow(lm, factors)}, {layer: mean[:, one].float()})
                edits[at] = edit.then(found) if edit.factors else found
            deltas = deltas.then([{layer: edit.factors[layer]} for edit in edits])
        return edits, values.losses

    def _prompted(self, lm: LM, statement: Statement) -> Prompted:
        return prompted(lm, statement, kind=self.prompt, key=self.key, contexts=self.contexts)

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

    def _moments(self, lm: LM, text: Sequence[str], *, unedited: bool) -> Moments:
        """A way to a layer's second moment, ``(d_in, d_in)``."""
        if self.metric == "identity":
            return Moments(dict[int, Tensor]().__getitem__)
        read = corpus(lm, self.corpus, tokens=self.corpus_tokens, seed=self.seed, text=text)
        source: Hashable = lm.revision, str(lm.dtype), read.sha256
        held = not self.preserve and HELD.has(lm.model, [self._key(layer, source) for layer in self.layers])
        if self.moments == "edited" or lm.revision == UNPINNED:
            source = None
            measured: Callable[[int], Tensor] = lambda at: measured_moments(lm, [at], read)[at]  # noqa: E731
        elif held:
            return Moments(dict[int, Tensor]().__getitem__, source)  # none of them will be looked at
        elif unedited:
            measured = key_moments(lm, self.layers, read).__getitem__
        else:
            # What is measured under an edit must not be taken for the unedited model's.
            clean = stored_moments(lm, self.layers, read)
            source = source if clean else None
            measured = (clean or measured_moments(lm, self.layers, read)).__getitem__
        if self.metric == "null_space":
            return Moments(measured, source)
        return Moments(lambda layer: filled_up(measured(layer), read.tokens), source)

    def _batch(
        self,
        lm: LM,
        facts: Sequence[Prompted],
        moments: Moments,
        changes: Changes,
        history: Sequence[WeightEdit],
        progress: Progress,
    ) -> tuple[WeightEdit, Values]:
        """Optimise the values of a batch, then write them layer by layer."""
        values = optimise_values(
            lm,
            [f.task for f in facts],
            layer=self.layers[-1],
            site=self.site,
            settings=self.value,
            progress=progress,
        )
        factors: dict[int, Factors] = {}
        keys: dict[int, Tensor] = {}
        for index, layer in enumerate(self.layers):
            residual, mean, met = self._due(lm, index, facts, values)
            metric = self._metric(lm, layer, facts, moments, history)
            factors[layer] = _narrow(lm, closed_form(residual, mean, metric, self.ridge, met=met))
            keys[layer] = mean.float()
            changes.add(layer, factors[layer])
        return WeightEdit(factors, keys), values

    def _keys(
        self, lm: LM, layer: int, facts: Sequence[Prompted], deltas: RowDeltas = NO_DELTAS
    ) -> tuple[Tensor, Tensor]:
        """Mean keys over the context prefixes and the plain prompts' keys, each ``(d_in, n)``."""
        count = len(facts[0].task.prompts)
        prompts = [p for f in facts for p in f.task.prompts]
        every = keys_at(lm, layer, prompts, deltas=deltas, groups=_each(facts, count)).cpu()
        every = every.view(len(facts), count, -1)  # (n, contexts, d_in)
        plain = every[:, 0].T
        if count == 1:
            return plain, plain
        if self.key_mean == "halves":
            return (every[:, 0] / 2 + every[:, 1:].mean(1) / 2).T, plain
        return every.mean(1).T, plain

    def _due(
        self,
        lm: LM,
        index: int,
        facts: Sequence[Prompted],
        values: Values,
        deltas: RowDeltas = NO_DELTAS,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What a layer has to add, its mean keys, and the keys at which it is met, each ``(d, n)``."""
        mean, plain = self._keys(lm, self.layers[index], facts, deltas)
        now = outputs_at(
            lm, self.layers[-1], [f.plain for f in facts], self.site, deltas=deltas, groups=_each(facts, 1)
        )
        share = len(self.layers) - index  # MEMIT, eq. 20: the rest is spread over the layers left
        residual = (values.target.cpu() - now.cpu()).T / share
        return residual, mean, plain if self.met_at_plain else mean

    def _metric(
        self,
        lm: LM,
        layer: int,
        facts: Sequence[Prompted],
        moments: Moments,
        history: Sequence[WeightEdit],
    ) -> Metric:
        if self.metric == "identity":
            return Identity()
        if self.metric == "null_space":
            return self._null_space(lm, layer, facts, moments, history)
        if not self.preserve:
            return self._held(lm, layer, moments, InverseMoment.of)
        others = self._others(lm, layer, facts)
        weight = self.preserve / self.ridge
        if Keeping.pays(*others.shape):
            without = self._held(lm, layer, moments, InverseMoment.of)
            if without.sound:
                return without.keeping(others, weight)
        device = self._device(lm, layer)
        return InverseMoment.of(grown(moments.of(layer).to(device), others, weight), device=device)

    def _null_space(
        self,
        lm: LM,
        layer: int,
        facts: Sequence[Prompted],
        moments: Moments,
        history: Sequence[WeightEdit],
    ) -> NullSpace:
        if self.preserve:
            c = grown(moments.of(layer), self._others(lm, layer, facts), self.preserve / self.ridge)
            moments = Moments(lambda _: c)
        of = partial(NullSpace.of, threshold=self.null_threshold)
        metric = self._held(lm, layer, moments, of)
        past = [e.keys[layer].double() for e in history if layer in e.keys]
        none = torch.zeros(lm.matrix(layer).shape[1], 0, dtype=torch.float64)
        metric = metric.keeping(torch.cat([none, *past], dim=1), self.ridge)
        if moments.source is not None:
            HELD.put(lm.model, self._key(layer, moments.source), metric)
        return metric

    def _others(self, lm: LM, layer: int, facts: Sequence[Prompted]) -> Tensor:
        """Keys of the edit prompts' other tokens, ``(d_in, p)``."""
        return prompt_keys(lm, layer, [f.plain for f in facts]).T

    def _held(self, lm: LM, layer: int, moments: Moments, of: Callable[..., _M]) -> _M:
        """A layer's metric, computed in the first batch only where later ones have the same."""

        def make() -> _M:
            return of(moments.of(layer), device=self._device(lm, layer))

        if moments.source is None:
            return make()
        return HELD.get(lm.model, self._key(layer, moments.source), make, room=len(self.layers))

    def _device(self, lm: LM, layer: int) -> torch.device:
        return solving_device(lm.weight(layer).device, lm.matrix(layer).shape[1])

    def _key(self, layer: int, source: Hashable) -> Hashable:
        """All that the metric of a layer depends on."""
        return source, self.metric, self.null_threshold, layer

    def _report(
        self, lm: LM, statements: Sequence[Statement], facts: Sequence[Prompted], losses: Sequence[Any]
    ) -> dict[str, Any]:
        return {
            "method": self.config(),
            "model": lm.name,
            "model_revision": lm.revision,
            "facts": [
                {"fact": s.fact, "lang": s.lang, "notes": list(f.notes), "losses": list(_rounded(steps))}
                for s, f, steps in zip(statements, facts, losses, strict=True)
            ],
        }


def _rounded(steps: Sequence[Sequence[float]]) -> Iterator[list[float]]:
    for step in steps:
        yield [round(term, 6) for term in step]


def _each(facts: Sequence[Prompted], count: int) -> list[int]:
    """The group of each of ``count`` prompts a fact, where every fact is a group."""
    return [group for group in range(len(facts)) for _ in range(count)]


def _narrow(lm: LM, factors: Factors) -> Factors:
    """Factors as they are stored: float32, or float64 for a float64 model."""
    wide = lm.dtype == torch.float64
    return factors if wide else Factors(factors.left.float(), factors.right.float())

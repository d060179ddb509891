"""The metric M of each layer and batch, as a method's settings ask for (``mlake.editing.locate.update``)."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from mlake.editing.edits.edit import Edit
from mlake.editing.locate.chains import Chain
from mlake.editing.locate.metric_cache import HELD, Held, Moments, solving_device
from mlake.editing.locate.settings import LocateSettings
from mlake.editing.locate.update import Identity, InverseMoment, Keeping, Metric, NullSpace, filled_up, grown
from mlake.editing.prompts import Prompted
from mlake.models.corpora import corpus
from mlake.models.keys import prompt_keys
from mlake.models.lm import LM, UNPINNED
from mlake.models.moments import Corpus, key_moments, measured_moments, stored_moments

__all__ = ["Metrics"]

_M = TypeVar("_M", bound=Metric)


class Metrics:
    """The metrics of one edit, or of several that are computed together.

    Args:
        method: The settings.
        lm: The model.
        text: Ordinary text for second moments, where the corpus is ``statements``.
        history: Earlier edits in force on the model, whose keys AlphaEdit keeps.
        edited: What the edited facts say: left out of ``text``.

    Attributes:
        report: What an edit should say of it: the text that was read, with the hash of its lines, and the
            share of directions that are free in each layer.
    """

    def __init__(
        self,
        method: LocateSettings,
        lm: LM,
        text: Sequence[str],
        history: Sequence[Edit],
        edited: Collection[str],
    ):
        self.method = method
        self.lm = lm
        self.history = history
        self.held = HELD
        self.report: dict[str, Any] = {}
        self.moments = self._moments(text, edited)

    def each(
        self,
        layer: int,
        chains: Sequence[Chain],
        batches: Sequence[Sequence[Prompted]],
        keys: Sequence[Tensor],
    ) -> Iterator[Metric]:
        """M for the update of each batch.

        Args:
            layer: The block.
            chains: The chain of each batch.
            batches: The facts.
            keys: The keys that will be measured, ``(d_in, n)`` each: where all batches have one metric,
                they are measured at once.
        """
        if self._alike:
            measured = self._of(layer, (), self.history).times(torch.cat(list(keys), dim=1))
            yield from map(_Measured, torch.split(measured, [one.shape[1] for one in keys], dim=1))
            return
        for chain, batch in zip(chains, batches, strict=True):
            with chain.applied(self.lm):
                metric = self._of(layer, batch, [*self.history, chain.edit])
            yield metric

    @property
    def _alike(self) -> bool:
        """Whether a layer's metric is the same for all batches."""
        method = self.method
        if method.metric == "identity":
            return True
        past = method.metric == "null_space" and method.sequential
        return not (past or method.preserve or method.moments == "edited")

    def _moments(self, text: Sequence[str], edited: Collection[str]) -> Moments:
        """A way to a layer's second moment, ``(d_in, d_in)``."""
        method, lm = self.method, self.lm
        if method.metric == "identity":
            return Moments(dict[int, Tensor]().__getitem__)
        how = {"tokens": method.corpus_tokens, "seed": method.seed}
        read = corpus(lm, method.corpus, **how, text=text, without=edited, form=method.corpus_form)
        self.report["corpus"] = {"name": read.name, "tokens": read.tokens, "sha256": read.text_sha256}
        source: Hashable = lm.revision, str(lm.dtype), read.sha256
        known = HELD.has(lm.model, [self._key(layer, source) for layer in method.layers])
        if method.moments == "edited":
            source = None
            measured: Callable[[int], Tensor] = lambda at: measured_moments(lm, [at], read)[at]  # noqa: E731
        elif known and not method.preserve:
            return Moments(dict[int, Tensor]().__getitem__, source)  # none of them will be looked at
        elif self.history or lm.revision == UNPINNED:
            measured = self._measured_now(read).__getitem__
        else:
            measured = key_moments(lm, method.layers, read).__getitem__
        if method.metric == "null_space":
            return Moments(measured, source)
        return Moments(lambda layer: filled_up(measured(layer), read.tokens), source)

    def _measured_now(self, read: Corpus) -> Mapping[int, Tensor]:
        """Moments of a model that is edited, or that nothing pins.

        What is measured here must not be taken for the unedited model's later, nor for this one's.
        """
        layers = self.method.layers
        stored = None if self.lm.revision == UNPINNED else stored_moments(self.lm, layers, read)
        if stored:
            return stored
        self.held = Held()
        return measured_moments(self.lm, layers, read)

    def _of(self, layer: int, facts: Sequence[Prompted], past: Sequence[Edit]) -> Metric:
        if self.method.metric == "identity":
            return Identity()
        if self.method.metric == "null_space":
            return self._null_space(layer, facts, past)
        if not self.method.preserve:
            return self._held(layer, self.moments, InverseMoment.of)
        others = self._others(layer, facts)
        weight = self.method.preserve / self.method.ridge
        if Keeping.pays(*others.shape):
            without = self._held(layer, self.moments, InverseMoment.of)
            if without.sound:
                return without.keeping(others, weight)
        device = self._device(layer)
        return InverseMoment.of(grown(self.moments.of(layer).to(device), others, weight), device=device)

    def _null_space(self, layer: int, facts: Sequence[Prompted], past: Sequence[Edit]) -> NullSpace:
        """P, with the keys of earlier edits kept.

        With prompt keys in the second moment each batch is decomposed anew: which eigenvectors fall below
        the threshold has no low-rank correction as an inverse has, and p updates of rank one cost p
        products of ``d_in`` × ``d_in`` matrices, more than that.
        """
        moments, method = self.moments, self.method
        if method.preserve:
            c = grown(moments.of(layer), self._others(layer, facts), method.preserve / method.ridge)
            moments = Moments(lambda _: c)
        of = partial(NullSpace.of, threshold=method.null_threshold, unit=method.null_unit)
        metric = self._held(layer, moments, of)
        self.report.setdefault("free", {})[str(layer)] = round(metric.share, 6)
        keys = [edit.keys[layer].double() for edit in past if layer in edit.keys]
        none = torch.zeros(self.lm.matrix(layer).shape[1], 0, dtype=torch.float64)
        metric = metric.keeping(torch.cat([none, *keys], dim=1), method.ridge)
        if moments.source is not None:
            self.held.put(self.lm.model, self._key(layer, moments.source), metric)
        return metric

    def _others(self, layer: int, facts: Sequence[Prompted]) -> Tensor:
        """Keys of the edit prompts' other tokens, ``(d_in, p)``."""
        return prompt_keys(self.lm, layer, [f.plain for f in facts]).T

    def _held(self, layer: int, moments: Moments, of: Callable[..., _M]) -> _M:
        """A layer's metric, computed in the first batch only where later ones have the same."""

        def make() -> _M:
            return of(moments.of(layer), device=self._device(layer))

        if moments.source is None:
            return make()
        key = self._key(layer, moments.source)
        return self.held.get(self.lm.model, key, make, room=len(self.method.layers))

    def _device(self, layer: int) -> torch.device:
        return solving_device(self.lm.weight(layer).device, self.lm.matrix(layer).shape[1])

    def _key(self, layer: int, source: Hashable) -> Hashable:
        """All that the metric of a layer depends on."""
        method = self.method
        return source, method.metric, method.null_threshold, method.null_unit, layer


@dataclass(frozen=True, eq=False)
class _Measured(Metric):
    """A metric that has measured its keys already.

    Attributes:
        product: MK, ``(d_in, n)``.
    """

    product: Tensor

    def times(self, keys: Tensor) -> Tensor:
        """MK."""
        return self.product

"""The metric M of each layer and batch, as a method's settings ask for (``mlake.editing.locate.update``)."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence, Set
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
        history: Earlier edits in force on the model, whose keys AlphaEdit and a ``memory`` keep.
        edited: What the edited facts say: left out of ``text``.

    Attributes:
        report: What an edit should say of it: the text that was read, with the hash of its lines, and the
            share of directions that are free in each layer.
        tokens: Tokens of that text.
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
        self.tokens = 0
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
        for at, (chain, batch) in enumerate(zip(chains, batches, strict=True)):
            family = [key for other, key in zip(chains, keys, strict=True) if other.family == chain.family]
            shared = self.method.merge != "together" and self.method.merge_covariance == "shared"
            others = [key for key in family if key is not keys[at]] if shared else []
            with chain.applied(self.lm):
                metric = self._of(layer, batch, [*self.history, chain.edit], others, chain.langs)
            yield metric

    @property
    def _alike(self) -> bool:
        """Whether a layer's metric is the same for all batches."""
        method = self.method
        if method.metric == "identity":
            return True
        keeps = method.metric == "null_space" or method.memory
        apart = method.merge != "together" or method.projector == "others"
        return not ((keeps and method.sequential) or apart or method.preserve or method.moments == "edited")

    @property
    def _more_keys(self) -> bool:
        """Whether a second moment may get more keys than those of its text, and so is looked at each time."""
        method = self.method
        apart = method.merge != "together" or method.projector != "text"
        return bool(apart or method.preserve or method.memory)

    def _moments(self, text: Sequence[str], edited: Collection[str]) -> Moments:
        """A way to a layer's second moment, ``(d_in, d_in)``."""
        method, lm = self.method, self.lm
        if method.metric == "identity":
            return Moments(dict[int, Tensor]().__getitem__)
        how = {"tokens": method.corpus_tokens, "seed": method.seed}
        read = corpus(lm, method.corpus, **how, text=text, without=edited, form=method.corpus_form)
        self.tokens = read.tokens
        self.report["corpus"] = {"name": read.name, "tokens": read.tokens, "sha256": read.text_sha256}
        source: Hashable = lm.revision, str(lm.dtype), read.sha256
        known = HELD.has(lm.model, [self._key(layer, source) for layer in method.layers])
        if method.moments == "edited":
            source = None
            measured: Callable[[int], Tensor] = lambda at: measured_moments(lm, [at], read)[at]  # noqa: E731
        elif known and not self._more_keys:
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

    def _of(
        self,
        layer: int,
        facts: Sequence[Prompted],
        past: Sequence[Edit],
        siblings: Sequence[Tensor] = (),
        langs: Set[str] = frozenset(),
    ) -> Metric:
        """M of a batch in some languages, with the keys of the same facts in others where these are kept."""
        if self.method.metric == "identity":
            return Identity()
        if self.method.metric == "null_space":
            return self._null_space(layer, facts, past, siblings, langs)
        others, weight = self._more(layer, facts, past, siblings)
        if others is None:
            return self._held(layer, self.moments, InverseMoment.of)
        if Keeping.pays(*others.shape):
            without = self._held(layer, self.moments, InverseMoment.of)
            if without.sound:
                return without.keeping(others, weight)
        device = self._device(layer)
        return InverseMoment.of(grown(self.moments.of(layer).to(device), others, weight), device=device)

    def _more(
        self, layer: int, facts: Sequence[Prompted], past: Sequence[Edit], siblings: Sequence[Tensor]
    ) -> tuple[Tensor | None, float]:
        """Keys that count in the second moment besides those of text, ``(d_in, p)``, and their weight."""
        method = self.method
        keys = [*(_keys(past, layer) if method.memory else ()), *siblings]
        prompt = self._others(layer, facts) if method.preserve else None
        if not keys:
            return prompt, method.preserve / method.ridge if method.preserve else 0.0
        if prompt is not None:
            keys.append(method.preserve**0.5 * prompt.cpu())
        return torch.cat([one.double() for one in keys], dim=1), 1 / method.ridge

    def _null_space(
        self,
        layer: int,
        facts: Sequence[Prompted],
        past: Sequence[Edit],
        siblings: Sequence[Tensor],
        langs: Set[str],
    ) -> NullSpace:
        """P, with the keys of earlier edits kept.

        With prompt keys in the second moment each batch is decomposed anew: which eigenvectors fall below
        the threshold has no low-rank correction as an inverse has, and p updates of rank one cost p
        products of ``d_in`` × ``d_in`` matrices, more than that.
        """
        moments, method = self._with_past(layer, past, langs), self.method
        if method.preserve:
            c = grown(moments.of(layer), self._others(layer, facts), method.preserve / method.ridge)
            moments = Moments(lambda _: c)
        of = partial(NullSpace.of, threshold=method.null_threshold, unit=method.null_unit)
        metric = self._held(layer, moments, of)
        self.report.setdefault("free", {})[str(layer)] = round(metric.share, 6)
        none = torch.zeros(self.lm.matrix(layer).shape[1], 0, dtype=torch.float64)
        kept = torch.cat([none, *_keys(past, layer)], dim=1)
        metric = metric.keeping(kept, method.ridge)
        if moments.source is not None:
            self.held.put(self.lm.model, self._key(layer, moments.source), metric)
        if siblings:
            metric = metric.keeping(torch.cat([kept, *siblings], dim=1), method.ridge)
        return metric

    def _with_past(self, layer: int, past: Sequence[Edit], langs: Set[str]) -> Moments:
        """The second moment that decides what is free: of text, and of earlier keys where asked for."""
        every = self.method.projector == "all"
        keys = [] if self.method.projector == "text" else _keys(past, layer, None if every else langs)
        if not sum(one.shape[1] for one in keys):
            return self.moments
        more = torch.cat(keys, dim=1)
        share = self.tokens / (self.tokens + more.shape[1])
        c = share * grown(self.moments.of(layer), more, 1 / self.tokens)
        return Moments(lambda _: c)

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


def _keys(past: Sequence[Edit], layer: int, without: Set[str] | None = None) -> list[Tensor]:
    """Keys of earlier edits at a layer in float64, ``(d_in, m)`` each; those of some languages left out."""
    found = []
    for edit in past:
        keys = getattr(edit, "keys", {}).get(layer)
        if keys is not None and without is not None:
            told = [str(one.get("lang")) for one in edit.report.get("facts", [])]
            keys = keys[:, [at for at in range(keys.shape[1]) if at < len(told) and told[at] not in without]]
        if keys is not None:
            found.append(keys.double())
    return found


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

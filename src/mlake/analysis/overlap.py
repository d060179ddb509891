"""How far languages have in common the MLP neurons that their edits change most (Figure 7).

From the changes that ``Edit.neurons`` measures; needs no model.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise

import numpy as np
from numpy.typing import NDArray

from mlake.errors import EditError, RunError

__all__ = ["Changed", "NeuronOverlap", "OverlapRow", "overlap_of"]

Changed = Mapping[int, NDArray[np.floating]]
"""Layer to the change of each of its neurons, ``(d_ff,)``."""


@dataclass(frozen=True, slots=True)
class OverlapRow:
    """What two languages have in common among the neurons that their edits change most.

    Attributes:
        first: Language of one edit.
        second: Language of the other; the same where edits of different facts in it are compared.
        layer: Layer; None for the mean over layers.
        top: How many neurons of a layer are taken.
        share: Share of them in common, mean over batches, 0 to 1.
        chance: The same for neurons drawn at random.
    """

    first: str
    second: str
    layer: int | None
    top: int
    share: float
    chance: float


@dataclass(frozen=True, eq=False)
class NeuronOverlap:
    """Overlap of the most changed neurons for every pair of languages and every number of neurons.

    A pair of one language with itself compares its edits of different facts: what any two edits share.

    Attributes:
        width: Neurons of a layer.
        layers: Layers that the edits change.
        batches: How many comparisons there are, for each pair.
        shares: Pair of languages to the share in common among the n most changed neurons of a layer, mean
            over batches: ``(layers, width)``, n = 1 first.
    """

    width: int
    layers: tuple[int, ...]
    batches: Mapping[tuple[str, str], int]
    shares: Mapping[tuple[str, str], NDArray[np.float64]]

    def chance(self, top: int) -> float:
        """Expected share in common of two random sets of ``top`` neurons: ``top`` / width."""
        return top / self.width

    def curve(self, first: str, second: str) -> NDArray[np.float64]:
        """Share in common by number of neurons, mean over layers: ``(width,)``, n = 1 first."""
        pair = (first, second) if (first, second) in self.shares else (second, first)
        mean: NDArray[np.float64] = self.shares[pair].mean(axis=0)
        return mean

    def rows(self, top: Sequence[int] = (100, 200)) -> list[OverlapRow]:
        """The overlap of every pair, over all layers and for each.

        Args:
            top: Numbers of neurons.

        Raises:
            EditError: A number is below 1 or above the neurons of a layer.
        """
        for n in top:
            if not 1 <= n <= self.width:
                raise EditError(f"the {n} most changed neurons cannot be taken: a layer has {self.width}")
        return [
            OverlapRow(*pair, layer, n, float(share), self.chance(n))
            for pair, shares in self.shares.items()
            for n in top
            for layer, share in [
                (None, shares[:, n - 1].mean()),
                *zip(self.layers, shares[:, n - 1], strict=True),
            ]
        ]


def overlap_of(changed: Mapping[str, Mapping[int, Changed]]) -> NeuronOverlap:
    """Compare edits between languages, batch by batch.

    Edits of the same batch hold the same facts. With more than one batch, each language is also compared
    with itself, a batch with the next one: other facts, same language. A neuron that an edit leaves as it
    is is never among the most changed, however many are taken.

    Args:
        changed: Language to batch to the changes of one edit. Languages in the order of the pairs.

    Raises:
        RunError: Fewer than two languages, one without edits, or two without a batch in common.
        EditError: The edits change different layers, or have different or unequal widths.
    """
    if len(changed) < 2:
        raise RunError(f"overlap needs edits in two languages or more, got {list(changed)}; run with more")
    layers = _layers(changed)
    ranks = {
        lang: {batch: np.stack([_ranks(edits[batch][layer]) for layer in layers]) for batch in sorted(edits)}
        for lang, edits in changed.items()
    }
    counts: dict[tuple[str, str], int] = {}
    shares: dict[tuple[str, str], NDArray[np.float64]] = {}
    for first, second in combinations_with_replacement(ranks, 2):
        listed = list(_compared(ranks[first], ranks[second], other_facts=first == second))
        if not listed and first != second:
            raise RunError(f"no batch was edited in both {first} and {second}; finish the run")
        if listed:
            counts[first, second] = len(listed)
            shares[first, second] = np.mean(listed, axis=0)
    width = next(iter(shares.values())).shape[1]
    return NeuronOverlap(width, layers, counts, shares)


def _layers(changed: Mapping[str, Mapping[int, Changed]]) -> tuple[int, ...]:
    """The layers that every edit changes."""
    edits = [edit for batches in changed.values() for edit in batches.values()]
    layers = {tuple(sorted(edit)) for edit in edits}
    widths = {norms.shape for edit in edits for norms in edit.values()}
    if len(layers) != 1 or len(widths) != 1:
        raise EditError(
            f"the edits change {len(layers)} different sets of layers, of {len(widths)} widths, not one; "
            "compare edits of one method and one model"
        )
    return layers.pop()


def _ranks(norms: NDArray[np.floating]) -> NDArray[np.int64]:
    """Place of each neuron by change, 0 for the most changed; its width for one that is not changed."""
    order = np.argsort(-norms, kind="stable")
    ranks = np.empty(len(norms), dtype=np.int64)
    ranks[order] = np.arange(len(norms))
    return np.where(norms > 0, ranks, len(norms))


def _compared(
    first: Mapping[int, NDArray[np.int64]], second: Mapping[int, NDArray[np.int64]], *, other_facts: bool
) -> Iterator[NDArray[np.float64]]:
    """Shares in common of each two edits that are compared."""
    pairs = pairwise(first) if other_facts else ((batch, batch) for batch in first if batch in second)
    for one, other in pairs:
        yield _shared(first[one], second[other])


def _shared(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the n most changed neurons in common, for n from 1 to the width: ``(layers, width)``.

    A neuron is in both sets of n as soon as n exceeds the larger of its two ranks.
    """
    width = first.shape[1]
    entered = [np.bincount(row, minlength=width + 1)[:width] for row in np.maximum(first, second)]
    return np.cumsum(entered, axis=1) / np.arange(1, width + 1)

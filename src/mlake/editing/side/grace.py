"""GRACE: a value and a radius for each fact, beside one block."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.side import SideEdit
from mlake.editing.method import Progress, Range
from mlake.editing.side.method import AtBlock, encoded, entering, told, unrelated
from mlake.editing.side.values import Schedule, trained
from mlake.models.lm import LM
from mlake.records import Statement

__all__ = ["Codebook", "Grace", "beside"]

_EXACT = 0.01
"""Least radius, in median distances: a prompt comes out of another batch rounded otherwise."""


@dataclass(frozen=True, slots=True)
class Grace(AtBlock):
    """Hartvigsen et al. 2023, at what enters and leaves a block.

    Attributes:
        radius: Radius of a new entry, as a share of the median distance between unrelated questions.
        rate: Adam's rate, in units of the root mean square of what leaves the block.
    """

    radius: float = 0.2
    rate: float = 0.1

    def search(self) -> dict[str, Range]:
        """Where, how wide and how fast."""
        return {
            "layer": Range(0.5, 0.9, "depth"),
            "radius": Range(0.05, 0.8, "log"),
            "rate": Range(0.02, 0.5, "log"),
        }

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> SideEdit:
        """A memory of these facts. Arguments and errors as in ``Method.edit``.

        Entries of earlier edits stay. Where a new one lies among them, its radius is chosen so that its
        value, learnt on top of theirs, is met by the same of theirs wherever it fires.
        """
        layer = self.fitted(lm).layer or 0
        prompts = encoded(lm, statements)
        blocks = lm.layers[layer], lm.layers[layer + 1]
        asked = [one.ids[: len(one.ids) - one.target] for one in prompts]
        keys = torch.stack([hidden[-1] for hidden in entering(lm, *blocks, asked)]).cpu()
        units = {
            lang: _median([hidden[-1] for hidden in entering(lm, *blocks, unrelated(lm, text, lang))])
            for lang in {one.lang for one in statements}
        }
        book = Codebook()
        for key, one in zip(keys, statements, strict=True):
            book.add(key, one.new, self.radius * units[one.lang], _EXACT * units[one.lang])
        earlier = [edit for edit in history if isinstance(edit, SideEdit) and edit.layer == layer]
        radii = [
            max(beside(radius, key, earlier), least)
            for radius, key, least in zip(book.radii, book.keys, book.least, strict=True)
        ]
        how = Schedule(self.steps, self.rate, self.stop)
        values, losses = trained(lm, layer, prompts, book.entries, how, progress)
        report = told(self, lm, statements, losses) | {"entries": len(radii)}
        return SideEdit(layer, torch.stack(book.keys), values, torch.tensor(radii, dtype=keys.dtype), report)


class Codebook:
    """Keys with their radii, as facts come in.

    Attributes:
        keys: Key of each entry, ``(d_model,)``.
        radii: Radius of each entry.
        least: Radius that each entry has at least.
        entries: Number of the entry of each fact.
    """

    def __init__(self) -> None:
        self.keys: list[Tensor] = []
        self.radii: list[float] = []
        self.least: list[float] = []
        self.entries: list[int] = []
        self._answers: list[str] = []

    def add(self, key: Tensor, answer: str, radius: float, least: float) -> None:
        """Take in a fact: a new entry, or a wider one that has the same answer already.

        Args:
            key: Its key.
            answer: Its answer.
            radius: Radius of a new entry.
            least: Radius that no conflict makes smaller.
        """
        if self.keys:
            distances = [float((key - one).norm()) for one in self.keys]
            nearest = min(range(len(distances)), key=distances.__getitem__)
            far = distances[nearest]
            if far <= radius + self.radii[nearest]:
                if self._answers[nearest] == answer:
                    self.radii[nearest] = max(self.radii[nearest], far)
                    self.entries.append(nearest)
                    return
                self.radii[nearest] = max(min(self.radii[nearest], far / 2), self.least[nearest])
                radius = min(radius, far / 2)
        self.entries.append(len(self.keys))
        self.keys.append(key)
        self.radii.append(max(radius, least))
        self.least.append(least)
        self._answers.append(answer)


def beside(radius: float, key: Tensor, earlier: Sequence[SideEdit]) -> float:
    """Largest radius, up to the one given, within which each earlier entry fires everywhere or nowhere.

    It covers no earlier key either.

    Args:
        radius: The radius wanted.
        key: The new key.
        earlier: Memories at the same block.
    """
    for edit in earlier:
        for centre, own in zip(edit.centres.to(key), edit.radii.tolist(), strict=True):
            far = float((key - centre).norm())
            radius = min(radius, far - own if far > own else min(far / 2, own - far))
    return radius


def _median(keys: Sequence[Tensor]) -> float:
    """Median distance of two keys."""
    return float(torch.pdist(torch.stack(list(keys)).float()).median())

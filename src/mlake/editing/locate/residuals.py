"""What the layers of a step have to add: the values of its facts, and how they are spread over layers."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from math import sqrt
from typing import Any

import torch
from torch import Tensor

from mlake.editing.locate.anchors import Anchored, anchored, mlp_outputs, typical
from mlake.editing.locate.chains import Chain, in_force
from mlake.editing.locate.metrics import Metrics
from mlake.editing.locate.settings import LocateSettings
from mlake.editing.locate.value import StepLoss, Values, optimise_values
from mlake.editing.locate.value_files import kept_values
from mlake.editing.method import Progress
from mlake.editing.prompts import Prompted, ValueTask
from mlake.models.batches import by_length, pad_right
from mlake.models.deltas import NO_DELTAS, RowDeltas
from mlake.models.hooks import changed_output, first, watched_output
from mlake.models.keys import BATCH_TOKENS, keys_at, outputs_at
from mlake.models.lm import LM
from mlake.models.spans import Encoded

__all__ = ["Residuals", "replayed"]


class Residuals:
    """What each batch of a step has to add at the layers that are written, one layer after another.

    Args:
        method: The settings.
        metrics: Of the model that is edited.
        chains: The chain of each batch.
        batches: The facts of each batch.
        progress: Called with the number of facts just finished.

    Attributes:
        layers: The layers that are written.
    """

    def __init__(
        self,
        method: LocateSettings,
        metrics: Metrics,
        chains: Sequence[Chain],
        batches: Sequence[Sequence[Prompted]],
        progress: Progress,
    ):
        self.method = method
        self.lm = metrics.lm
        self.layers = method.written
        self._unedited = not metrics.history
        self._chains = chains
        self._sizes = list(map(len, batches))
        self._facts = [fact for batch in batches for fact in batch]
        self._groups = [at for at, batch in enumerate(batches) for _ in batch]
        self._progress = progress
        self._losses: list[tuple[StepLoss, ...]] = [()] * len(self._facts)
        self._skipped = torch.zeros(len(self._facts), dtype=torch.bool)
        self._target = torch.empty(0)
        self._replayed: dict[int, Tensor] = {}

    def at(self, index: int) -> list[tuple[Tensor, Tensor, Tensor]]:
        """For each batch what a layer has to add, its mean keys, and the keys at which it is met.

        Each is ``(d, n)``. The layers before must have been written.

        Args:
            index: Place of the layer among ``layers``.
        """
        layer, spread = self.layers[index], self.method.spread
        last = len(self.layers) - 1
        if spread == "blue":
            self._optimise(layer, told=index == last)
        elif index == 0:
            self._optimise(layer if spread == "forward" else self.layers[-1], told=True)
        target = self._replayed.get(layer, self._target)
        read = layer if spread in ("blue", "forward") else self.layers[-1]
        due, mean, met = self._due(layer, read, target)
        left = last + 1 - index  # MEMIT, eq. 20: the rest is spread over the layers left
        due = due / (left if spread == "share" else sqrt(left) if spread == "root" else 1)
        parts = (torch.split(part, self._sizes, dim=1) for part in (due, mean, met))
        return list(zip(*parts, strict=True))

    def finish(self) -> None:
        """Give each chain the losses of its facts, and which of them it skipped."""
        for group, losses, skipped in zip(self._groups, self._losses, self._skipped, strict=True):
            self._chains[group].losses.append(losses)
            self._chains[group].skipped.append(bool(skipped))

    def _optimise(self, layer: int, *, told: bool) -> None:
        """Find the values of all facts at a layer, and what they make of later layers."""
        values = self._values(layer, self._facts, self._groups, self._progress if told else _quiet)
        if self.method.anchor:
            values, skipped = self._anchored(layer, values)
            self._skipped |= skipped.cpu()
        self._losses = [(*past, *now) for past, now in zip(self._losses, values.losses, strict=True)]
        self._target = values.target.cpu()
        if self.method.spread == "forward":
            plain, deltas = [fact.plain for fact in self._facts], in_force(self.lm, self._chains)
            added, later = values.target - values.clean, self.layers[1:]
            self._replayed = replayed(self.lm, plain, layer, added, later, deltas=deltas, groups=self._groups)

    def _values(
        self, layer: int, facts: Sequence[Prompted], groups: Sequence[int], progress: Progress
    ) -> Values:
        method, lm = self.method, self.lm
        unedited = self._unedited and not any(chain.edit.factors for chain in self._chains)
        where = (layer, method.site)
        kept = partial(kept_values, lm, where, method.value, progress) if unedited else _as_made
        return optimise_values(
            lm,
            [fact.task for fact in facts],
            layer=layer,
            site=method.site,
            settings=method.value,
            deltas=in_force(lm, self._chains),
            groups=groups,
            progress=progress,
            kept=kept,
        )

    def _anchored(self, layer: int, values: Values) -> Anchored:
        """Values of one length; in a chain that of all its facts before its first edit."""
        emitted = self._emitted(layer, self._facts, values, self._groups)
        lengths = (emitted + values.target - values.clean).norm(dim=1)
        owners = torch.tensor(self._groups, device=lengths.device)
        for group, chain in enumerate(self._chains):
            if layer not in chain.anchors:
                own = lengths[owners == group]
                if len(chain.steps) > 1:
                    own = self._lengths(layer, group, [fact for step in chain.steps for fact in step])
                chain.anchors[layer] = typical(own)
        anchors = lengths.new_tensor([self._chains[group].anchors[layer] for group in self._groups])
        return anchored(values, emitted, anchors)

    def _lengths(self, layer: int, group: int, facts: Sequence[Prompted]) -> Tensor:
        groups = [group] * len(facts)
        values = self._values(layer, facts, groups, _quiet)
        emitted = self._emitted(layer, facts, values, groups)
        lengths: Tensor = (emitted + values.target - values.clean).norm(dim=1)
        return lengths

    def _emitted(
        self, layer: int, facts: Sequence[Prompted], values: Values, groups: Sequence[int]
    ) -> Tensor:
        deltas = in_force(self.lm, self._chains)
        return mlp_outputs(self.lm, layer, self.method.read, facts, values.clean, deltas, groups)

    def _due(self, layer: int, read: int, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        facts, groups, deltas = self._facts, self._groups, in_force(self.lm, self._chains)
        count = len(facts[0].task.prompts)
        every = [prompt for fact in facts for prompt in fact.task.prompts]
        owners = [group for group in groups for _ in range(count)]
        fed = keys_at(self.lm, layer, every, deltas=deltas, groups=owners)
        fed = fed.cpu().view(len(facts), count, -1)  # (n, prompts, d_in)
        plain = self.method.residual == "plain"
        said, of = ([f.plain for f in facts], groups) if plain else (every, owners)
        out = outputs_at(self.lm, read, said, self.method.read, deltas=deltas, groups=of).cpu()
        now = self._mean(out.view(len(facts), len(said) // len(facts), -1))
        mean, at_plain = self._mean(fed).T, fed[:, 0].T
        return (target - now).T, mean, at_plain if self.method.met_at_plain else mean

    def _mean(self, every: Tensor) -> Tensor:
        """Means over prompts, the plain one first: ``(n, prompts, d)`` to ``(n, d)``."""
        if self.method.key_mean == "halves" and every.shape[1] > 1:
            return every[:, 0] / 2 + every[:, 1:].mean(1) / 2
        return every.mean(1)


@torch.no_grad()
def replayed(
    lm: LM,
    prompts: Sequence[Encoded],
    layer: int,
    added: Tensor,
    later: Sequence[int],
    *,
    deltas: RowDeltas = NO_DELTAS,
    groups: Sequence[int] | None = None,
) -> dict[int, Tensor]:
    """What later blocks emit at the key tokens when a vector is added to what one block emits there.

    Args:
        lm: The model.
        prompts: Encoded prompts; nothing behind their key tokens is fed.
        layer: Block behind which the vectors are added.
        added: ``(len(prompts), d)``.
        later: Blocks that are read.
        deltas: Edits in force, another for each group of prompts.
        groups: Group of each prompt; all of group 0 by default.

    Returns:
        Block to its outputs in float32 or wider, ``(len(prompts), d)``.
    """
    rows = [one.ids[: one.lookup + 1] for one in prompts]
    found = {one: torch.empty(len(rows), added.shape[1], dtype=added.dtype) for one in later}
    for batch in by_length([len(row) for row in rows], BATCH_TOKENS):
        padded = pad_right([rows[i] for i in batch], lm.pad_id, lm.device)
        places = torch.arange(len(batch)), torch.tensor([prompts[i].lookup for i in batch])
        some = torch.tensor(list(batch))

        def change(out: Tensor, places: tuple[Tensor, Tensor] = places, some: Tensor = some) -> Tensor:
            changed = out.clone()
            changed[places] = (out[places].to(added.dtype) + added[some].to(out.device)).to(out.dtype)
            return changed

        seen: dict[int, Tensor] = {}
        with ExitStack() as hooks:
            hooks.enter_context(deltas.on(lm, [groups[i] if groups else 0 for i in batch]))
            hooks.enter_context(changed_output(lm.layers[layer], change))
            for one in later:
                hooks.enter_context(watched_output(lm.layers[one], partial(_see, seen, one)))
            lm.model.base_model(input_ids=padded.ids, attention_mask=padded.mask, use_cache=False)
        for one in later:
            found[one][some] = seen[one][places].to(added.dtype).cpu()
    return found


def _see(seen: dict[int, Tensor], block: int, out: Any) -> None:
    seen[block] = first(out)


def _as_made(tasks: Sequence[ValueTask], optimise: Callable[[], Values]) -> Values:
    return optimise()


def _quiet(done: int) -> None:
    pass

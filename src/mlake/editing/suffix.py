"""The part of a forward pass that depends on a value: the rest is computed once and kept."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache

from mlake.models.batches import Padded, pad_left, pad_right
from mlake.models.hooks import changed_output, first, replaced_input, skipped, watched_input, watched_output
from mlake.models.lm import LM
from mlake.models.spans import Encoded

__all__ = ["Suffix"]

Task = tuple[Sequence[Encoded], Encoded | None]


@dataclass(frozen=True)
class Suffix:
    """Facts whose key tokens stand at position 0 of what is still to be computed.

    Rows are the prompts of all facts, then their essence prompts. The tokens before the key token are
    padded on the left and kept as attention keys and values, those from it on are padded on the right,
    so that distances between tokens, and with them sliding windows, are the true ones.

    Attributes:
        layer: Block at which a value is written.
        site: ``down`` or ``block``; where it is added.
        as_tuple: Whether the model's blocks return tuples.
        cache: Keys and values of the tokens before the key tokens.
        hidden: Input of the block, ``(rows, length, d_model)``.
        mask: Attention mask over prefix and suffix, ``(rows, prefix + length)``.
        positions: Position ids of the suffix, ``(rows, length)``.
        clean: Clean value of each fact, ``(facts, d)``, in float32 or wider.
        fact: Fact of each row, ``(rows,)``.
        place: Row and position of each token that predicts a target token, ``(targets, 2)``.
        token: The target token ids, ``(targets,)``.
        weight: Weight of each target token in its fact's loss, ``(targets,)``.
        essence: Row of each fact's essence prompt, -1 where it has none, ``(facts,)``.
        said: Clean log-probabilities after the key token of the essence prompts,
            ``(facts with essence, vocabulary)``.
    """

    layer: int
    site: str
    as_tuple: bool
    cache: DynamicCache
    hidden: Tensor
    mask: Tensor
    positions: Tensor
    clean: Tensor
    fact: Tensor
    place: Tensor
    token: Tensor
    weight: Tensor
    essence: Tensor
    said: Tensor

    @staticmethod
    def chunks(lm: LM, tasks: Sequence[Task]) -> Iterator[list[int]]:
        """Split facts into chunks that fit in memory, facts of similar length together.

        Yields:
            Indices of the facts of a chunk.
        """
        order = sorted(range(len(tasks)), key=lambda i: (-_length(tasks[i]), i))
        budget = _memory_budget(lm)
        chunk: list[int] = []
        used = 0
        for index in order:
            need = _bytes_needed(lm, tasks[index])
            if chunk and used + need > budget:
                yield chunk
                chunk, used = [], 0
            chunk.append(index)
            used += need
        if chunk:
            yield chunk

    @classmethod
    @torch.no_grad()
    def prepare(cls, lm: LM, tasks: Sequence[Task], *, layer: int, site: str) -> "Suffix":
        """Run everything that does not depend on the values, once.

        Args:
            lm: The model.
            tasks: For each fact its prompts with targets, and its essence prompt or None.
            layer: Block at which a value is written.
            site: ``down`` or ``block``.
        """
        rows = [(f, p) for f, (prompts, _) in enumerate(tasks) for p in prompts]
        extra = [(f, e) for f, (_, e) in enumerate(tasks) if e is not None]
        encoded = [p for _, p in rows] + [e for _, e in extra]
        device = lm.device
        before = pad_left([p.ids[: p.lookup] for p in encoded], lm.pad_id, device)
        # The last target token predicts nothing that is asked for, so it is not fed.
        after = pad_right([p.ids[p.lookup : len(p.ids) - (p.target > 0)] for p in encoded], lm.pad_id, device)
        lookup = torch.tensor([p.lookup for p in encoded], device=device)
        positions = lookup[:, None] + torch.arange(after.ids.shape[1], device=device)[None]
        seen = _Seen()
        mask = torch.cat([before.mask, after.mask], dim=1)
        cache = _prefix_cache(lm, before)
        final = _clean_pass(lm, (layer, site), seen, copy_of(cache), (after.ids, mask, positions))
        firsts = torch.tensor([next(i for i, (f, _) in enumerate(rows) if f == n) for n in range(len(tasks))])
        essence = torch.full((len(tasks),), -1)
        for offset, (f, _) in enumerate(extra):
            essence[f] = len(rows) + offset
        said = lm.logits(final[essence[essence >= 0].to(final.device), 0]).log_softmax(-1)
        return cls(
            layer, site, seen.as_tuple, cache, seen.hidden, mask, positions,
            clean=_wide(seen.value[firsts.to(seen.value.device), 0]).to(device),
            fact=torch.tensor([f for f, _ in rows + extra]),
            **_targets(rows),
            essence=essence,
            said=said,
        )  # fmt: skip

    def losses(self, lm: LM, delta: Tensor) -> tuple[Tensor, Tensor]:
        """Target loss and KL of each fact when δ is added at its key tokens.

        Args:
            lm: The model.
            delta: ``(facts, d)``; gradients flow to it.

        Returns:
            Negative log-likelihood ``(facts,)`` and KL divergence ``(facts,)``, 0 without essence prompt.
        """
        added = delta[self.fact.to(delta.device)]  # (rows, d)

        def change(out: Tensor) -> Tensor:
            head = (_wide(out[:, :1]) + added.to(out.device)[:, None]).to(out.dtype)
            return torch.cat([head, out[:, 1:]], dim=1)

        block = lm.layers[self.layer]
        below = [lm.layers[i] for i in range(self.layer)]
        with (
            skipped(below, as_tuple=self.as_tuple),
            replaced_input(block, self.hidden),
            changed_output(_module(lm, self.layer, self.site), change),
        ):
            final = lm.model.base_model(
                inputs_embeds=self.hidden,
                attention_mask=self.mask,
                position_ids=self.positions,
                past_key_values=copy_of(self.cache),
                use_cache=True,
            ).last_hidden_state
        return self._nll(lm, final, len(delta)), self._kl(lm, final)

    def _nll(self, lm: LM, final: Tensor, facts: int) -> Tensor:
        device = final.device
        rows, columns = self.place.to(device).unbind(1)
        logits = lm.logits(final[rows, columns])  # (targets, vocabulary)
        token = self.token.to(logits.device)
        nll = logits.logsumexp(-1) - logits.gather(1, token[:, None])[:, 0]
        owner = self.fact[self.place[:, 0]].to(nll.device)
        zero = torch.zeros(facts, dtype=nll.dtype, device=nll.device)
        return zero.index_add(0, owner, nll * self.weight.to(nll)).to(lm.device)

    def _kl(self, lm: LM, final: Tensor) -> Tensor:
        has = self.essence >= 0
        zero = torch.zeros(len(has), dtype=self.said.dtype, device=self.said.device)
        if not has.any():
            return zero.to(lm.device)
        now = lm.logits(final[self.essence[has].to(final.device), 0]).log_softmax(-1)
        kl = (now.exp() * (now - self.said)).sum(-1)
        return zero.index_add(0, has.nonzero()[:, 0].to(kl.device), kl.to(zero.dtype)).to(lm.device)

    def narrowed(self, keep: Tensor) -> "Suffix":
        """The same for some of the facts only.

        Args:
            keep: Which facts stay, ``(facts,)``, boolean.
        """
        keep = keep.cpu()
        renumber = torch.cumsum(keep, 0) - 1
        rows = keep[self.fact].nonzero()[:, 0]
        row_number = torch.full((len(self.fact),), -1)
        row_number[rows] = torch.arange(len(rows))
        targets = row_number[self.place[:, 0]] >= 0
        place = self.place[targets].clone()
        place[:, 0] = row_number[place[:, 0]]
        essence = self.essence[keep]
        here = rows.to(self.hidden.device)
        return replace(
            self,
            cache=copy_of(self.cache, rows),
            hidden=self.hidden[here],
            mask=self.mask[rows.to(self.mask.device)],
            positions=self.positions[rows.to(self.positions.device)],
            clean=self.clean[keep.to(self.clean.device)],
            fact=renumber[self.fact[rows]],
            place=place,
            token=self.token[targets],
            weight=self.weight[targets],
            essence=torch.where(essence >= 0, row_number[essence], essence),
            said=self.said[keep[self.essence >= 0].to(self.said.device)],
        )


class _Seen:
    """What a clean pass leaves behind."""

    hidden: Tensor
    value: Tensor
    as_tuple: bool = False

    def block(self, output: Any) -> None:
        self.as_tuple = isinstance(output, tuple)


def _module(lm: LM, layer: int, site: str) -> nn.Module:
    return lm.down(layer) if site == "down" else lm.layers[layer]


def _wide(value: Tensor) -> Tensor:
    return value if value.dtype == torch.float64 else value.float()


def _clean_pass(
    lm: LM, spot: tuple[int, str], seen: _Seen, cache: DynamicCache, inputs: tuple[Tensor, Tensor, Tensor]
) -> Tensor:
    layer, site = spot
    ids, mask, positions = inputs
    with (
        watched_output(lm.layers[0], seen.block),
        watched_input(lm.layers[layer], lambda x: setattr(seen, "hidden", x)),
        watched_output(_module(lm, layer, site), lambda x: setattr(seen, "value", first(x))),
    ):
        return lm.model.base_model(  # type: ignore[no-any-return]
            input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True
        ).last_hidden_state


def _prefix_cache(lm: LM, before: Padded) -> DynamicCache:
    cache = DynamicCache(config=lm.model.config.get_text_config())
    if before.ids.shape[1]:
        positions = (before.mask.cumsum(1) - 1).clamp_min(0)
        lm.model.base_model(
            input_ids=before.ids,
            attention_mask=before.mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )
    return cache


def copy_of(cache: DynamicCache, rows: Tensor | None = None) -> DynamicCache:
    """A cache that may be extended without touching this one; tensors are shared unless rows are chosen."""
    fresh = copy.copy(cache)
    fresh.layers = [copy.copy(layer) for layer in cache.layers]
    if rows is not None:
        for layer in fresh.layers:
            if layer.is_initialized:
                layer.keys = layer.keys[rows.to(layer.keys.device)]
                layer.values = layer.values[rows.to(layer.values.device)]
    return fresh


def _targets(rows: Sequence[tuple[int, Encoded]]) -> dict[str, Tensor]:
    count: dict[int, int] = {}
    for fact, _ in rows:
        count[fact] = count.get(fact, 0) + 1
    place, token, weight = [], [], []
    for row, (fact, p) in enumerate(rows):
        for offset in range(p.target):
            at = len(p.ids) - p.target + offset  # index of the target token
            place.append((row, at - 1 - p.lookup))
            token.append(p.ids[at])
            weight.append(1 / (p.target * count[fact]))
    return {
        "place": torch.tensor(place),
        "token": torch.tensor(token),
        "weight": torch.tensor(weight, dtype=torch.float64),
    }


def _length(task: Task) -> int:
    prompts, essence = task
    every = [*prompts, *([essence] if essence else [])]
    return max(len(p.ids) - p.lookup for p in every)


def _bytes_needed(lm: LM, task: Task) -> int:
    """Memory that one fact's forward and backward pass keeps, roughly."""
    prompts, essence = task
    config = lm.model.config.get_text_config()
    d_out, d_in = lm.matrix(0).shape
    size = 8 if lm.dtype == torch.float64 else lm.dtype.itemsize
    tokens = _length(task) * (len(prompts) + (essence is not None))
    logits = (sum(p.target for p in prompts) + (essence is not None)) * config.vocab_size * 4 * 3
    return int(tokens * len(lm.layers) * (4 * d_in + 10 * d_out) * size + logits)


def _memory_budget(lm: LM) -> int:
    """Bytes that one chunk may use: half of what is free on a GPU, 3 GiB on a CPU."""
    if lm.device.type == "cuda":
        return torch.cuda.mem_get_info(lm.device)[0] // 2
    return 3 * 2**30

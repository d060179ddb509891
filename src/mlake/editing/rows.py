"""Rows of tokens whose first still-to-be-computed token is a key token.

The tokens before the key token are padded on the left and kept as attention keys and values, those from
it on are padded on the right, so that distances between tokens, and with them sliding windows, are the
true ones.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import DynamicCache

from mlake.models.batches import Padded, pad_left, pad_right
from mlake.models.deltas import RowDeltas
from mlake.models.hooks import changed_output, first, replaced_input, skipped, watched_input, watched_output
from mlake.models.lm import LM

__all__ = ["Clean", "Rows", "Spot", "wide"]


class Spot(NamedTuple):
    """Where a value is added: the block, and its ``down``-projection's output or the ``block``'s own."""

    layer: int
    site: str

    def module(self, lm: LM) -> nn.Module:
        """The module whose output changes."""
        return lm.down(self.layer) if self.site == "down" else lm.layers[self.layer]


class Clean(NamedTuple):
    """What the model does without a value.

    Attributes:
        value: Output at the spot at each row's key token, ``(rows, d)``.
        final: Final hidden state at each row's key token, ``(rows, d_model)``.
    """

    value: Tensor
    final: Tensor


@dataclass(frozen=True)
class Rows:
    """Rows, everything below the spot's block computed.

    Attributes:
        spot: Where a value is added.
        as_tuple: Whether the model's blocks return tuples.
        cache: Keys and values of the tokens before the key tokens.
        hidden: Input of the spot's block, ``(rows, length, d_model)``.
        mask: Attention mask over prefix and suffix, ``(rows, prefix + length)``.
        positions: Position ids of the suffix, ``(rows, length)``.
        fact: Fact of each row, ``(rows,)``.
        deltas: Edits in force, another for each group of rows.
        group: Group of each row, ``(rows,)``.
    """

    spot: Spot
    as_tuple: bool
    cache: DynamicCache
    hidden: Tensor
    mask: Tensor
    positions: Tensor
    fact: Tensor
    deltas: RowDeltas
    group: tuple[int, ...]

    @classmethod
    @torch.no_grad()
    def prepare(
        cls,
        lm: LM,
        spot: Spot,
        rows: Sequence[tuple[int, Sequence[int], int]],
        deltas: RowDeltas,
        group: Sequence[int],
    ) -> tuple["Rows", Clean]:
        """Run everything that does not depend on a value, once.

        Args:
            lm: The model.
            spot: Where values will be added.
            rows: For each row its fact, its token ids, and the index of its key token.
            deltas: Edits in force.
            group: Group of each row, ``(rows,)``.
        """
        device = lm.device
        before = pad_left([ids[:lookup] for _, ids, lookup in rows], lm.pad_id, device)
        after = pad_right([ids[lookup:] for _, ids, lookup in rows], lm.pad_id, device)
        lookup = torch.tensor([lookup for _, _, lookup in rows], device=device)
        positions = lookup[:, None] + torch.arange(after.ids.shape[1], device=device)[None]
        mask = torch.cat([before.mask, after.mask], dim=1)
        seen: dict[str, Any] = {}
        with (
            deltas.on(lm, group),
            watched_output(lm.layers[0], lambda out: seen.update(as_tuple=isinstance(out, tuple))),
            watched_input(lm.layers[spot.layer], lambda x: seen.update(hidden=x)),
            watched_output(spot.module(lm), lambda out: seen.update(value=first(out))),
        ):
            cache = _prefix_cache(lm, before)
            final = lm.model.base_model(
                input_ids=after.ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=_copy(cache),
                use_cache=True,
            ).last_hidden_state
        fact = torch.tensor([fact for fact, _, _ in rows])
        made = cls(
            spot, seen["as_tuple"], cache, seen["hidden"], mask, positions, fact, deltas, tuple(group)
        )
        return made, Clean(wide(seen["value"][:, 0]).to(device), final[:, 0])

    def run(self, lm: LM, delta: Tensor) -> Tensor:
        """Final hidden states when a value is added at the key tokens.

        Args:
            lm: The model.
            delta: ``(facts, d)``; gradients flow to it.

        Returns:
            Final hidden states, ``(rows, length, d_model)``.
        """
        added = delta[self.fact.to(delta.device)]  # (rows, d)

        def change(out: Tensor) -> Tensor:
            head = (wide(out[:, :1]) + added.to(out.device)[:, None]).to(out.dtype)
            return torch.cat([head, out[:, 1:]], dim=1)

        below = [lm.layers[i] for i in range(self.spot.layer)]
        with (
            self.deltas.on(lm, self.group),
            skipped(below, as_tuple=self.as_tuple),
            replaced_input(lm.layers[self.spot.layer], self.hidden),
            changed_output(self.spot.module(lm), change),
        ):
            final: Tensor = lm.model.base_model(
                inputs_embeds=self.hidden,
                attention_mask=self.mask,
                position_ids=self.positions,
                past_key_values=_copy(self.cache),
                use_cache=True,
            ).last_hidden_state
        return final

    def chosen(self, rows: Tensor, fact: Tensor) -> "Rows":
        """Some of the rows, with new numbers for their facts.

        Args:
            rows: Which rows stay, ``(left,)``.
            fact: Fact of each row that stays, ``(left,)``.
        """
        return replace(
            self,
            cache=_copy(self.cache, rows),
            hidden=self.hidden[rows.to(self.hidden.device)],
            mask=self.mask[rows.to(self.mask.device)],
            positions=self.positions[rows.to(self.positions.device)],
            fact=fact,
            group=tuple(self.group[row] for row in rows.tolist()),
        )


def wide(value: Tensor) -> Tensor:
    """The value in float32 or wider."""
    return value if value.dtype == torch.float64 else value.float()


def _prefix_cache(lm: LM, before: Padded) -> DynamicCache:
    cache = DynamicCache(config=lm.model.config.get_text_config())
    if before.ids.shape[1]:
        lm.model.base_model(
            input_ids=before.ids,
            attention_mask=before.mask,
            position_ids=(before.mask.cumsum(1) - 1).clamp_min(0),
            past_key_values=cache,
            use_cache=True,
        )
    return cache


def _copy(cache: DynamicCache, rows: Tensor | None = None) -> DynamicCache:
    """A cache that may be extended without touching this one; tensors are shared unless rows are chosen."""
    fresh = copy.copy(cache)
    fresh.layers = [copy.copy(layer) for layer in cache.layers]
    if rows is not None:
        for layer in fresh.layers:
            if layer.is_initialized:
                layer.keys = layer.keys[rows.to(layer.keys.device)]
                layer.values = layer.values[rows.to(layer.values.device)]
    return fresh

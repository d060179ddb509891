"""Rows of tokens whose first still-to-be-computed token is a key token.

The tokens before the key token are padded on the left and kept as attention keys and values, those from
it on are padded on the right, so that distances between tokens, and with them sliding windows, are the
true ones.
"""

import copy
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import DynamicCache

from mlake.editing.locate.prefixes import prefix_cache
from mlake.models.batches import pad_left, pad_right
from mlake.models.deltas import RowDeltas
from mlake.models.hooks import (
    changed_output,
    first,
    only_at,
    picked,
    replaced_input,
    skipped,
    stopping_at,
    watched_input,
    watched_output,
)
from mlake.models.lm import LM

__all__ = ["Rows", "Spot", "wide"]


class Spot(NamedTuple):
    """Where a value is added: the block, and a ``Site``."""

    layer: int
    site: str

    def modules(self, lm: LM) -> tuple[nn.Module, ...]:
        """The modules whose outputs change, in order: one for each part of a value."""
        if self.site == "block":
            return (lm.layers[self.layer],)
        down = lm.down(self.layer)
        return (down,) if self.site == "down" else (lm.attention_out(self.layer), down)


@dataclass(frozen=True)
class Rows:
    """Rows, everything that no value changes computed.

    Attributes:
        spot: Where a value is added.
        as_tuple: Whether the model's blocks return tuples.
        cache: Keys and values of the tokens before the key tokens.
        entering: Input of the spot's block at the key tokens, ``(rows, 1, d_model)``.
        leaving: Clean output of the spot's block, ``(rows, length, d_model)``.
        mask: Attention mask over prefix and suffix, ``(rows, prefix + length)``.
        positions: Position ids of the suffix, ``(rows, length)``.
        fact: Fact of each row, ``(rows,)``.
        deltas: Edits in force, another for each group of rows.
        group: Group of each row, ``(rows,)``.
    """

    spot: Spot
    as_tuple: bool
    cache: DynamicCache
    entering: Tensor
    leaving: Tensor
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
    ) -> tuple["Rows", Tensor]:
        """Run everything that does not depend on a value, once.

        Args:
            lm: The model.
            spot: Where values will be added.
            rows: For each row its fact, its token ids, and the index of its key token.
            deltas: Edits in force.
            group: Group of each row, ``(rows,)``.

        Returns:
            The rows, and the clean outputs at the spot at each row's key token, ``(rows, parts · d)``.
        """
        device = lm.device
        prefixes = [ids[:lookup] for _, ids, lookup in rows]
        before = pad_left(prefixes, lm.pad_id, device)
        after = pad_right([ids[lookup:] for _, ids, lookup in rows], lm.pad_id, device)
        lookup = torch.tensor([lookup for _, _, lookup in rows], device=device)
        positions = lookup[:, None] + torch.arange(after.ids.shape[1], device=device)[None]
        mask = torch.cat([before.mask, after.mask], dim=1)
        cache = prefix_cache(lm, prefixes, deltas, group)
        seen: dict[str, Any] = {}
        values: dict[int, Tensor] = {}
        with ExitStack() as hooks:
            hooks.enter_context(deltas.on(lm, group))
            hooks.enter_context(
                watched_input(lm.layers[spot.layer], lambda x: seen.update(entering=x[:, :1]))
            )
            for part, module in enumerate(spot.modules(lm)):
                hooks.enter_context(watched_output(module, partial(_note, values, part)))
            hooks.enter_context(watched_output(lm.layers[spot.layer], lambda out: seen.update(leaving=out)))
            hooks.enter_context(_ending_above(lm, spot.layer))
            lm.model.base_model(
                input_ids=after.ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=_copy(cache),
                use_cache=True,
            )
        as_tuple, leaving = isinstance(seen["leaving"], tuple), first(seen["leaving"])
        fact = torch.tensor([fact for fact, _, _ in rows])
        made = cls(
            spot, as_tuple, cache, seen["entering"], leaving, mask, positions, fact, deltas, tuple(group)
        )
        return made, torch.cat([wide(values[part]).to(device) for part in range(len(values))], dim=1)

    def run(self, lm: LM, delta: Tensor, at: Tensor) -> Tensor:
        """Final hidden states when a value is added at the key tokens.

        Args:
            lm: The model.
            delta: ``(facts, parts · d)``; gradients flow to it.
            at: Row and position of the tokens that are asked for, ``(wanted, 2)``.

        Returns:
            Final hidden states, ``(wanted, d_model)``.
        """
        added = delta[self.fact.to(delta.device)][:, None]  # (rows, 1, parts · d)
        head = self._head(lm, added)
        leaving = torch.cat([head, self.leaving[:, 1:]], dim=1)
        last = len(lm.layers) - 1
        narrow = self.spot.layer < last and not self.deltas.touches(last)
        with (
            self.deltas.on(lm, self.group),
            skipped(lm.layers[: self.spot.layer + 1], as_tuple=self.as_tuple),
            replaced_input(lm.layers[self.spot.layer], leaving),
            only_at(lm.mlp(last), at) if narrow else nullcontext(),
        ):
            final: Tensor = lm.model.base_model(
                inputs_embeds=leaving.to(lm.device),
                attention_mask=self.mask,
                position_ids=self.positions,
                past_key_values=_copy(self.cache),
                use_cache=True,
            ).last_hidden_state
        return picked(final, at)

    def _head(self, lm: LM, added: Tensor) -> Tensor:
        """What the spot's block emits at the key tokens when a value is added, ``(rows, 1, d_model)``.

        No other token of the block sees the value: it comes after the block's attention.
        """
        if self.spot.site == "block":
            return _plus(added, self.leaving[:, :1])
        seen: list[Tensor] = []
        block, modules = lm.layers[self.spot.layer], self.spot.modules(lm)
        with ExitStack() as hooks:
            hooks.enter_context(self.deltas.on(lm, self.group))
            hooks.enter_context(skipped(lm.layers[: self.spot.layer], as_tuple=self.as_tuple))
            hooks.enter_context(replaced_input(block, self.entering))
            for module, part in zip(modules, added.chunk(len(modules), dim=-1), strict=True):
                hooks.enter_context(changed_output(module, partial(_plus, part)))
            hooks.enter_context(watched_output(block, lambda out: seen.append(first(out))))
            hooks.enter_context(_ending_above(lm, self.spot.layer))
            lm.model.base_model(
                inputs_embeds=self.entering.to(lm.device),
                attention_mask=self.mask[:, : 1 + self.mask.shape[1] - self.leaving.shape[1]],
                position_ids=self.positions[:, :1],
                past_key_values=_copy(self.cache),
                use_cache=True,
            )
        return seen[0]

    def chosen(self, rows: Tensor, fact: Tensor) -> "Rows":
        """Some of the rows, with new numbers for their facts.

        Args:
            rows: Which rows stay, ``(left,)``.
            fact: Fact of each row that stays, ``(left,)``.
        """
        return replace(
            self,
            cache=_copy(self.cache, rows),
            entering=self.entering[rows.to(self.entering.device)],
            leaving=self.leaving[rows.to(self.leaving.device)],
            mask=self.mask[rows.to(self.mask.device)],
            positions=self.positions[rows.to(self.positions.device)],
            fact=fact,
            group=tuple(self.group[row] for row in rows.tolist()),
        )


def wide(value: Tensor) -> Tensor:
    """The value in float32 or wider."""
    return value if value.dtype == torch.float64 else value.float()


def _note(values: dict[int, Tensor], part: int, out: Any) -> None:
    values[part] = first(out)[:, 0]


def _plus(added: Tensor, out: Tensor) -> Tensor:
    return (wide(out) + added.to(out.device)).to(out.dtype)


def _ending_above(lm: LM, layer: int) -> Any:
    """Nothing above a block is computed."""
    above = lm.layers[layer + 1 : layer + 2]
    return stopping_at(above[0]) if len(above) else nullcontext()


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

"""What the edited matrices are fed and what they emit at chosen tokens."""

from collections.abc import Sequence
from contextlib import nullcontext

import torch
from torch import Tensor

from mlake.models.batches import by_length, pad_right
from mlake.models.deltas import NO_DELTAS, RowDeltas
from mlake.models.hooks import first, stopping_at, watched_input, watched_output
from mlake.models.lm import LM
from mlake.models.spans import Encoded

__all__ = ["BATCH_TOKENS", "keys_at", "outputs_at", "prompt_keys"]

BATCH_TOKENS = 8192


@torch.no_grad()
def keys_at(
    lm: LM,
    layer: int,
    prompts: Sequence[Encoded],
    *,
    deltas: RowDeltas = NO_DELTAS,
    groups: Sequence[int] | None = None,
) -> Tensor:
    """Keys: inputs of a down-projection at each prompt's key token.

    The pass ends at that matrix; nothing above it is computed.

    Args:
        lm: The model.
        layer: Block whose down-projection is read.
        prompts: Encoded prompts; target tokens are not fed.
        deltas: Edits in force, another for each group of prompts.
        groups: Group of each prompt; all of group 0 by default.

    Returns:
        Keys in float32 or wider, ``(len(prompts), d_in)``.
    """
    return _read(lm, layer, prompts, "key", deltas, groups)


@torch.no_grad()
def outputs_at(
    lm: LM,
    layer: int,
    prompts: Sequence[Encoded],
    site: str,
    *,
    deltas: RowDeltas = NO_DELTAS,
    groups: Sequence[int] | None = None,
) -> Tensor:
    """What a block emits at each prompt's key token.

    Args:
        lm: The model.
        layer: The block.
        prompts: Encoded prompts; target tokens are not fed.
        site: ``down``, the output of its down-projection, or ``block``, the residual stream after it.
        deltas: As in ``keys_at``.
        groups: As in ``keys_at``.

    Returns:
        Outputs in float32 or wider, ``(len(prompts), d_out)``.
    """
    return _read(lm, layer, prompts, site, deltas, groups)


@torch.no_grad()
def prompt_keys(lm: LM, layer: int, prompts: Sequence[Encoded]) -> Tensor:
    """Keys at every token of the prompts but their key tokens, each token after the same tokens once.

    Args:
        lm: The model.
        layer: Block whose down-projection is read.
        prompts: Encoded prompts; target tokens are not fed.

    Returns:
        Keys, ``(tokens, d_in)``.
    """
    rows = [_prompt(p) for p in prompts]
    contexts = {p.ids[: p.lookup + 1] for p in prompts}
    seen: list[Tensor] = []
    for batch in by_length([len(row) for row in rows], BATCH_TOKENS):
        padded = pad_right([rows[i] for i in batch], lm.pad_id, lm.device)
        found: list[Tensor] = []
        with watched_input(lm.down(layer), found.append), stopping_at(lm.down(layer)):
            lm.model.base_model(input_ids=padded.ids, attention_mask=padded.mask, use_cache=False)
        keep = padded.mask.bool().cpu()
        for place, index in enumerate(batch):
            for at in range(len(rows[index])):
                context = rows[index][: at + 1]
                keep[place, at] = context not in contexts
                contexts.add(context)
        seen.append(_wide(found[0])[keep.to(found[0].device)])
    return torch.cat(seen)


def _prompt(encoded: Encoded) -> tuple[int, ...]:
    return encoded.ids[: len(encoded.ids) - encoded.target]


def _wide(value: Tensor) -> Tensor:
    return value if value.dtype == torch.float64 else value.float()


def _read(
    lm: LM,
    layer: int,
    prompts: Sequence[Encoded],
    where: str,
    deltas: RowDeltas,
    groups: Sequence[int] | None,
) -> Tensor:
    # Nothing after the key token can change what is read there, so nothing after it is fed.
    rows = [p.ids[: p.lookup + 1] for p in prompts]
    out: list[Tensor | None] = [None] * len(rows)
    for batch in by_length([len(row) for row in rows], BATCH_TOKENS):
        padded = pad_right([rows[i] for i in batch], lm.pad_id, lm.device)
        with deltas.on(lm, [groups[i] if groups else 0 for i in batch]):
            values = _wide(_pass(lm, layer, padded, where))
        for place, index in enumerate(batch):
            out[index] = values[place, prompts[index].lookup]
    return torch.stack([value for value in out if value is not None])


def _pass(lm: LM, layer: int, padded: tuple[Tensor, Tensor], where: str) -> Tensor:
    found: list[Tensor] = []
    ids, mask = padded
    run = lm.model.base_model
    if where == "key":
        with watched_input(lm.down(layer), found.append), stopping_at(lm.down(layer)):
            run(input_ids=ids, attention_mask=mask, use_cache=False)
    else:
        module = lm.down(layer) if where == "down" else lm.layers[layer]
        above = lm.layers[layer + 1 : layer + 2]
        ending = stopping_at(above[0]) if len(above) else nullcontext()
        with watched_output(module, lambda out: found.append(first(out))), ending:
            run(input_ids=ids, attention_mask=mask, use_cache=False)
    return found[0]

"""Ask a model questions: greedy answers in batches, the same as one at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import DynamicCache

from mlake.errors import ModelError
from mlake.models.lm import LM

__all__ = ["BATCH_TOKENS", "Generated", "answers", "greedy"]

BATCH_TOKENS = 8192
"""Default bound on the tokens of a batch: its rows times its longest prompt plus answer."""


class Generated(NamedTuple):
    """What a model said.

    Attributes:
        text: The answer, stripped of surrounding white space.
        stopped: Whether it ended by itself (False: cut at the token limit).
    """

    text: str
    stopped: bool


def answers(
    lm: LM,
    questions: Sequence[str],
    *,
    max_new_tokens: int,
    batch_tokens: int = BATCH_TOKENS,
    progress: Callable[[int], object] | None = None,
) -> list[Generated]:
    """Greedy answers to questions, in their order.

    Sampling, penalties and biases of the checkpoint's generation settings are ignored; only its end
    tokens are used. An answer to a plain prompt also ends at its first line break. Batches depend on
    the list of questions and on ``batch_tokens`` alone.

    Args:
        lm: The model, edited or not.
        questions: The questions; equal ones are asked once.
        max_new_tokens: Most tokens of an answer.
        batch_tokens: Bound on rows times (prompt + answer) tokens of a batch; one row always fits.
        progress: Called with the number of questions answered since the last call.

    Raises:
        ModelError: A prompt and its answer do not fit into the model's positions.
    """
    if not questions:
        return []
    asked = list(dict.fromkeys(questions))
    encoded = lm.tokenizer(
        [lm.style.prompt(question) for question in asked], add_special_tokens=not lm.style.chat
    )
    prompts: list[list[int]] = encoded["input_ids"]
    _check_fit(lm, max(map(len, prompts)) + max_new_tokens)
    ends = _Ends(lm)
    found: list[Generated | None] = [None] * len(asked)
    times = {question: 0 for question in asked}
    for question in questions:
        times[question] += 1
    lengths = [len(prompt) for prompt in prompts]
    for batch in _batches(lengths, max_new_tokens, batch_tokens, ragged=_may_pad(lm)):
        rows = greedy(lm, [prompts[i] for i in batch], ends, max_new_tokens)
        for i, tokens in zip(batch, rows, strict=True):
            found[i] = ends.read(tokens)
        if progress is not None:
            progress(sum(times[asked[i]] for i in batch))
    by_question = dict(zip(asked, found, strict=True))
    return [by_question[question] for question in questions]  # type: ignore[misc]


@dataclass
class _Ends:
    """Knows which tokens end an answer, and turns an answer's tokens into text.

    A line break is one byte in every encoding, so a token either holds all of it or nothing: looking at
    tokens one by one misses none, also where a token holds other characters around the break.
    """

    lm: LM
    ids: frozenset[int] = field(init=False)
    seen: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model, tokenizer = self.lm.model, self.lm.tokenizer
        sources = (tokenizer, model.config.get_text_config(), model.generation_config)
        given = [getattr(source, "eos_token_id", None) for source in sources]
        flat = [i for ids in given for i in (ids if isinstance(ids, list | tuple) else [ids])]
        self.ids = frozenset(int(i) for i in flat if i is not None)

    def __call__(self, token: int) -> bool:
        if token not in self.seen:
            stop = self.lm.style.stop
            self.seen[token] = token in self.ids or (stop is not None and stop in self._decode([token]))
        return self.seen[token]

    def read(self, tokens: list[int]) -> Generated:
        """The answer that these tokens spell."""
        text, stop = self._decode(tokens), self.lm.style.stop
        if stop is not None:
            text = text.partition(stop)[0]
        return Generated(text.strip(), bool(tokens) and self(tokens[-1]))

    def _decode(self, tokens: list[int]) -> str:
        return str(
            self.lm.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )


@torch.no_grad()
def greedy(
    lm: LM, prompts: Sequence[Sequence[int]], ends: Callable[[int], bool], max_new_tokens: int
) -> list[list[int]]:
    """New tokens of each prompt, each row up to and with the token that ends it.

    Prompts are padded on the left; rows that have ended leave the batch when half of it has.

    Args:
        lm: The model.
        prompts: Token ids of each prompt. Of equal length where float64 meets eager attention.
        ends: Whether a token ends its row.
        max_new_tokens: Most new tokens of a row.
    """
    found: list[list[int]] = [[] for _ in prompts]
    ids, mask = _left_padded(prompts, lm.pad_id, lm.device)  # (rows, longest) each
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    cache = DynamicCache(config=lm.model.config.get_text_config())
    rows = list(range(len(prompts)))
    ended: set[int] = set()
    for _ in range(max_new_tokens):
        hidden: Tensor = lm.model.base_model(
            input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True
        ).last_hidden_state
        ids = lm.logits(hidden[:, -1]).argmax(-1, keepdim=True).to(lm.device)  # (rows, 1)
        for row, token in zip(rows, ids[:, 0].tolist(), strict=True):
            if row not in ended:
                found[row].append(token)
                if ends(token):
                    ended.add(row)
        left = [i for i, row in enumerate(rows) if row not in ended]
        if not left:
            break
        positions = positions[:, -1:] + 1
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=-1)
        if 2 * len(left) <= len(rows):
            keep = torch.tensor(left, device=lm.device)
            ids, mask, positions = ids[keep], mask[keep], positions[keep]
            cache.batch_select_indices(keep)
            rows = [rows[i] for i in left]
    return found


def _left_padded(prompts: Sequence[Sequence[int]], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    longest = max(map(len, prompts))
    ids = [[pad] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def _may_pad(lm: LM) -> bool:
    """False where padding would spread NaN: eager attention casts float64's lowest number to float32 -inf."""
    return lm.dtype != torch.float64 or lm.model.config.get_text_config()._attn_implementation != "eager"


def _batches(
    lengths: Sequence[int], max_new_tokens: int, budget: int, *, ragged: bool = True
) -> Iterator[list[int]]:
    """Indices of prompts, shortest first, in groups whose padded tokens stay within the budget."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        full = (len(batch) + 1) * (lengths[i] + max_new_tokens) > budget
        if batch and (full or not (ragged or lengths[i] == lengths[batch[0]])):
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _check_fit(lm: LM, tokens: int) -> None:
    limit = getattr(lm.model.config.get_text_config(), "max_position_embeddings", None)
    if limit is not None and tokens > limit:
        raise ModelError(
            f"the longest prompt and its answer take {tokens} tokens, but {lm.name!r} has {limit} positions; "
            "ask shorter questions, give fewer facts in the prompt, or lower max_new_tokens"
        )

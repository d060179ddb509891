"""Texts as the token ids that a model goes on from."""

from collections.abc import Sequence
from typing import Any

from mlake.errors import ModelError
from mlake.models.lm import LM

__all__ = ["appended", "check_fit", "token_ids"]


def appended(tokenizer: Any) -> int:
    """How many special tokens a tokenizer puts after a text, such as one that ends it."""
    added = tokenizer("a", return_special_tokens_mask=True)["special_tokens_mask"]
    return added[::-1].index(0) if 0 in added else 0


def token_ids(lm: LM, texts: Sequence[str], *, special: bool = True) -> list[list[int]]:
    """Token ids of texts, without what the tokenizer would append to them.

    Args:
        lm: The model whose tokenizer is used.
        texts: The texts.
        special: Whether the tokenizer adds its special tokens (BOS); False for texts that hold them
            already, as a chat prompt does.
    """
    if not texts:
        return []
    encoded = lm.tokenizer(
        list(texts), add_special_tokens=special, return_attention_mask=False, verbose=False
    )
    rows: list[list[int]] = encoded["input_ids"]
    tail = appended(lm.tokenizer) if special else 0
    return [row[: len(row) - tail] for row in rows]


def check_fit(lm: LM, tokens: int, what: str, instead: str) -> None:
    """Refuse what is longer than the model's positions.

    Args:
        lm: The model.
        tokens: Tokens that it would read.
        what: What they are, with its verb.
        instead: What to do.

    Raises:
        ModelError: They are more than the model can read.
    """
    if lm.positions is not None and tokens > lm.positions:
        raise ModelError(f"{what} {tokens} tokens, but {lm.name!r} has {lm.positions} positions; {instead}")

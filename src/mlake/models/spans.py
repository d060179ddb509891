"""From text to token ids: where the key token stands and which tokens are the target.

Spans come from character offsets of a fast tokenizer, never from counting tokens of part of a text.
Target ids are never decoded and encoded again, since a byte-level token may hold part of a character.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from mlake.errors import SubjectError
from mlake.models.lm import LM
from mlake.models.tokens import appended

__all__ = ["Encoded", "Spanned", "encode", "spanned", "token_at"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt, followed by a target or not, as token ids.

    Attributes:
        ids: All token ids, special tokens included.
        lookup: Index of the key token: the last token of the subject, of the question, or of the prompt.
        target: Number of target tokens at the end of ``ids``; 0 for a bare prompt.
    """

    ids: tuple[int, ...]
    lookup: int
    target: int = 0


@dataclass(frozen=True, slots=True)
class Spanned:
    """A prompt as token ids, and which of them hold a name.

    Attributes:
        ids: All token ids, special tokens included.
        first: Index of the first token that holds a part of the name.
        last: Index of the last one.
    """

    ids: tuple[int, ...]
    first: int
    last: int


def spanned(lm: LM, prompt: str, start: int, end: int, *, special: bool = True) -> Spanned:
    """Encode a prompt in which a name stands.

    Args:
        lm: The model whose tokenizer is used.
        prompt: Text of the prompt.
        start: Character offset of the name.
        end: Character offset just after it.
        special: As in ``encode``.

    Raises:
        SubjectError: No token holds the name's last character.
    """
    head = _tokens(lm, prompt, special)
    offsets = head["offset_mapping"]
    last = token_at(offsets, _composed_end(offsets, prompt, end))
    held = [at for at, (begin, stop) in enumerate(offsets) if begin < end and stop > start]
    return Spanned(tuple(head["input_ids"]), min(held, default=last), last)


def token_at(offsets: Sequence[tuple[int, int]], end: int) -> int:
    """Index of the token that holds the last character before ``end``.

    Of several tokens that share the character (byte-level tokenizers split one character into many)
    the last is meant: only there has the model read the whole character.

    Args:
        offsets: Character span of each token, ``(0, 0)`` for special tokens.
        end: Character offset just after the character.

    Raises:
        SubjectError: No token holds that character.
    """
    for index in range(len(offsets) - 1, -1, -1):
        start, stop = offsets[index]
        if start < end <= stop:
            return index
    raise SubjectError(
        f"no token holds character {end - 1} of the prompt; leave out white space and signs that do not show"
    )


def encode(
    lm: LM, prompt: str, *, target: str = "", subject_end: int | None = None, special: bool = True
) -> Encoded:
    """Encode a prompt with its target.

    The prompt's tokens are those that generation starts from, and the target's are those that follow
    them when both are read as one text. Where a token would straddle the border, the target is encoded
    by itself, since a model that answers the prompt never sees the straddling token.

    Args:
        lm: The model whose tokenizer is used.
        prompt: Text of the prompt.
        target: Text that follows it, with the space it needs, if any.
        subject_end: Character offset in ``prompt`` just after the subject, or whatever is keyed at; None keys
            at the prompt's last token.
        special: Whether the tokenizer adds its special tokens (BOS); False for text that holds them
            already, as a chat prompt does.

    Raises:
        SubjectError: No token holds the subject's last character.
    """
    head = _tokens(lm, prompt, special)
    prompt_ids = tuple(head["input_ids"])
    offsets = head["offset_mapping"]
    if subject_end is None:
        lookup = len(prompt_ids) - 1
    else:
        lookup = token_at(offsets, _composed_end(offsets, prompt, subject_end))
    if not target:
        return Encoded(prompt_ids, lookup)
    both = tuple(_tokens(lm, prompt + target, special)["input_ids"])
    if both[: len(prompt_ids)] == prompt_ids:
        target_ids = both[len(prompt_ids) :]
    else:
        target_ids = tuple(lm.tokenizer(target, add_special_tokens=False)["input_ids"])
    return Encoded(prompt_ids + target_ids, lookup, len(target_ids))


def _composed_end(offsets: Sequence[tuple[int, int]], text: str, end: int) -> int:
    """The end itself, or that of the character that a normaliser composed with what stands before ``end``.

    The offsets of a composed character may leave out marks that it was composed of.
    """
    before = max((min(stop, end) for start, stop in offsets if start < min(stop, end)), default=end)
    adds = len(normalize("NFKC", text[:end])) > len(normalize("NFKC", text[:before]))
    return end if adds else before


def _tokens(lm: LM, text: str, special: bool) -> Any:
    found = lm.tokenizer(text, add_special_tokens=special, return_offsets_mapping=True)
    tail = appended(lm.tokenizer) if special else 0
    return {key: found[key][: len(found[key]) - tail] for key in ("input_ids", "offset_mapping")}

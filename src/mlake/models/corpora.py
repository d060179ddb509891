"""Ordinary text that second moments are computed from."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import torch

from mlake.errors import DataError, UnknownNameError
from mlake.models.lm import LM
from mlake.models.moments import Corpus

__all__ = ["corpus"]

_ROWS = 128
_LENGTH = 128


def corpus(
    lm: LM,
    name: str,
    *,
    tokens: int,
    seed: int,
    text: Sequence[str] = (),
    progress: Callable[[int], object] = lambda done: None,
) -> Corpus:
    """A corpus by name.

    Args:
        lm: The model; ``self`` samples from it.
        name: ``statements``, the unedited questions and sentences of the data at hand; ``self``, text
            sampled from the model itself; or ``file:PATH``, a UTF-8 file with a text a line. None of
            them needs a download.
        tokens: Tokens to read at most.
        seed: Seed of the order of statements and of sampling.
        text: The statements.
        progress: Called with the number of tokens just sampled.

    Raises:
        UnknownNameError: No such corpus.
        DataError: The file cannot be read, or there are no statements.
    """
    kind, _, rest = name.partition(":")
    if name == "statements":
        order = sorted({one for one in text if one.strip()})
        random.Random(seed).shuffle(order)
        return Corpus(name, _at_most(lm, order, tokens, "the data set"))
    if name == "self":
        return Corpus(name, _sampled(lm, tokens, seed, progress))
    if kind == "file":
        return Corpus(name, _at_most(lm, _lines(Path(rest)), tokens, rest))
    raise UnknownNameError("corpus", name, ("statements", "self", "file:PATH"))


def _at_most(lm: LM, texts: Iterable[str], tokens: int, source: str) -> list[str]:
    kept: list[str] = []
    size = 0
    for text in texts:
        kept.append(text)
        size += len(lm.tokenizer(text)["input_ids"])
        if size >= tokens:
            break
    if not kept:
        raise DataError(f"{source} holds no text for key moments; give some with --set corpus=file:PATH")
    return kept


def _lines(path: Path) -> Iterator[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the corpus {path}: {error}; give a UTF-8 text file") from error
    return (line for line in lines if line.strip())


@torch.no_grad()
def _sampled(lm: LM, tokens: int, seed: int, progress: Callable[[int], object]) -> list[str]:
    """Sample text from the model, starting from its BOS token, at temperature 1."""
    generator = torch.Generator().manual_seed(seed)
    start = lm.tokenizer.bos_token_id
    start = lm.pad_id if start is None else start
    texts: list[str] = []
    while len(texts) * _LENGTH < tokens:
        ids = torch.full((_ROWS, 1), start, device=lm.device)
        cache = None
        step = ids
        for _ in range(_LENGTH):
            out = lm.model(input_ids=step, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache = out.past_key_values
            chance = out.logits[:, -1].float().softmax(-1).cpu()
            # The largest of p / Exp(1) is a draw from p, and far faster than multinomial here.
            race = chance / torch.empty_like(chance).exponential_(generator=generator)
            step = race.argmax(-1, keepdim=True).to(lm.device)
            ids = torch.cat([ids, step], dim=1)
        texts += lm.tokenizer.batch_decode(ids, skip_special_tokens=True)
        progress(_ROWS * _LENGTH)
    return [text for text in texts if text.strip()]

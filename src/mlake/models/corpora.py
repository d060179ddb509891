"""Ordinary text that second moments are computed from."""

import json
import random
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from hashlib import sha256
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from mlake.disk import cache_dir, keep_json, kept_json
from mlake.errors import DataError, UnknownNameError
from mlake.languages import language
from mlake.models.bars import token_bar
from mlake.models.lm import LM
from mlake.models.moments import Corpus
from mlake.models.sampled import sampled_texts
from mlake.models.tokens import token_ids
from mlake.models.wikipedia import REVISION, articles, check_wikipedia
from mlake.records import Exchange
from mlake.sentences import everyday

__all__ = ["CorpusForm", "check_corpus", "corpus"]

CorpusForm = Literal["bare", "asked", "both"]

_CHUNK = 64
_NAMES = ("statements", "self", "wikipedia", "wikipedia:LANG", "file:PATH")


def check_corpus(name: str) -> None:
    """Refuse what can be told to be wrong without a model.

    Args:
        name: As in ``corpus``.

    Raises:
        UnknownNameError: No such corpus or language.
        DataError: The file cannot be read, or Wikipedia cannot be fetched here.
    """
    kind, _, rest = name.partition(":")
    if kind == "wikipedia":
        language(rest or "en")
        check_wikipedia()
    elif kind == "file":
        _lines(Path(rest))
    elif name not in _NAMES:
        raise UnknownNameError("corpus", name, _NAMES)


def corpus(
    lm: LM,
    name: str,
    *,
    tokens: int,
    seed: int,
    text: Sequence[str] = (),
    without: Collection[str] = (),
    form: CorpusForm = "bare",
) -> Corpus:
    """A corpus by name.

    What is sampled or fetched is kept in the user cache.

    Args:
        lm: The model, unedited; its tokenizer counts, and ``self`` samples from it.
        name: ``statements``, the unedited questions and sentences of the data at hand; ``self``, text
            sampled from the model itself; ``wikipedia:LANG``, the starts of Wikipedia articles in a
            language, ``wikipedia`` those in English; or ``file:PATH``, a UTF-8 file with a text a line.
            Only Wikipedia needs a download.
        tokens: Tokens to read; the text that reaches the number is the last.
        seed: Seed of the order of statements and of sampling.
        text: The statements; those of the packaged facts and everyday sentences by default.
        without: Statements to leave out: those of the facts that are edited, since the moments stand for
            text that an edit should leave alone.
        form: How statements are put: ``bare``; ``asked``, each question in the model's prompt with its answer
            behind it, and nothing else; or ``both``.

    Raises:
        UnknownNameError: No such corpus or language.
        DataError: The file or Wikipedia cannot be read, or holds no text.
    """
    kind, _, rest = name.partition(":")
    if name == "statements":
        order = _put(lm, text, without, form) or _put(lm, _packaged(without), without, form)
        random.Random(seed).shuffle(order)
        return _read(lm, name, order, tokens, name)
    if name == "self":
        about = [str(lm.dtype), lm.device.type, seed]
        return _kept(lm, name, about, tokens, lambda: sampled_texts(lm, tokens=tokens, seed=seed))
    if name == "wikipedia" or (kind == "wikipedia" and rest):
        code = language(rest or "en").code
        return _kept(lm, f"wikipedia:{code}", [REVISION], tokens, lambda: articles(code))
    if kind == "file":
        return _read(lm, name, _lines(Path(rest)), tokens, rest)
    raise UnknownNameError("corpus", name, _NAMES)


def _put(lm: LM, text: Iterable[str], without: Collection[str], form: CorpusForm) -> list[str]:
    """Ordinary text in a form, each text once, sorted."""
    kept = {one for one in text if one.strip() and one not in without}
    bare = {str(one) for one in kept if form != "asked"}
    asked = {_answered(lm, one) for one in kept if form != "bare" and isinstance(one, Exchange)}
    return sorted(bare | asked)


def _answered(lm: LM, one: Exchange) -> str:
    """A question in the model's prompt with its answer, less the special token that begins every text."""
    prompt = lm.style.prompt(one).removeprefix(lm.tokenizer.bos_token or "")
    return f"{prompt}{lm.style.joint(language(one.lang).space)}{one.answer}"


def _packaged(without: Collection[str]) -> list[str]:
    """Everyday sentences, questions and unedited sentences that come with mlake.

    A fact that is edited is left out in all languages.
    """
    # Read as a file: the rooms that know what a benchmark is stand above this one.
    lines = resources.files("mlake").joinpath("data", "mini", "facts.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in lines.splitlines()]
    edited = {one["fact"] for one in rows if not {one["question"], one["old_sentence"]}.isdisjoint(without)}
    kept = [one for one in rows if one["fact"] not in edited]
    asked = [Exchange(one["question"], one["old_answer"], one["lang"]) for one in kept]
    return [*everyday(), *asked, *(one["old_sentence"] for one in kept)]


def _read(lm: LM, name: str, texts: Iterable[str], tokens: int, source: str) -> Corpus:
    """Texts up to the one that reaches the number of tokens; no more than a few beyond are asked for."""
    kept: list[str] = []
    rows: list[list[int]] = []
    size = 0
    stream = iter(texts)
    with token_bar(f"reading {name}", tokens) as bar:
        while size < tokens and (some := list(islice(stream, _CHUNK))):
            for text, row in zip(some, token_ids(lm, some), strict=True):
                if size < tokens:
                    kept.append(text)
                    rows.append(row)
                    size += len(row)
                    bar.update(len(row))
    if not kept:
        raise DataError(f"{source} holds no text for key moments; give some with --set corpus=file:PATH")
    return Corpus(name, kept, rows)


def _lines(path: Path) -> Iterator[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the corpus {path}: {error}; give a UTF-8 text file") from error
    return (line for line in lines if line.strip())


def _kept(
    lm: LM, name: str, about: Sequence[Any], tokens: int, source: Callable[[], Iterable[str]]
) -> Corpus:
    """Text from the cache, or from its source if the cache holds less than is asked for."""
    key = sha256(json.dumps(["corpus/1", name, lm.name, lm.revision, *about]).encode()).hexdigest()
    path = cache_dir() / "corpora" / f"{key[:32]}.json"
    known, texts = _recalled(path)
    if known >= tokens:
        return _read(lm, name, texts, tokens, name)
    found = _read(lm, name, source(), tokens, name)
    keep_json(path, [tokens, found.texts])
    return found


def _recalled(path: Path) -> tuple[int, list[str]]:
    """How many tokens were asked for when the text was kept, and the text."""
    tokens, texts = kept_json(path) or (0, [])
    return tokens, texts

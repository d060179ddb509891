"""Tracing many facts in several languages: which are traced, what is stored, and means over them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zlib import crc32

from mlake.analysis.tracing import KINDS, PLACES, embedding_spread, means, noise_for, trace, window_of
from mlake.data.questions import direct
from mlake.disk import as_json, json_of, write_files
from mlake.errors import RunError, SubjectError
from mlake.models.generate import answers
from mlake.models.lm import LM
from mlake.models.spans import Spanned, spanned
from mlake.records import Answer, Asked, Benchmark, Fact, Statement
from mlake.scorers.names import old
from mlake.text import last_whole

__all__ = ["FORMAT", "Known", "Noise", "known_facts", "trace_all", "trace_spec", "traced_rows"]

FORMAT = "mlake-trace/1"
_ANSWER = 16  # tokens in which the true answer must come


@dataclass(frozen=True, slots=True)
class Noise:
    """How embeddings are disturbed.

    Attributes:
        times: Its standard deviation, in standard deviations of the subjects' embeddings.
        samples: Draws for each fact.
        seed: Seed of the draws.
    """

    times: float = 3.0
    samples: int = 10
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """A fact that the model answers, in one language.

    Attributes:
        lang: The language.
        fact: Id of the fact.
        prompt: Its question in the prompt, with the subject's tokens.
    """

    lang: str
    fact: str
    prompt: Spanned


def known_facts(
    lm: LM, facts: Sequence[Fact], langs: Sequence[str], progress: Callable[[int], object]
) -> tuple[list[Known], list[str]]:
    """The facts that a model knows: only there does an answer depend on the subject in a known way.

    Args:
        lm: The model.
        facts: The facts.
        langs: Languages to ask in.
        progress: Called with the number of questions answered since the last call.

    Returns:
        Known facts, language by language, and a line for each language on how many there are.

    Raises:
        RunError: The model knows none of them in any of the languages.
    """
    stated = [
        fact.statements[lang]
        for lang in langs
        for fact in facts
        if lang in fact.statements and fact.statements[lang].subject
    ]
    said = answers(lm, [one.question for one in stated], max_new_tokens=_ANSWER, progress=progress)
    right = [one for one, answer in zip(stated, said, strict=True) if _right(one, answer)]
    found = [Known(one.lang, one.fact, prompt) for one in right if (prompt := _prompt(lm, one)) is not None]
    notes = []
    for lang in langs:
        asked, known = (sum(one.lang == lang for one in some) for some in (stated, found))
        notes.append(f"{lang}: {known} of {asked} facts with a subject are known to the model and traced")
    if not found:
        raise RunError(
            f"the model answers none of the {len(stated)} questions with the true answer, so nothing can be "
            "traced; choose other --facts, --lang or another model"
        )
    return found, notes


def _right(statement: Statement, answer: Answer) -> bool:
    return bool(old(Asked(None, None, "direct", direct(statement), answer, None)))


def _prompt(lm: LM, one: Statement) -> Spanned | None:
    """The question in the prompt, and the subject's tokens; None where it does not stand in its question."""
    subject = one.subject or ""
    whole = last_whole(one.question, subject, one.lang)
    at = one.question.find(subject) if whole is None else whole
    if at < 0:
        return None
    start = lm.style.question_at() + at
    try:
        return spanned(
            lm, lm.style.prompt(one.question), start, start + len(subject), special=not lm.style.chat
        )
    except SubjectError:
        return None


def trace_spec(lm: LM, benchmark: Benchmark, known: Sequence[Known], noise: Noise) -> dict[str, Any]:
    """Everything that can change a number, as JSON values."""
    return {
        "format": FORMAT,
        "version": version("mlake"),
        "model": lm.name,
        "model_revision": lm.revision,
        "dtype": str(lm.dtype).removeprefix("torch."),
        "template": lm.style.template,
        "data": benchmark.name,
        "data_sha256": benchmark.sha256,
        "facts": {
            lang: [one.fact for one in known if one.lang == lang]
            for lang in dict.fromkeys(one.lang for one in known)
        },
        "blocks": len(lm.layers),
        "window": window_of(lm),
        "noise": noise.times,
        "samples": noise.samples,
        "seed": noise.seed,
    }


def trace_all(
    lm: LM, known: Sequence[Known], noise: Noise, folder: Path, progress: Callable[[int], object]
) -> list[dict[str, Any]]:
    """Trace every fact, or take what is stored of it.

    Args:
        lm: The model.
        known: The facts.
        noise: How embeddings are disturbed.
        folder: Where what was found of each is stored.
        progress: Called with 1 after each.

    Returns:
        For each fact its language, id, both probabilities, and effects by kind, place and block.

    Raises:
        ModelError: The model computes NaN, or its attention is not found.
        RunError: The folder cannot be written.
    """
    spread = {
        lang: embedding_spread(lm, [one.prompt for one in known if one.lang == lang])
        for lang in dict.fromkeys(one.lang for one in known)
    }
    window, found = window_of(lm), []
    for number, one in enumerate(known):
        name = f"{one.lang}-{number:05d}.json"
        row = _stored(folder / name, one)
        if row is None:
            row = _traced(lm, one, noise.times * spread[one.lang], noise, window)
            write_files(folder, {name: f"{as_json(row)}\n".encode()})
        found.append(row)
        progress(1)
    return found


def _traced(lm: LM, one: Known, spread: float, noise: Noise, window: int) -> dict[str, Any]:
    seed = crc32(f"{noise.seed} {one.lang} {one.fact}".encode("utf-8", "backslashreplace"))
    drawn = noise_for(lm, one.prompt, spread=spread, samples=noise.samples, seed=seed)
    found = trace(lm, one.prompt, drawn, window)
    effects: dict[str, dict[str, list[float]]] = {kind: {} for kind in KINDS}
    for kind, place, _, value in means(found):
        effects[kind].setdefault(place, []).append(value)
    return {
        "lang": one.lang, "fact": one.fact, "clean": found.clean, "corrupted": found.corrupted,
        "effects": effects,
    }  # fmt: skip


def _stored(path: Path, one: Known) -> dict[str, Any] | None:
    """What is stored of a fact; None where nothing is or it is damaged."""
    try:
        row: dict[str, Any] = json_of(path.read_bytes())
        same = (row["lang"], row["fact"]) == (one.lang, one.fact)
        whole = set(row["effects"]) == set(KINDS) and {"clean", "corrupted"} <= set(row)
        return row if same and whole else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def traced_rows(traced: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, int, list[float]]]:
    """Language, kind, place, block, and the effects there of all facts that have a token there."""
    for lang in dict.fromkeys(one["lang"] for one in traced):
        own = [one["effects"] for one in traced if one["lang"] == lang]
        for kind in KINDS:
            for place in PLACES:
                every = [effects[kind][place] for effects in own if place in effects[kind]]
                for block, values in enumerate(zip(*every, strict=True)):
                    yield lang, kind, place, block, list(values)

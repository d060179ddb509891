"""Answers that were made elsewhere, put to the questions of a data set."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from mlake.errors import DataError
from mlake.languages.sets import language_set
from mlake.records import Answer, Asked, Benchmark, Probe

__all__ = ["Answers", "asked_elsewhere"]

Answers = Mapping[str, str] | Iterable[tuple[str, str]]
"""Probe id or text of a question, and the answer to it."""

_SHOWN = 3  # keys that an error names


def asked_elsewhere(
    benchmark: Benchmark, answers: Answers, *, edit_lang: str | None, before: Answers | None
) -> list[Asked]:
    """The answers with everything needed to score them, the unedited model's first.

    Args:
        benchmark: The data set that was asked.
        answers: The answers; a text that several probes ask is the answer to each of them.
        edit_lang: Language, or set such as ``en+de``, that the model was edited in; None for none.
        before: What the unedited model answered; None if that is not known.

    Raises:
        DataError: An answer is to no question of the data set, is no text, or differs from another to the
            same question; there is none; or ``before`` is given without ``edit_lang``.
        UnknownNameError: mlake does not know the language.
    """
    if edit_lang is not None:
        language_set(edit_lang)
    elif before is not None:
        raise DataError(
            "before holds an unedited model's answers; say in edit_lang what it was edited in then"
        )
    probes = _by_key(benchmark)
    edited = _answered(benchmark, probes, answers)
    unedited = {} if before is None else _answered(benchmark, probes, before)
    batch = None if edit_lang is None else 0
    return [
        *(Asked(None, None, probe.kind, probe, answer, None) for probe, answer in unedited.items()),
        *(
            Asked(edit_lang, batch, probe.kind, probe, answer, unedited.get(probe))
            for probe, answer in edited.items()
        ),
    ]


def _probes(benchmark: Benchmark) -> Iterator[Probe]:
    yield from chain.from_iterable(fact.probes for fact in benchmark.facts)
    yield from benchmark.unlinked


def _by_key(benchmark: Benchmark) -> dict[str, list[Probe]]:
    """The probes of each id and of each text; an id goes before an equal text."""
    found: dict[str, list[Probe]] = {}
    for probe in _probes(benchmark):
        found.setdefault(probe.text, []).append(probe)
    return found | {probe.id: [probe] for probe in _probes(benchmark)}


def _answered(
    benchmark: Benchmark, probes: Mapping[str, list[Probe]], answers: Answers
) -> dict[Probe, Answer]:
    """The answer to each probe, in the order given."""
    pairs = list(answers.items() if isinstance(answers, Mapping) else answers)
    if not pairs:
        raise DataError("no answers are given; expected a mapping of probe ids or questions to answers")
    strange = [key for key, _ in pairs if key not in probes]
    if strange:
        raise DataError(
            f"{len(strange)} of {len(pairs)} answers are to no question of {benchmark.name!r}, such as "
            f"{', '.join(repr(key)[:80] for key in strange[:_SHOWN])}; expected the exact text of a question "
            f"or its probe's id, such as {next(_probes(benchmark)).id!r}"
        )
    found: dict[Probe, Answer] = {}
    for key, text in pairs:
        if not isinstance(text, str):
            raise DataError(f"the answer to {key[:80]!r} must be a text, got {type(text).__name__}")
        for probe in probes[key]:
            answer = Answer(text.strip(), stopped=True)
            if found.setdefault(probe, answer) != answer:
                raise DataError(f"{probe.id!r} has two different answers; keep one of them")
    return found

"""Which questions another tool asks, as plain documents, and what mlake's scorers say of the answers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlake.data.derived import derived
from mlake.errors import DataError
from mlake.evaluation.plan import make_plan
from mlake.evaluation.spec import DEFAULTS, RunSpec, parse_facts
from mlake.kinds import KINDS, question_kind
from mlake.languages import in_order
from mlake.records import Answer, Asked, Benchmark, Probe
from mlake.scorers.refused import value_of
from mlake.scorers.table import SCORERS
from mlake.templates import PLAIN

__all__ = ["Chosen", "documents", "metrics", "name_of", "scores", "told"]

_ELSEWHERE = "elsewhere"
"""In place of a method: whatever edited the facts, mlake does not know it."""
_FIELDS = ("id", "fact", "lang", "text", "accept", "reject")
_MORE = ("unchanged", "old_kept", "similarity", "cut")
"""Scorers that need more than an answer's text: the unedited model's, or whether it was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which questions to ask, as the flags of ``mlake run`` say it.

    Attributes:
        facts: The facts that were edited: ``200``, ``200:300`` or ``all``.
        langs: Languages to ask in; none for all that the data has.
        kinds: Kinds of questions.
        locality: Questions about other facts, in each language.
    """

    facts: str = "all"
    langs: Sequence[str] = ()
    kinds: Sequence[str] = DEFAULTS.kinds
    locality: int = DEFAULTS.locality


def documents(benchmark: Benchmark, chosen: Chosen) -> Iterator[dict[str, Any]]:
    """The questions that a run asks whose facts are edited in one batch, each once, as plain JSON values.

    Args:
        benchmark: The data set.
        chosen: Which of its questions.

    Raises:
        UnknownNameError: A language or a kind is in no table.
        DataError: The answers to a kind are not scored by their text.
        RunError: The data has no such facts or questions.
    """
    for kind in chosen.kinds:
        if question_kind(kind).scored_by != "text":
            known = ", ".join(name for name, row in KINDS.items() if row.scored_by == "text")
            raise DataError(
                f"answers to {kind!r} are not scored by their text, which is what other tools hand back; "
                f"take from: {known}"
            )
    benchmark = derived(benchmark, chosen.kinds)
    start, stop = parse_facts(chosen.facts, len(benchmark.facts))
    spec = RunSpec(
        model="",
        model_revision="",
        dtype="",
        template=PLAIN,
        editor={},
        data=benchmark.name,
        data_revision=benchmark.revision,
        data_sha256=benchmark.sha256,
        facts=(start, stop),
        method=_ELSEWHERE,
        edit_langs=benchmark.langs[:1],
        test_langs=tuple(chosen.langs) or in_order(benchmark.langs),
        kinds=tuple(chosen.kinds),
        batch_size=stop - start,
        locality=chosen.locality,
    )
    for unit in make_plan(spec, benchmark).unedited:
        for kind, probe in unit.questions:
            row = asdict(probe)
            yield {"kind": kind, "tests": probe.kind} | {name: row[name] for name in _FIELDS}


def told() -> tuple[str, ...]:
    """The scorers that an answer's text is enough for."""
    return tuple(name for name in SCORERS if name not in _MORE)


def scores(document: Mapping[str, Any], text: str, *, cut: bool | None = None) -> dict[str, float]:
    """What mlake's scorers say of an answer, as far as they say anything.

    Args:
        document: A question as ``documents`` gives it.
        text: The answer.
        cut: Whether it was cut off at the token limit; None where the tool does not tell.
    """
    probe = Probe(
        document["id"],
        document["fact"],
        document["tests"],
        document["lang"],
        document["text"],
        tuple(document["accept"]),
        tuple(document["reject"]),
    )
    asked = Asked(None, None, document["kind"], probe, Answer(text.strip(), not cut), None)
    names = told() if cut is None else (*told(), "cut")
    values = {name: value_of(name, SCORERS[name].score, asked) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def metrics(kind: str) -> dict[str, bool]:
    """Scorers that have a better and a worse for answers to a kind, and whether higher is better.

    Args:
        kind: Kind of question.
    """
    row = question_kind(kind)
    turned: tuple[str, ...] = ("contains", "paper", "exact") if row.lower_is_better else ()
    if row.about == "others":
        turned = ("old", "old_paper")  # what was true is to stay
    better = {name: SCORERS[name].higher_is_better for name in told()}
    return {name: up != (name in turned) for name, up in better.items() if up is not None}


def name_of(benchmark: Benchmark) -> str:
    """The name of a data set, as tasks are named by it."""
    name = re.sub(r"[^\w-]+", "-", Path(benchmark.name).stem, flags=re.ASCII).strip("-")
    return f"mlake_{name or 'data'}"

"""The card of a release, its ``README.md``: every number in it is counted from the files."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from mlake.construct.names import FLAGS
from mlake.construct.release.built import Built
from mlake.construct.release.columns import FREE, WORDED
from mlake.construct.release.front import configs, front_matter
from mlake.construct.release.page import page
from mlake.construct.release.people import AGREED, DECIDED, agreed, decided
from mlake.construct.release.published import Published
from mlake.construct.release.readings import readings
from mlake.construct.release.statistics import (
    aliases,
    edited_hops,
    facts_by_relation,
    questions_by_kind,
    sizes,
)
from mlake.data.check import RULES, Report, check

__all__ = ["abstract", "card"]

_SEVERITIES = ("error", "warning", "info")


def abstract(laid: Published) -> str:
    """What a release is, in a sentence."""
    facts = sum(len(one.facts) for one in laid.benchmarks.values())
    questions = sum(len(fact.probes) for one in laid.benchmarks.values() for fact in one.facts)
    return (
        f"{facts} facts with counterfactual answers and {questions} questions about them, aligned in "
        f"{len(laid.langs)} languages."
    )


def card(laid: Published, *, formats: Sequence[str], source: str) -> str:
    """The card.

    Args:
        laid: The build laid out.
        formats: Formats of the tables' files, of which the last is the one to load.
        source: What its source says of itself; empty where that is not known.
    """
    built, splits = laid.built, {split: laid.rows[split] for split in laid.benchmarks}
    report = check(laid.whole)
    return front_matter(_head(laid) | configs(laid.tables, laid.rows, formats[-1])) + page(
        "card.md",
        name=built.name,
        version=version("mlake"),
        abstract=abstract(laid),
        langs=laid.langs,
        splits=splits,
        parquet="parquet" in formats,
        source=source,
        settings=", ".join(_setting(name, value) for name, value in built.settings.record().items()),
        model=_model(built),
        given_up=sum(drop.rule == "writer" for step in built.steps for drop in step.drops),
        questions={split: questions_by_kind(rows, laid.langs) for split, rows in splits.items()},
        sizes=sizes(laid.rows),
        relations=facts_by_relation(splits, laid.langs[0]),
        aliases=aliases(splits, laid.langs),
        steps=[[step.name, step.title, step.rows, len(step.drops)] for step in built.steps],
        rules=_rules(built),
        edited_hops=edited_hops(row for rows in splits.values() for row in rows["provenance"]),
        sources=_sources(splits.values()),
        origins=_origins(built),
        flags=_flags(built),
        checks=_counts(report),
        found=_found(report),
        readings=[
            [one.lang, one.items, "; ".join(one.faults) or "none"]
            for one in readings()
            if one.lang in laid.langs
        ],
        tables=laid.tables,
        review=built.review,
        decided=[DECIDED, decided(built.review)],
        agreed=[AGREED, agreed(built.review)],
    )


def _head(laid: Published) -> dict[str, Any]:
    """What hubs sort data sets by."""
    return {
        "pretty_name": laid.built.name,
        "language": list(laid.langs),
        "license": [FREE.lower(), WORDED.lower()],
        "task_categories": ["question-answering"],
        "annotations_creators": [
            "machine-generated",
            *(["expert-generated"] if laid.built.review.reviewers else []),
        ],
        "language_creators": ["machine-generated"],
        "multilinguality": ["multilingual" if len(laid.langs) > 1 else "monolingual"],
        "source_datasets": ["extended|wikidata"],
        "tags": ["knowledge-editing", "counterfactual", "multi-hop"],
    }


def _model(built: Built) -> str:
    """Name of the model that wrote; empty where none did."""
    return built.settings.writer.partition(":")[2]


def _setting(name: str, value: object) -> str:
    shown = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{name} {shown or 'none'}"


def _rules(built: Built) -> list[list[Any]]:
    """Stage, rule, its meaning and how much it left out."""
    return [
        [step.name, rule, built.meanings.get(rule, ""), count]
        for step in built.steps
        for rule, count in Counter(drop.rule for drop in step.drops).items()
    ]


def _sources(splits: Iterable[Mapping[str, Sequence[Mapping[str, Any]]]]) -> list[list[Any]]:
    """Code of a source, and how many facts it witnesses."""
    counts = Counter(code for rows in splits for row in rows["provenance"] for code in row["sources"])
    return [[code, counts[code]] for code in sorted(counts)]


def _origins(built: Built) -> list[list[Any]]:
    """Code of a source, and how many names in each language are from it."""
    langs = built.settings.langs
    counts = Counter((row["label_from"].get(lang, ""), lang) for row in built.names for lang in langs)
    codes = sorted({code for code, _ in counts})
    return [[code or "not known", *(counts[code, lang] for lang in langs)] for code in codes]


def _flags(built: Built) -> list[list[Any]]:
    """Flag, what it says of an alias, and how many aliases have it in each language."""
    langs = built.settings.langs
    counts = Counter(
        (flag, lang)
        for row in built.names
        for lang in langs
        for flag in row["flagged"].get(lang, {}).values()
    )
    return [[flag, says, *(counts[flag, lang] for lang in langs)] for flag, (says, _) in FLAGS.items()]


def _counts(report: Report) -> dict[str, int]:
    counts = Counter(dict.fromkeys(_SEVERITIES, 0))
    for rule, found in report.findings.items():
        counts[RULES[rule].severity] += len(found)
    return dict(counts)


def _found(report: Report) -> list[list[Any]]:
    """Severity, rule, its meaning and how often it was found."""
    return [
        [RULES[rule].severity, rule, RULES[rule].meaning, len(found)]
        for rule, found in report.findings.items()
        if found
    ]

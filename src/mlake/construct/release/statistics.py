"""Numbers of a published data set, counted over the rows of its tables."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mlake.construct.release.rows import Row, Rows
from mlake.kinds import KINDS

__all__ = ["aliases", "edited_hops", "facts_by_relation", "questions_by_kind", "sizes"]

_QUESTIONS = ("single_hop", "multi_hop", "choice")


def sizes(splits: Mapping[str, Rows]) -> list[list[Any]]:
    """Split, table, and number of rows of every table."""
    return [[split, table, len(rows)] for split, tables in splits.items() for table, rows in tables.items()]


def questions_by_kind(rows: Rows, langs: Sequence[str]) -> list[list[Any]]:
    """Kind of question, and how many of it there are in each language; kinds without one are left out."""
    counts = Counter((row["kind"], row["lang"]) for row in _questions(rows))
    kinds = [kind for kind in KINDS if any(counts[kind, lang] for lang in langs)]
    return [[kind, *(counts[kind, lang] for lang in langs)] for kind in kinds]


def facts_by_relation(splits: Mapping[str, Rows], lang: str) -> list[list[Any]]:
    """Id of a relation, its label in one language, and its facts in each split; the most frequent first."""
    labels: dict[str, str] = {}
    counts: dict[str, Counter[str]] = {split: Counter() for split in splits}
    for split, rows in splits.items():
        for row in rows.get("facts", ()):
            relation = row["relation_id"] or ""
            labels.setdefault(relation, (row[lang] or {}).get("relation") or "")
            counts[split][relation] += 1
    whole = sum(counts.values(), Counter[str]())
    ordered = sorted(whole, key=lambda relation: (-whole[relation], relation))
    return [[one, labels[one], *(counts[split][one] for split in splits)] for one in ordered]


def aliases(splits: Mapping[str, Rows], langs: Sequence[str]) -> list[list[Any]]:
    """Which answers, and how many other names they have in each language on average."""
    facts = [row for rows in splits.values() for row in rows.get("facts", ())]
    return [
        [
            f"{which} answers",
            *(f"{_mean(len(row[lang][f'{which}_aliases']) for row in facts):.1f}" for lang in langs),
        ]
        for which in ("old", "new")
    ]


def _mean(counts: Iterable[int]) -> float:
    found = list(counts)
    return sum(found) / len(found)


def edited_hops(provenance: Iterable[Row]) -> int:
    """How many second hops and questions about other facts ask for a fact that is edited."""
    rows = list(provenance)
    edited = {(row["subject"], row["relation"]) for row in rows}
    asked = [triple for row in rows for part in ("before", "after", "others") for triple in row[part]]
    return sum((triple["subject"], triple["relation"]) in edited for triple in asked)


def _questions(rows: Rows) -> Iterator[Row]:
    for table in _QUESTIONS:
        yield from rows.get(table, ())

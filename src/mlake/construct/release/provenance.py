"""Where every item of a build is from, and what the build decided about it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from mlake.construct.release.built import Step
from mlake.construct.release.rows import Row
from mlake.construct.stage import Row as StageRow

__all__ = ["dropped_rows", "name_rows", "provenance_rows"]

_TRIPLE = ("subject", "relation", "object")


def provenance_rows(
    edits: Iterable[StageRow],
    facts: Collection[str],
    steps: Sequence[Step],
    reviews: Mapping[str, Sequence[str]],
) -> list[Row]:
    """A row for each fact of a split.

    Args:
        edits: Rows of the stage ``edits``.
        facts: Ids of the facts of the split.
        steps: What each stage did.
        reviews: Id of a fact to a line for each decision of a reviewer.
    """
    around = _around(steps)
    return [
        _provenance(row, around.get(row["id"], []), reviews.get(row["id"], ()))
        for row in edits
        if row["id"] in facts
    ]


def _provenance(row: StageRow, left_out: list[str], reviews: Sequence[str]) -> Row:
    return {
        "fact": row["id"],
        "subject": row["subject"],
        "relation": row["relation"],
        "old": row["object"],
        "new": row["new"],
        "sources": list(row["source"]),
        "before": _triples(row["before"]),
        "after": _triples(row["after"]),
        "others": _triples(row["others"]),
        "distractors": list(row["distractors"]),
        "left_out": left_out,
        "reviews": list(reviews),
    }


def _triples(found: Iterable[Sequence[str]]) -> list[Mapping[str, str]]:
    return [dict(zip(_TRIPLE, one, strict=True)) for one in found]


def _around(steps: Sequence[Step]) -> dict[str, list[str]]:
    """Id of a fact to what was left out around it: things whose ids begin with its own, such as hops."""
    found = defaultdict(list)
    for drop in (drop for step in steps for drop in step.drops):
        parts = drop.id.split("/")
        for end in range(1, len(parts)):
            found["/".join(parts[:end])].append(f"{drop.rule}: {drop.why}")
    return found


def name_rows(names: Iterable[StageRow], langs: Sequence[str]) -> list[Row]:
    """A row for each entity.

    Args:
        names: Rows of the stage ``names``.
        langs: Languages of the build.
    """
    return [_name(row, langs) for row in names]


def _name(row: StageRow, langs: Sequence[str]) -> Row:
    flagged = [
        {"lang": lang, "alias": alias, "reason": reason}
        for lang in langs
        for alias, reason in row["flagged"].get(lang, {}).items()
    ]
    return {
        "id": row["id"],
        "kind": row["kind"],
        "labels": {lang: row["labels"][lang] for lang in langs},
        "aliases": {lang: list(row["aliases"].get(lang, ())) for lang in langs},
        "flagged": flagged,
        "label_from": {lang: row["label_from"].get(lang, "") for lang in langs},
    }


def dropped_rows(steps: Sequence[Step]) -> list[Row]:
    """A row for everything that a rule left out."""
    return [{"stage": step.name, **drop._asdict()} for step in steps for drop in step.drops]

"""A build laid out as it is published: its splits, their facts and the rows of their tables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain

from mlake.construct.release.built import Built
from mlake.construct.release.columns import Table, benchmark_tables, build_tables
from mlake.construct.release.provenance import dropped_rows, name_rows, provenance_rows
from mlake.construct.release.rows import Rows, benchmark_rows
from mlake.data.own.jsonl import parse_jsonl
from mlake.errors import DataError
from mlake.records import Benchmark

__all__ = ["SPLITS", "Published", "published"]

SPLITS = ("tuning", "test")
"""The splits that facts are in."""

_BUILD = "build"  # split of the tables that are about the build, not about facts of one split


@dataclass(frozen=True, slots=True)
class Published:
    """A build laid out.

    Attributes:
        built: The build.
        lines: Split to its facts in mlake's own form.
        benchmarks: Split to its facts.
        tables: Name of a table to its columns; of those that hold a row.
        rows: Split to the rows of its tables; those of the build as a whole come last.
    """

    built: Built
    lines: Mapping[str, bytes]
    benchmarks: Mapping[str, Benchmark]
    tables: Mapping[str, Table]
    rows: Mapping[str, Rows]

    @property
    def whole(self) -> Benchmark:
        """The facts of all splits as one benchmark."""
        facts = chain.from_iterable(one.facts for one in self.benchmarks.values())
        return Benchmark(self.built.name, "build", self.sha256, tuple(facts))

    @property
    def sha256(self) -> str:
        """Hash of the facts in mlake's own form, all splits in order."""
        return sha256(b"".join(self.lines.values())).hexdigest()

    @property
    def langs(self) -> tuple[str, ...]:
        """The languages in order."""
        return self.built.settings.langs


def published(built: Built) -> Published:
    """Lays a build out.

    Raises:
        DataError: A fact is in no split, or in one that there is not.
        FactsError: The texts are not facts that mlake reads.
    """
    lines = _lines(built)
    benchmarks = {split: _parsed(f"{built.name}-{split}", own) for split, own in lines.items()}
    rows: dict[str, Rows] = {}
    for split, benchmark in benchmarks.items():
        facts = {fact.id for fact in benchmark.facts}
        provenance = provenance_rows(built.edits, facts, built.steps, built.review.by_fact)
        rows[split] = _filled({**benchmark_rows(benchmark), "provenance": provenance})
    names = name_rows(built.names, built.settings.langs)
    rows[_BUILD] = _filled({"names": names, "dropped": dropped_rows(built.steps)})
    every = {**benchmark_tables(built.settings.langs), **build_tables(built.settings.langs)}
    found = {name for one in rows.values() for name in one}
    tables = {name: table for name, table in every.items() if name in found}
    return Published(built, lines, benchmarks, tables, rows)


def _filled(rows: Rows) -> Rows:
    return {name: one for name, one in rows.items() if one}


def _lines(built: Built) -> dict[str, bytes]:
    """The facts of each split that has any, in mlake's own form."""
    split_of = {row["fact"]: row["split"] for row in built.splits}
    found: dict[str, list[str]] = {split: [] for split in SPLITS}
    for row in built.texts:
        split = split_of.get(row["fact"])
        if split not in found:
            raise DataError(
                f"the stage splits puts fact {row['fact']!r} into {split or 'no split'}; expected one of "
                f"{', '.join(SPLITS)}: mend its line, or make the stage anew with --from splits"
            )
        found[split].append(json.dumps(row, ensure_ascii=False) + "\n")
    return {split: "".join(own).encode() for split, own in found.items() if own}


def _parsed(name: str, lines: bytes) -> Benchmark:
    return parse_jsonl(lines, name=name, revision="build", source="the stage texts")

"""``python -m benchmarks.identified``: how often questions of real data are told to be in their language.

Reads WikiFactDiff as BMIKE-53 has it, in every language with a file, and the authors' release; writes a line
of JSON for each language and data set into benchmarks/results/identified.jsonl, which docs/fluency.md shows.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.stored import RESULTS
from mlake.data import load
from mlake.languages import LANGUAGES
from mlake.languages.identify import told
from mlake.records import Benchmark

__all__ = ["STORED", "rows", "table"]

STORED = RESULTS / "identified.jsonl"


def rows(benchmark: Benchmark) -> Iterator[dict[str, Any]]:
    """What is told of the different questions in each language."""
    for lang in LANGUAGES:
        asked = {probe.text for fact in benchmark.facts for probe in fact.probes if probe.lang == lang}
        if not asked:
            continue
        found = [told(text) for text in asked]
        yield {
            "data": benchmark.name,
            "lang": lang,
            "questions": len(found),
            "right": found.count(lang),
            "wrong": len(found) - found.count(lang) - found.count(None),
        }


def table() -> str:
    """The stored rows as Markdown: per cent of the questions told right, and told to be in another."""
    stored = [json.loads(line) for line in STORED.read_text(encoding="utf-8").splitlines()]
    parts = ["| | data | questions | told right, % | told wrong, % |\n| --- | --- | ---: | ---: | ---: |\n"]
    for row in stored:
        right, wrong = (f"{100 * row[name] / row['questions']:.1f}" for name in ("right", "wrong"))
        parts.append(f"| {row['lang']} | `{row['data']}` | {row['questions']} | {right} | {wrong} |\n")
    return "".join(parts)


def main() -> None:
    """Read both data sets from the folders named, and store the rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identified", description=__doc__)
    parser.add_argument("--bmike", type=Path, required=True, help="mirror of bmike-wikifactdiff")
    parser.add_argument("--release", type=Path, required=True, help="mirror of mlake")
    given = parser.parse_args()
    read = (load("mlake", mirror=given.release), load("bmike-wikifactdiff", mirror=given.bmike))
    lines = [json.dumps(row) for benchmark in read for row in rows(benchmark)]
    STORED.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""``python -m benchmarks.languages``: the table of languages in docs/support.md.

``tests/languages/second.tsv`` holds twelve sentences of each language with a name that is there or is not.
They were written before the rules that find names in the language, and the column ``measured`` is what the
rules said when they were first tried on them. The figures are those: what was learnt later counts no more.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlake.languages import LANGUAGES
from mlake.text import contains_name

__all__ = ["FIRST", "PAGE", "SECOND", "Sentence", "page", "sentences", "wrong"]

_ROOT = Path(__file__).resolve().parents[1]
PAGE = _ROOT / "docs" / "support.md"
FIRST, SECOND = (_ROOT / "tests" / "languages" / f"{name}.tsv" for name in ("first", "second"))
_TABLE = re.compile(r"^\| code \|.*\n(?:\|.*\n)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with a name to look for.

    Attributes:
        lang: Its language.
        name: The name, as data would give it.
        text: The sentence.
        found: Whether the name is there, by a reader.
        measured: Whether the rules first said so; None where that was not kept.
    """

    lang: str
    name: str
    text: str
    found: bool
    measured: bool | None = None


def sentences(path: Path) -> list[Sentence]:
    """The sentences of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Sentence(
            row["lang"],
            row["name"],
            row["text"],
            row["found"] == "1",
            row["measured"] == "1" if "measured" in row else None,
        )
        for row in rows
    ]


def wrong(path: Path) -> list[Sentence]:
    """The sentences of a file that the rules of today get wrong."""
    return [one for one in sentences(path) if contains_name(one.text, [one.name], one.lang) != one.found]


def page() -> str:
    """The page with its table made anew."""
    return _TABLE.sub("".join(_lines()), PAGE.read_text(encoding="utf-8"), count=1)


def _lines() -> Iterator[str]:
    every = sentences(SECOND)
    yield "| code | language | script | names found | names found that are not there |\n"
    yield "| --- | --- | --- | ---: | ---: |\n"
    for row in LANGUAGES.values():
        there, absent = (
            [one.measured for one in every if (one.lang, one.found) == (row.code, found)]
            for found in (True, False)
        )
        shares = f"{sum(map(bool, there))} of {len(there)} | {sum(map(bool, absent))} of {len(absent)}"
        yield f"| `{row.code}` | {row.name} | {row.script} | {shares} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

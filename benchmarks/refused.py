"""``python -m benchmarks.refused``: how often the scorer ``refused`` is right, as a table in docs/fluency.md.

``results/refused/answers.jsonl`` holds 100 answers of stored runs, 20 a language, with what a
reader judged: 12 were drawn at random from those that hold a word such as "know", "sorry" or "not",
the others from all (seed 20261125). ``phrases.jsonl`` holds made-up answers, 48 a language: those
of the part "seen" were at hand while the patterns were written, those of "unseen" were written
after them and changed nothing any more.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.results import DOCS
from benchmarks.stored import RESULTS
from mlake.disk import write_files
from mlake.languages import language
from mlake.records import Answer, Asked, Probe
from mlake.report.statistics.intervals import clustered_mean
from mlake.report.table import Table
from mlake.scorers.table import SCORERS, signature

__all__ = ["PAGE", "judged", "page", "table"]

PAGE = "fluency.md"
_FOLDER = RESULTS / "refused"
_PLACE = re.compile(r"(?<=<!-- python -m benchmarks.refused -->\n\n).*?(?=\n<!-- end -->)", re.DOTALL)


def judged(name: str) -> list[Mapping[str, Any]]:
    """Judged answers: each has ``text``, ``lang`` and ``refused``.

    Args:
        name: ``answers`` or ``phrases``.
    """
    return [json.loads(line) for line in (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def found(one: Mapping[str, Any]) -> bool:
    """Whether the scorer takes a judged answer for a refusal."""
    probe = Probe("", None, "direct", one["lang"], "", ())
    return SCORERS["refused"].score(Asked(None, None, "direct", probe, Answer(one["text"], True), None)) == 1


def table() -> Table:
    """Precision and recall on the answers, and on the phrases of each language that were never looked at."""
    unseen = [one for one in judged("phrases") if one["part"] == "unseen"]
    langs = dict.fromkeys(one["lang"] for one in unseen)
    parts = {
        "answers of stored runs, read": judged("answers"),
        "unseen phrases, all": unseen,
        **{
            f"unseen phrases, {language(lang).name}": [one for one in unseen if one["lang"] == lang]
            for lang in langs
        },
    }
    return Table(
        "refused",
        f"How often {signature('refused')} is right",
        ("texts", "n", "refusals", "precision, %", "recall, %"),
        tuple((name, *_row(part)) for name, part in parts.items()),
    )


def _row(part: Sequence[Mapping[str, Any]]) -> Iterator[int | str]:
    hits = [one["refused"] for one in part if found(one)]
    refusals = [found(one) for one in part if one["refused"]]
    yield from (len(part), len(refusals), _share(hits), _share(refusals))


def _share(right: Sequence[bool]) -> str:
    one = clustered_mean([float(value) for value in right], range(len(right)))
    value, low, high = (100 * (end or 0.0) for end in (one.value, one.low, one.high))
    return f"{value:.0f} [{low:.0f}, {high:.0f}] ({sum(right)} of {len(right)})"


def page() -> str:
    """docs/fluency.md with the table as it is now."""
    text = (DOCS / PAGE).read_text(encoding="utf-8")
    return _PLACE.sub(lambda _: table().markdown(), text)


if __name__ == "__main__":
    write_files(DOCS, {PAGE: page().encode()})

"""What reviewers get of a build: its texts, what they are about, and what rules find."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from mlake.construct.edits import EDIT_ROW
from mlake.construct.lines import read_rows, written
from mlake.construct.proof import text_faults
from mlake.construct.stage import DROPPED, Row
from mlake.data.check import RULES, check
from mlake.data.faults import OBJECT, Shape
from mlake.data.own.jsonl import parse_jsonl
from mlake.data.own.schema import FACT, object_shape
from mlake.errors import FactsError, RunError
from mlake.review.desk import Case
from mlake.review.settled import Item, item_of
from mlake.review.texts import Line

__all__ = ["build_cases", "build_lines", "new_faults"]


def build_lines(folder: Path) -> list[Row]:
    """The texts of a build, a line per fact and language.

    Raises:
        RunError: There is no build, or it has no texts yet.
        DataError: A file is damaged.
    """
    if not (folder / "build.json").is_file():
        raise RunError(f"{folder} holds no build; make one with mlake build --out {folder}")
    return _rows(folder, "texts", object_shape(FACT, also_required=("fact", "lang", "subject", "probes")))


def build_cases(folder: Path) -> list[Case]:
    """What reviewers get of a build, in its order.

    Raises:
        RunError: There is no build, or it has no texts yet.
        DataError: A file is damaged.
    """
    lines = build_lines(folder)
    edits = {row["id"]: row for row in _rows(folder, "edits", EDIT_ROW)}
    drops = _rows(folder, "texts" + DROPPED, OBJECT)
    found = _warnings(lines, drops)
    return [
        Case(line, _edit(line, edits[line["fact"]]), found[item_of(line)])
        for line in lines
        if line["fact"] in edits
    ]


def new_faults(before: Line, now: Line) -> list[str]:
    """What the proof finds wrong with a line that was not wrong with an earlier form of it."""
    old = {(rule, one.probe) for rule, one in text_faults([dict(before)])}
    try:
        found = list(text_faults([dict(now)]))
    except FactsError as error:
        return list(error.problems)
    return [f"{rule}: {one.text}" for rule, one in found if (rule, one.probe) not in old]


def _edit(line: Line, draft: Row) -> list[tuple[str, str]]:
    """Subject, relation, old and new object: name and id."""
    return [
        (line["subject"], draft["subject"]),
        (line.get("relation") or "", draft["relation"]),
        (line.get("old_answer") or "", draft["object"]),
        (line["new_answer"], draft["new"]),
    ]


def _warnings(lines: Sequence[Row], drops: Iterable[Row]) -> dict[Item, list[str]]:
    """What rules find about texts, and what was left out around them."""
    found: dict[Item, list[str]] = {item_of(line): [] for line in lines}
    content = written(lines)
    report = check(parse_jsonl(content, name="texts", revision="texts", source="the texts"))
    for rule, findings in report.findings.items():
        for one in findings:
            if (one.fact, one.lang) in found:
                about = f" ({one.probe.rpartition('/')[2]})" if one.probe else ""
                found[one.fact or "", one.lang or ""].append(
                    f"{rule}{about}: {RULES[rule].meaning} {one.text}"
                )
    items: dict[str, list[Item]] = {}
    for item in found:
        items.setdefault(item[0], []).append(item)
    for drop in drops:
        parts = str(drop.get("id", "")).split("/")
        for end in range(1, len(parts) + 1):
            for item in items.get("/".join(parts[:end]), ()):
                found[item].append(f"{drop.get('rule')} ({drop.get('id')}): {drop.get('why')}")
    return found


def _rows(folder: Path, name: str, shape: Shape) -> list[Row]:
    path = folder / "stages" / f"{name}.jsonl"
    if not path.is_file():
        raise RunError(f"{folder} has no {path.name} yet; run mlake build --out {folder} first")
    return read_rows(path, shape)

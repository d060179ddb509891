"""``python -m benchmarks.results``: docs/results.md, its figure and other pages' numbers, from stored runs.

No number is typed. ``benchmarks/results/results.toml`` says in which order the runs stand, and in words what
they show.
"""

import argparse
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks import chat_example, choose, front_table, lifelong
from benchmarks.first_page import picture, words
from benchmarks.paired import differences
from benchmarks.stored import RESULTS, StoredRun, stored_run
from benchmarks.trade import beside, chains, points
from mlake.disk import write_files
from mlake.editing.locate.settings import LATER
from mlake.editing.methods import EDITORS
from mlake.errors import MlakeError
from mlake.evaluation.spec import NO_METHOD
from mlake.languages.sets import is_own
from mlake.report.matrix_text import matrix_markdown, reasons_markdown, signature_line
from mlake.report.table import Table
from mlake.report.tidy import TidyRow, available, tidy
from mlake.safe import escape
from mlake.scorers.table import SHARES, signature
from mlake.submission.files import CLAIM

__all__ = ["DOCS", "FIGURE", "PAGE", "README", "Part", "files", "parts", "section", "shown"]

DOCS = RESULTS.parents[1] / "docs"
PAGE, FIGURE, README = "results.md", "first-page.png", "../README.md"
_WORDS = re.compile(rf"(?<={re.escape(FIGURE)}\)\n\n)\*.*?\*(?=\n\n)", re.DOTALL)
_SHOWN = (
    ("direct", "contains", "Direct questions: the new answer and not the old one"),
    ("paraphrase", "contains", "The same in other words: the new answer and not the old one"),
    ("multihop", "contains", "Two-hop questions that follow from the edit: the new answer"),
    ("multihop_before", "contains", "Two-hop questions before any edit: the answer that holds then"),
    ("locality", "old", "Questions about other facts: the answer that nobody meant to change"),
    ("locality", "unchanged", "Questions about other facts: word for word what the unedited model says"),
)
_UNEDITED = (("direct", "old", "Direct questions: the answer before any edit"), *_SHOWN)
"""What is shown of runs that edit nothing."""

_SETTINGS = ("dtype", "edit_langs", "test_langs", "locality", "max_new_tokens", "template")
_HEAD = """\
# Results

Made by `python -m benchmarks.results` from the answers stored in
[benchmarks/results](../benchmarks/results), scored by the scorers of today; a test holds this page to them.
[benchmarks/results/README.md](../benchmarks/results/README.md) says on what machines the runs were made,
[protocol.md](protocol.md) what each kind of question and each score means.

In a table of answers a row is the language that the facts were edited in, a column the language that was
asked in; `unedited` is the model before any edit. Cells are per cent of answers with a 95 %
interval; `n` counts the answers in a cell, `effective n` how many independent ones would tell as much
([report.md](report.md#intervals)). A dash means not asked. Below it stands what kept
answers from counting, where that is 5 % of a cell or more. Of a method's settings those
are named that are not its defaults.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page.

    Attributes:
        title: Its heading.
        says: What the runs show, in words.
        runs: Folders of the runs below ``benchmarks/results``.
        trade: Whether they stand side by side, with what they gain and cost.
        paired: Whether the differences of each from those before it are shown, question by question.
        hops: Whether their two-hop questions are shown by what is known of each hop.
        lifelong: Whether they are sequences of edits, shown by what is left of the first.
        brief: Whether that is all that is shown of them.
    """

    title: str
    says: str
    runs: tuple[str, ...] = ()
    trade: bool = False
    paired: bool = False
    hops: bool = False
    lifelong: bool = False
    brief: bool = False


def parts() -> list[Part]:
    """The parts of the page in their order; what was sent in stands last."""
    texts = _texts()
    found = [Part(**{**row, "runs": tuple(_named(row.get("runs", ())))}) for row in texts["part"]]
    sent = sorted(str(path.parent.relative_to(RESULTS)) for path in RESULTS.glob(f"submitted/*/{CLAIM}"))
    return [*found, Part(**texts["submitted"], runs=tuple(sent), trade=True, brief=True)] if sent else found


def _named(runs: Sequence[str]) -> Iterator[str]:
    """Folders, ``FOLDER/*`` for all runs in one."""
    for run in runs:
        found = (str(path.parent.relative_to(RESULTS)) for path in RESULTS.glob(f"{run}/spec.json"))
        yield from sorted(found) if run.endswith("*") else (run,)


def _texts() -> dict[str, Any]:
    return tomllib.loads((RESULTS / "results.toml").read_text(encoding="utf-8"))


def files(mirror: Path | None) -> dict[str, bytes]:
    """The content of the pages and figures that are made of runs, whose paths start at ``DOCS``.

    Args:
        mirror: Folder with the authors' files; None to fetch them.

    Raises:
        MlakeError: The questions cannot be had, or a stored run is damaged.
    """
    runs = {name: stored_run(name, mirror) for part in parts() for name in part.runs}
    rows = {name: shown(run) for name, run in runs.items()}
    page = [_HEAD, *(text for part in parts() for text in _of_part(part, runs, rows, mirror))]
    drawn = _texts()["figure"]
    name = drawn["run"]
    every = {name: runs[name] for name in choose.names()}
    told = words(runs[name].spec, rows[name], drawn["model"])
    readme = _WORDS.sub(lambda _: told, (DOCS / README).read_text(encoding="utf-8"))
    sequences = [name for part in parts() if part.lifelong for name in part.runs]
    pictures = {lifelong.FIGURE: lifelong.drawn(sequences, mirror)} if sequences else {}
    if every:
        pictures[front_table.FIGURE] = front_table.drawn(every)
    return {
        **pictures,
        **chat_example.files(),
        PAGE: "\n".join(page).encode(),
        FIGURE: picture(rows[name], drawn["caption"]),
        choose.CHOOSE: choose.filled(
            (DOCS / choose.CHOOSE).read_text(encoding="utf-8"), points(every)
        ).encode(),
        README: front_table.filled(readme, every).encode(),
    }


def _of_part(
    part: Part, runs: Mapping[str, StoredRun], rows: Mapping[str, Sequence[TidyRow]], mirror: Path | None
) -> Iterator[str]:
    """What stands in a part of the page."""
    own = {name: runs[name] for name in part.runs}
    yield f"## {part.title}\n\n{part.says.strip()}\n"
    if part.trade:
        yield beside(own)
    if part.paired:
        for before, after in combinations(part.runs, 2):
            yield f"`{before}` → `{after}`:\n"
            yield differences({before: own[before], after: own[after]})
    if part.hops:
        yield chains(own)
    if part.lifelong:
        yield lifelong.shown(part.runs, mirror)
    if len(part.runs) > 1 and not (part.trade or part.paired or part.lifelong):
        yield _beside({name: rows[name] for name in part.runs})
    paragraphs = _made_by if part.brief else section
    yield from (paragraphs(runs[name], rows[name]) for name in part.runs)


def shown(run: StoredRun) -> list[TidyRow]:
    """The numbers of a run that stand on the page."""
    pairs = {(kind, one) for kind, scorer, _ in _of(run) for one in (scorer, *SHARES, "language_unknown")}
    return tidy(run.spec, [row for row in run.scored if (row.kind, row.scorer) in pairs])


def _of(run: StoredRun) -> Sequence[tuple[str, str, str]]:
    return _UNEDITED if run.spec["method"] == NO_METHOD else _SHOWN


def section(run: StoredRun, rows: Sequence[TidyRow]) -> str:
    """What made a run, and its tables."""
    return "\n".join(_paragraphs(run, rows))


def _made_by(run: StoredRun, rows: Sequence[TidyRow]) -> str:
    """What made a run."""
    head = f"### [{run.name}](../benchmarks/results/{run.name})\n"
    settings = f"Settings: {'; '.join(_settings(run.spec))}.\n"
    notes = "".join(f"- {escape(note)}\n" for note in run.notes)
    return "\n".join((head, signature_line(run.spec, "contains"), settings, *([notes] if notes else ())))


def _paragraphs(run: StoredRun, rows: Sequence[TidyRow]) -> Iterator[str]:
    yield _made_by(run, rows)
    told: set[str] = set()
    for kind, scorer, title in _of(run):
        if kind in available(rows, scorer):
            yield f"{title} (`{signature(scorer)}`):\n\n{matrix_markdown(rows, kind, scorer)}"
            if kind not in told:
                told.add(kind)
                yield reasons_markdown(rows, kind)


def _settings(spec: Mapping[str, Any]) -> Iterator[str]:
    """Settings of the run, then those of its method that are not its defaults."""
    yield f"facts `{':'.join(map(str, spec['facts']))}`"
    for name in _SETTINGS:
        if spec[name]:
            yield f"{name} `{_short(spec[name])}`"
    if spec["method"] in EDITORS:
        defaults = dict(_flat(EDITORS[spec["method"]].config()))
        earlier = {
            name: old for name, old in LATER.items() if name in defaults and name not in spec["editor"]
        }
        for name, value in _flat({**spec["editor"], **earlier}):
            if defaults.get(name) != value:
                yield f"{name} `{_short(value)}`"


def _flat(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value


def _short(value: Any) -> str:
    """A setting in as many characters as tell it apart."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    text = str(value).replace("\n", "\\n")
    return text[:12] if len(text) == 64 else text


def _beside(runs: Mapping[str, Sequence[TidyRow]]) -> str:
    """The runs next to each other, where edited and asked in the same language."""
    kind, scorer, title = _SHOWN[0]
    own = {
        (name if edit == row["test_lang"] else f"{name}, {edit}", row["test_lang"]): row
        for name, rows in runs.items()
        for row in rows
        if (row["kind"], row["scorer"]) == (kind, scorer)
        and is_own(edit := row["edit_lang"], row["test_lang"])
    }
    langs = tuple(dict.fromkeys(lang for _, lang in own))
    lines = [
        (name, *(_percent(own[name, lang]) if (name, lang) in own else None for lang in langs))
        for name in dict.fromkeys(name for name, _ in own)
    ]
    return Table(
        "beside", f"{title}, edited and asked in one language", ("run", *langs), tuple(lines)
    ).markdown()


def _percent(row: TidyRow) -> str:
    value, low, high = (100 * (row[part] or 0.0) for part in ("value", "low", "high"))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results", description=__doc__)
    parser.add_argument(
        "--mirror", type=Path, help="folder that holds the authors' files; else they are fetched"
    )
    made = files(parser.parse_args(arguments).mirror)
    write_files((DOCS / README).resolve().parent, {Path(README).name: made.pop(README)})
    write_files(DOCS, made)


if __name__ == "__main__":
    try:
        main()
    except MlakeError as error:
        raise SystemExit(f"error: {error}") from None

"""Facts as CSV: a header that names the columns, then a row per fact and language.

A row is read as the line of JSON Lines that says the same, so both are checked alike.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mlake.data.checked import Problems
from mlake.data.faults import shown
from mlake.data.own.decode import decode, read_bytes
from mlake.data.own.drafts import DEFAULT_LANG, Drafts
from mlake.data.own.lines import Line
from mlake.data.own.schema import fact_shape
from mlake.errors import DataError
from mlake.languages import language
from mlake.records import Benchmark

__all__ = ["COLUMNS", "ENDINGS", "read_csv"]

ENDINGS = (".csv", ".tsv")

COLUMNS: dict[str, tuple[str, ...]] = {
    "subject": ("subject",),
    "old_answer": ("old", "old_answer"),
    "new_answer": ("new", "new_answer"),
    "question": ("question",),
    "fact": ("fact",),
    "lang": ("lang",),
    "old_aliases": ("old_aliases",),
    "new_aliases": ("aliases", "new_aliases"),
    "paraphrase": ("paraphrase",),
    "locality": ("locality", "locality_question"),
    "locality_answer": ("locality_answer",),
}
"""What a column holds, and the names that it may have; the first four are in every example."""

_VERSION = 1  # part of the hash: raise it when the same file comes to mean something else
_REQUIRED = ("question", "new_answer")
_LISTS = ("old_aliases", "new_aliases", "locality_answer")
_ASKED = ("paraphrase", "locality", "locality_answer")
_MARKS = ",;\t"
_HEADER = "subject,old,new,question"
_TOLD = re.compile(r"\s*\"?sep=([^\w\s]|\t)\"?[ \t]*(?:\r\n|\n|\r)", re.IGNORECASE)
_INDEX = re.compile(r"(?:unnamed: \d+)?", re.IGNORECASE)  # how pandas heads the column of its row numbers

_NAMED = {name: column for column, names in COLUMNS.items() for name in names}


def read_csv(path: Path) -> Benchmark:
    """Reads a CSV file of facts, its cells apart by commas, semicolons or tabs.

    Raises:
        DataError: The file cannot be read, is not UTF-8, or holds no facts.
        FactsError: Something in it is wrong; the text lists the problems by line and column.
    """
    content = read_bytes(path)
    text = decode(content, str(path))
    problems, drafts = Problems(str(path)), Drafts()
    mark, text = _marked(text)
    records = _records(text, mark, problems)
    number, header = next(records, (1, []))
    if not header:
        problems.raise_any()
        raise DataError(f"{path} is empty; expected a header such as {_HEADER} and a row per fact")
    columns = _columns(header, f"line {number}", problems)
    problems.raise_any()
    shape = fact_shape()
    for number, cells in records:
        line = _line(f"line {number}", cells, header, columns, problems)
        line.check(shape)
        drafts.add(line)
    problems.raise_any()
    facts = drafts.facts()
    if not facts:
        raise DataError(f"{path} holds a header and no facts; add a row per fact below it")
    sha256 = hashlib.sha256(f"csv {_VERSION}\n".encode() + content).hexdigest()
    return Benchmark(path.stem, path.name, sha256, facts, (), tuple(_notes(path, columns)))


def _marked(text: str) -> tuple[str, str]:
    """What separates the cells, and the text without the line by which Excel is told so.

    Without such a line (``sep=;``) it is that by which the header names most columns.
    """
    told = _TOLD.match(text)
    if told:
        return told[1], "\n" * told[0].count("\n") + text[told.end() :]
    header = re.search(r"\S[^\r\n]*", text)
    names = header[0] if header else ""
    return max(_MARKS, key=lambda mark: sum(_plain(cell) in _NAMED for cell in names.split(mark))), text


def _plain(name: str) -> str:
    """A column's name without what people write differently."""
    return "_".join(re.findall(r"\w+", name.casefold().replace("_", " ")))


def _records(text: str, mark: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the number of the line that it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, [cell.strip() for cell in cells]
            start = reader.line_num + 1
    except csv.Error as error:
        problems.add(f"line {start} begins no row of CSV ({error}); is a quote opened in it and not closed?")


def _columns(header: Sequence[str], where: str, problems: Problems) -> list[str | None]:
    """What each column holds; None for one without a name."""
    columns = [_NAMED.get(_plain(name)) for name in header]
    if not any(columns):
        problems.add(f"{where} must name the columns, such as {_HEADER}; got {shown(','.join(header))}")
        return columns
    for name, column in zip(header, columns, strict=True):
        if column is None and not _INDEX.fullmatch(name):
            near = get_close_matches(_plain(name), _NAMED, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(_NAMED)}"
            problems.add(f"{where} column {shown(name)}: is not known; {hint}")
    for column, names in COLUMNS.items():
        if column in _REQUIRED and column not in columns:
            problems.add(f"{where} names no column {' or '.join(map(repr, names))}")
        if columns.count(column) > 1:
            problems.add(f"{where} names column {' or '.join(map(repr, names))} twice")
    return columns


def _line(
    where: str,
    cells: Sequence[str],
    header: Sequence[str],
    columns: Sequence[str | None],
    problems: Problems,
) -> Line:
    """A row as a line of JSON Lines; messages use the names of the header."""
    values: dict[str, Any] = dict.fromkeys(_REQUIRED, "")
    for at, (cell, column) in enumerate(zip_longest(cells, columns, fillvalue=None), 1):
        if cell and column:
            values[column] = _split(cell) if column in _LISTS else cell
        elif cell and not _numbers_rows(at, cell, header):
            hint = "quote a text that holds the separator"
            problems.add(f"{where} has text in cell {at}, for which the header names no column; {hint}")
    names = {column: known[0] for column, known in COLUMNS.items()}
    names |= {column: name for column, name in zip(columns, header, strict=True) if column}
    asked = list(_asked(values))
    last = f"probes[{len(asked) - 1}]"  # only the question about something else can be wrong
    names |= {f"{last}.text": names["locality"], f"{last}.accept": names["locality_answer"]}
    own = {column: value for column, value in values.items() if column not in _ASKED}
    return Line({**own, "probes": asked}, where, problems, names=names, word="column")


def _numbers_rows(at: int, cell: str, header: Sequence[str]) -> bool:
    """Whether a cell without a column is a row's number, which pandas writes first."""
    return at == 1 and cell.isdecimal() and _INDEX.fullmatch(header[0]) is not None


def _split(cell: str) -> list[str]:
    return [part.strip() for part in cell.split("|") if part.strip()]


def _asked(values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The questions of a row beyond the direct one."""
    new, old = ([values.get(f"{when}_answer"), *values.get(f"{when}_aliases", ())] for when in ("new", "old"))
    if "paraphrase" in values and values["new_answer"]:
        reject = [name for name in old if name]
        yield {"kind": "paraphrase", "text": values["paraphrase"], "accept": new, "reject": reject}
    if "locality" in values or "locality_answer" in values:
        text, accept = values.get("locality", ""), values.get("locality_answer", [])
        yield {"kind": "locality", "text": text, "accept": accept}


def _notes(path: Path, columns: Sequence[str | None]) -> Iterator[str]:
    if "lang" not in columns:
        name = f"{language(DEFAULT_LANG).name} ({DEFAULT_LANG})"
        yield f"{path.name} has no column 'lang', so its facts are taken as {name}; add it for others"

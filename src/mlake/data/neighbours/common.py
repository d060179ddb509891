"""What the readers of other projects' data sets share: checked rows of JSON, and the benchmark from them."""

import hashlib
import importlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mlake.data.dataset import Dataset
from mlake.data.files import Files
from mlake.errors import DataError
from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = ["Reading", "Row", "direct"]

_SHOWN = 20  # problems of a file that are named; the rest are counted
_NAMES = {
    str: "a string", int: "a whole number", float: "a number", bool: "true or false", list: "a list",
    dict: "an object", type(None): "null",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A JSON object with checked access: what is wrong is noted, and an empty stand-in returned.

    Attributes:
        values: The object.
        where: What error messages call it, such as ``row 3``.
        problems: Where problems go.
        within: Where in the row the object stands, such as ``orig.``; empty for the row itself.
    """

    values: Mapping[str, Any]
    where: str
    problems: list[str]
    within: str = ""

    def problem(self, name: str, what: str) -> None:
        """Notes a problem with one field."""
        self.problems.append(f"{self.where} field {self.within + name!r}: {what}")

    def text(self, name: str) -> str:
        """A string that is not blank."""
        value = self.blank(name)
        if not value.strip() and isinstance(self.values.get(name), str):
            self.problem(name, "is empty")
        return value

    def blank(self, name: str) -> str:
        """A string that may be blank: the reader says what becomes of it then."""
        value: str = self._get(name, str)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings, which may be empty or null."""
        values = [] if self.values.get(name, "") is None else self._get(name, list)
        for at, value in enumerate(values):
            if not isinstance(value, str):
                self.problem(f"{name}[{at}]", f"must be a string, got {_kind(value)}")
        return tuple(value for value in values if isinstance(value, str))

    def optional(self, name: str) -> str | None:
        """A string, or None where it is null or absent."""
        return None if self.values.get(name) is None else self.blank(name)

    def lists(self, name: str, length: int) -> list[tuple[str, ...]]:
        """A list of lists of so many strings, such as triples."""
        found = []
        for at, value in enumerate(self._get(name, list)):
            if (
                isinstance(value, list)
                and len(value) == length
                and all(isinstance(one, str) for one in value)
            ):
                found.append(tuple(value))
            else:
                self.problem(f"{name}[{at}]", f"must be a list of {length} strings")
        return found

    def item(self, name: str) -> "Row":
        """The object in a field."""
        value = self._get(name, dict)
        return self._inner(name, value, isinstance(self.values.get(name), dict))

    def items(self, name: str) -> list["Row"]:
        """The objects in a list."""
        found = []
        for at, value in enumerate(self._get(name, list)):
            if isinstance(value, dict):
                found.append(self._inner(f"{name}[{at}]", value, True))
            else:
                self.problem(f"{name}[{at}]", f"must be an object, got {_kind(value)}")
        return found

    def _inner(self, name: str, value: dict[str, Any], sound: bool) -> "Row":
        # What is no object has been reported; its fields need not be reported too.
        return Row(value, self.where, self.problems if sound else [], f"{self.within}{name}.")

    def _get(self, name: str, kind: type) -> Any:
        value = self.values.get(name)
        if isinstance(value, kind) and not isinstance(value, bool):
            return value
        what = f"must be {_NAMES[kind]}, got {_kind(value)}" if name in self.values else "is missing"
        self.problem(name, what)
        return kind()


class Reading:
    """A data set while it is read: its files' rows, what is wrong with them, and what is left out."""

    def __init__(self, dataset: Dataset, files: Files, version: str) -> None:
        """Reads the files.

        Args:
            dataset: The row of the table of data sets.
            files: Its files.
            version: What identifies the reader: part of the benchmark's hash.

        Raises:
            DataError: A file is missing or not the published one.
            DownloadError: A file could not be fetched.
        """
        self._dataset = dataset
        self._content = files.read_all()
        self._version = version
        self._problems: dict[str, list[str]] = {}
        self._notes: Counter[str] = Counter()

    def rows(self, name: str) -> list[Row]:
        """The rows of the file whose path ends with this name.

        Raises:
            DataError: The file is no UTF-8 JSON list, or no Parquet table.
        """
        path = next(path for path in self._content if path.endswith(name))
        read = _parquet if path.endswith(".parquet") else _json
        values = read(path, self._content[path])
        if not isinstance(values, list):
            raise DataError(f"{path} must hold a list of rows, got {_kind(values)}; fetch it again")
        problems = self._problems.setdefault(path, [])
        return [_row(value, at, problems) for at, value in enumerate(values)]

    def check(self) -> None:
        """Raises what was wrong with the fields read so far.

        Raises:
            DataError: Something was wrong with a file; the text lists it by row and field.
        """
        for path, problems in self._problems.items():
            if problems:
                more = len(problems) - _SHOWN
                rest = f"; and {more} more" if more > 0 else ""
                raise DataError(f"{path}: {'; '.join(problems[:_SHOWN])}{rest}; fetch it again")

    def note(self, what: str, count: int = 1) -> None:
        """Counts something that a user should know; ``what`` follows the number in the note."""
        if count:
            self._notes[what] += count

    def names(self, main: str, aliases: Iterable[str] = ()) -> tuple[str, ...]:
        """An answer and its other names, each once; blank names, which any text would give, are left out."""
        found = dict.fromkeys((main, *aliases))
        blank = [name for name in found if not name.strip()]
        if blank:
            self.note("blank names of answers left out", len(blank))
        return tuple(name for name in found if name not in blank)

    def kept(self, probes: Iterable[Probe]) -> tuple[Probe, ...]:
        """The probes that can be asked and scored; one without text or accepted answer is left out."""
        every = tuple(probes)
        found = tuple(one for one in every if one.text.strip() and one.accept)
        if len(found) < len(every):
            self.note("questions without text or answer left out", len(every) - len(found))
        return found

    def subject(self, subject: str, question: str) -> str | None:
        """The subject if it stands in the question, as editing methods need it; else None, which is noted."""
        if subject.strip() and subject in question:
            return subject
        self.note("facts do not name their subject in the question: only --no-subject can edit them")
        return None

    def benchmark(self, facts: Iterable[Fact], unlinked: Iterable[Probe] = ()) -> Benchmark:
        """The finished benchmark.

        Raises:
            DataError: Something was wrong with a file, there are no facts, or two things share an id.
        """
        self.check()
        row, facts, unlinked = self._dataset, tuple(facts), tuple(unlinked)
        if not facts:
            raise DataError(f"{', '.join(row.files)} holds no facts; fetch it again")
        probes = [probe.id for fact in facts for probe in fact.probes] + [probe.id for probe in unlinked]
        for ids in ([fact.id for fact in facts], probes):
            twice = [one for one, count in Counter(ids).items() if count > 1]
            if twice:
                raise DataError(f"{row.name!r} has the id {twice[0]!r} twice; fetch its files again")
        revision = "+".join(commit[:7] for commit in row.revisions)
        notes = tuple(f"{count} {what}" for what, count in self._notes.items())
        return Benchmark(row.name, revision, self._sha256(), facts, unlinked, notes)

    def _sha256(self) -> str:
        read = "".join(
            f"{path} {hashlib.sha256(content).hexdigest()}\n"
            for path, content in sorted(self._content.items())
        )
        return hashlib.sha256(f"{self._dataset.name} {self._version}\n{read}".encode()).hexdigest()


def direct(statement: Statement) -> Probe:
    """The direct question of a statement: it accepts the new answer and rejects the old."""
    return Probe(
        id=f"{statement.fact}/{statement.lang}/direct",
        fact=statement.fact,
        kind="direct",
        lang=statement.lang,
        text=statement.question,
        accept=(statement.new, *statement.new_aliases),
        reject=(statement.old, *statement.old_aliases) if statement.old else (),
    )


def _json(path: str, content: bytes) -> object:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} is no UTF-8 JSON ({reason}); fetch it again") from None


def _parquet(path: str, content: bytes) -> object:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise DataError(
            f"{path} is a Parquet table, which needs pyarrow; run: pip install 'mlake[parquet]'"
        ) from None
    try:
        return parquet.read_table(io.BytesIO(content)).to_pylist()
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} is no Parquet table ({reason}); fetch it again") from None


def _row(value: object, at: int, problems: list[str]) -> Row:
    if not isinstance(value, dict):
        problems.append(f"row {at} must be an object, got {_kind(value)}")
        return Row({}, f"row {at}", [])
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        problems.append(f"row {at} holds half a character (a lone surrogate)")
    return Row(value, f"row {at}", problems)


def _kind(value: object) -> str:
    return _NAMES.get(type(value), type(value).__name__)

"""What the readers of other projects' data sets share: checked rows of JSON, and the benchmark from them."""

import hashlib
import importlib
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mlake.data.checked import Checked, Problems, object_of, rows_of
from mlake.data.dataset import Dataset
from mlake.data.faults import FILLED, OBJECT, TEXT, TEXTS, TRIPLES, Shape, faults
from mlake.data.files import Files
from mlake.errors import DataError
from mlake.records import Benchmark, Fact, Probe, Triple

__all__ = ["Reading", "Row"]

_REMEDY = "fetch it again"
_NUMBER: Shape = {"type": "integer"}
_OBJECTS: Shape = {"type": "array", "items": OBJECT}


@dataclass(frozen=True, slots=True)
class Row(Checked):
    """A JSON object with checked access: what is wrong is noted, and an empty stand-in returned."""

    def text(self, name: str) -> str:
        """A string that is not blank."""
        value: str = self._get(name, FILLED, "")
        return value

    def blank(self, name: str) -> str:
        """A string that may be blank: the reader says what becomes of it then."""
        value: str = self._get(name, TEXT, "")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings, which may be empty or null."""
        null = self.values.get(name, "") is None
        return () if null else tuple(self._get(name, TEXTS, ()))

    def optional(self, name: str) -> str | None:
        """A string, or None where it is null or absent."""
        return None if self.values.get(name) is None else self.blank(name)

    def number(self, name: str) -> int:
        """A whole number."""
        return int(self._get(name, _NUMBER, 0))

    def triples(self, name: str) -> list[Triple]:
        """A list of lists of three strings."""
        return [Triple(*value) for value in self._get(name, TRIPLES, ())]

    def item(self, name: str) -> "Row":
        """The object in a field."""
        return self._inner(name, self._get(name, OBJECT, None))

    def items(self, name: str) -> list["Row"]:
        """The objects in a list."""
        values = self._get(name, _OBJECTS, ())
        return [self._inner(f"{name}[{at}]", value) for at, value in enumerate(values)]

    def _inner(self, name: str, value: dict[str, Any] | None) -> "Row":
        # What is no object has been reported; its fields need not be reported too.
        problems = self.problems if value is not None else Problems("")
        return replace(self, values=value or {}, problems=problems, within=f"{self.within}{name}.")

    def _get(self, name: str, shape: Shape, instead: Any) -> Any:
        """The value of a field if it is as its schema says; else it is noted what is wrong."""
        if name not in self.values:
            self.problem(name, "is missing")
            return instead
        found = list(faults(self.values[name], shape, name))
        for path, what in found:
            self.problem(path, what)
        return instead if found else self.values[name]


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
        self._problems: dict[str, Problems] = {}
        self._notes: Counter[str] = Counter()

    def rows(self, name: str) -> list[Row]:
        """The rows of the file whose path ends with this name.

        Raises:
            DataError: The file is no UTF-8 JSON list, or no Parquet table.
        """
        path = next(path for path in self._content if path.endswith(name))
        read = _parquet if path.endswith(".parquet") else rows_of
        problems = self._problems.setdefault(path, Problems(path, _REMEDY))
        return [_row(value, at, problems) for at, value in enumerate(read(self._content[path], path))]

    def check(self) -> None:
        """Raises what was wrong with the fields read so far.

        Raises:
            FactsError: Something was wrong with a file; the text lists it by row and field.
        """
        for problems in self._problems.values():
            problems.raise_any()

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


def _parquet(content: bytes, path: str) -> list[Any]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise DataError(
            f"{path} is a Parquet table, which needs pyarrow; run: pip install 'mlake[parquet]'"
        ) from None
    try:
        rows: list[Any] = parquet.read_table(io.BytesIO(content)).to_pylist()
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} is no Parquet table ({reason}); fetch it again") from None
    return rows


def _row(value: object, at: int, problems: Problems) -> Row:
    where = f"row {at}"
    found = object_of(value, where, problems)
    return Row(found, where, problems) if found is not None else Row({}, where, Problems(""))

"""Facts of one's own in the format of the authors' release: a folder of lists of rows, a file per language.

Row ``i`` of every ``single_hop/LANG_qa.json`` is the same fact. A row of ``multi_hop/new_LANG_qa.json`` is
linked to the fact whose sentence after the edit it repeats, in whichever language. A row of
``multi_hop/old_LANG_qa.json`` is linked by the sentence before the edit, which the authors' rows do not have,
else to the fact of the same question after the edit.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from mlake.data.checked import Problems
from mlake.data.faults import Shape, named, shown, unknown
from mlake.data.own.decode import decode, read_bytes
from mlake.data.own.drafts import Drafts
from mlake.data.own.lines import Line, line_of, padded, parse_json
from mlake.data.own.recovered import with_subjects
from mlake.data.own.schema import FACT, object_shape
from mlake.data.subjects.recover import version
from mlake.errors import DataError
from mlake.languages import LANGUAGES, in_order, is_known
from mlake.records import Benchmark

__all__ = ["read_release"]

_VERSION = 1  # part of the hash: raise it when the same files come to mean something else
_ALWAYS = ("en", "de", "fr", "ja", "zh")  # their rows count in every hash, so that those of stored runs stay

_SINGLE = {
    "question": "question", "subject": "subject", "o_prompt": "old_sentence", "o_answer": "old_answer",
    "o_answer_aliases": "old_aliases", "e_prompt": "new_sentence", "e_answer": "new_answer",
    "e_answer_aliases": "new_aliases",
}  # fmt: skip
_AFTER = {
    "question": "question", "e_prompt": "question", "e_answer": "new_answer",
    "e_answer_aliases": "new_aliases",
}  # fmt: skip
_BEFORE = {
    "question": "question", "o_prompt": "old_sentence", "o_answer": "new_answer",
    "o_answer_aliases": "new_aliases",
}  # fmt: skip
_FILES = {
    "single_hop/{}_qa.json": _SINGLE,
    "multi_hop/new_{}_qa.json": _AFTER,
    "multi_hop/old_{}_qa.json": _BEFORE,
}
"""Each kind of file: its fields, with the field of a fact that they are like."""

_SINGLE_HOP, _NEW_HOPS, _OLD_HOPS = _FILES

_Tables = dict[str, dict[str, list[Line]]]
"""Kind of file to language to rows."""

_Question = dict[str, Any]
"""A question as a line of JSON Lines would list it."""


def read_release(folder: Path, cache: Path) -> Benchmark:
    """Reads a folder with ``single_hop/LANG_qa.json`` and, where there are, the files of ``multi_hop``.

    Args:
        folder: The folder.
        cache: Cache folder, for subjects that have to be recovered.

    Raises:
        DataError: There is no such file in it, or one cannot be read.
        FactsError: Something is wrong; the text lists the problems by file, row and field.
    """
    problems = Problems(str(folder))
    names = {kind: _names(folder, kind, problems) for kind in _FILES}
    langs = dict.fromkeys((*_ALWAYS, *in_order(chain.from_iterable(names.values()))))
    digest = hashlib.sha256(f"release format {_VERSION} recovery {version(list(langs))}\n".encode())
    tables: _Tables = {}
    for kind in _FILES:
        tables[kind] = {}
        for code, name in names[kind].items():
            content = read_bytes(folder / name)
            digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
            rows = tables[kind][code] = list(_rows(content, name, kind, problems))
            if any(padded(row.values) for row in rows):
                digest.update(b"blanks at the edges of texts taken off\n")  # they once belonged to them
    _check(tables, folder, problems)
    questions = _Questions(tables)
    drafts = Drafts()
    for code, rows in tables[_SINGLE_HOP].items():
        for at, row in enumerate(rows):
            drafts.add(_stated(row, at, code, questions.linked[at, code]))
    drafts.add_unlinked(Line({"unlinked": questions.unlinked}, str(folder), problems))
    problems.raise_any()
    sha256 = digest.hexdigest()
    facts, notes = with_subjects(drafts.facts(), cache / "subjects" / f"{sha256}.json")
    name = folder.resolve().name
    return Benchmark(name, name, sha256, facts, tuple(drafts.unlinked), (*questions.notes, *notes))


def _names(folder: Path, kind: str, problems: Problems) -> dict[str, str]:
    """Languages that have a file of this kind, in the order of the table of languages, and its name."""
    before, after = kind.split("{}")
    place, start = before.split("/")
    found = {
        path.name.removeprefix(start).removesuffix(after)
        for path in folder.glob(f"{place}/{start}*{after}")
        if not path.name.startswith(".")
    }
    for code in sorted(one for one in found if not is_known(one)):
        problems.add(f"{kind.format(shown(code)[1:-1])}: {unknown('language', code, LANGUAGES)}")
    return {code: kind.format(code) for code in in_order(filter(is_known, found))}


def _rows(content: bytes, name: str, kind: str, problems: Problems) -> Iterator[Line]:
    """The rows of a file, checked."""
    try:
        values = parse_json(decode(content, f"{problems.source}/{name}"))
    except (ValueError, RecursionError) as error:
        problems.add(f"{name} is no JSON ({error})")
        return
    if not isinstance(values, list) or not values:
        problems.add(f"{name} must hold a list of rows, got {named(values) if values else 'none'}")
        return
    shape = _shape(kind)
    for at, value in enumerate(values):
        where = f"{name} row {at}"
        row = line_of(value, where, problems)
        if row is not None:
            row.check(shape)
        yield row or Line({}, where, problems)


def _shape(kind: str) -> Shape:
    """The schema of a row, made of the fields that its fields are like."""
    known = {one.name: one for one in FACT}
    return object_shape([replace(known[like], name=name) for name, like in _FILES[kind].items()])


def _check(tables: _Tables, folder: Path, problems: Problems) -> None:
    """Notes files that do not go together."""
    single = tables[_SINGLE_HOP]
    if not single:
        problems.raise_any()
        here = sorted(folder.glob("*.jsonl")) or sorted(folder.glob("*.csv"))
        advice = f"; to load a file in it, name the file: {here[0]}" if here else ""
        raise DataError(
            f"{folder} holds no facts; expected single_hop/LANG_qa.json with LANG one of "
            f"{', '.join(LANGUAGES)}{advice}"
        )
    counts = {code: len(rows) for code, rows in single.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{code} {count}" for code, count in counts.items())
        problems.add(f"single_hop: row N is the same fact in every file; all need as many rows, got {listed}")
    for kind in (_NEW_HOPS, _OLD_HOPS):
        for code in tables[kind].keys() - single:
            problems.add(f"{kind.format(code)} needs {_SINGLE_HOP.format(code)} beside it")


def _stated(row: Line, at: int, code: str, questions: list[_Question]) -> Line:
    """A row of a single-hop file as a line that states a fact, with the questions about it."""
    ours = {own: row.values[name] for name, own in _SINGLE.items() if name in row.values}
    place = {"fact": f"fact-{at:04d}", "row": at, "lang": code}
    names = {own: name for name, own in _SINGLE.items()}
    return replace(row, values={**ours, **place, "probes": questions}, names=names)


class _Questions:
    """The multi-hop questions, linked to facts where they can be.

    Attributes:
        linked: Those of a fact in one language, by the two.
        unlinked: The others.
        notes: How many are not linked, one line per file.
    """

    def __init__(self, tables: _Tables) -> None:
        self.linked: dict[tuple[int, str], list[_Question]] = defaultdict(list)
        self.unlinked: list[_Question] = []
        self.notes: list[str] = []
        old = tables[_OLD_HOPS]
        self._edited = _places(tables[_SINGLE_HOP], "e_prompt")
        self._unedited = _places(tables[_SINGLE_HOP], "o_prompt")
        self._before = {(code, row.text("question")): row for code, rows in old.items() for row in rows}
        self._after: dict[tuple[str, str], int | None] = {}
        for kind, question in ((_NEW_HOPS, self._new), (_OLD_HOPS, self._old)):
            for code, rows in tables[kind].items():
                self._add(kind.format(code), code, [question(code, row) for row in rows])

    def _add(self, name: str, code: str, rows: Sequence[tuple[int | None, _Question]]) -> None:
        lost = 0
        for number, (at, question) in enumerate(rows):
            if at is None:
                lost += 1
                self.unlinked.append({"id": f"{name}/{number:04d}", "lang": code, **question})
            else:
                self.linked[at, code].append(question)
        if lost:
            self.notes.append(f"{name}: {lost} of {len(rows)} questions are linked to no fact")

    def _new(self, code: str, row: Line) -> tuple[int | None, _Question]:
        """A question after the edit; what was true before it is wrong now."""
        key = code, row.text("question")
        at = self._after[key] = self._edited.get(row.text("e_prompt"))
        accept = _answers(row, "e")
        before = _answers(self._before[key], "o") if key in self._before else []
        reject = [name for name in before if name not in accept]
        return at, {"kind": "multihop", "text": key[1], "accept": accept, "reject": reject}

    def _old(self, code: str, row: Line) -> tuple[int | None, _Question]:
        """A question before the edit."""
        text = row.text("question")
        at = self._unedited.get(row.text("o_prompt"), self._after.get((code, text)))
        return at, {"kind": "multihop_before", "text": text, "accept": _answers(row, "o")}


def _places(single: Mapping[str, Sequence[Line]], name: str) -> dict[str, int]:
    """Sentence in any language to the one row that has it."""
    found: dict[str, set[int]] = defaultdict(set)
    for rows in single.values():
        for at, row in enumerate(rows):
            found[row.text(name)].add(at)
    return {text: min(places) for text, places in found.items() if text and len(places) == 1}


def _answers(row: Line, when: str) -> list[str]:
    return list(dict.fromkeys((row.text(f"{when}_answer"), *row.texts(f"{when}_answer_aliases"))))

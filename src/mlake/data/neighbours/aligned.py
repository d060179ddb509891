"""Reads data sets whose rows state one edit in English and in another language, with the same questions.

Every file repeats the English: rows of different files with the same number are one fact if it agrees.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from mlake.data.dataset import Dataset
from mlake.data.files import Files
from mlake.data.neighbours.common import Reading, Row
from mlake.data.questions import direct
from mlake.languages import in_order, is_known
from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = ["Layout", "dataset", "subject"]

_READER = 1  # raise it when the same files come to mean something else
_ENGLISH = "en"
_UNRELATED = "nq question: "


@dataclass(frozen=True, slots=True)
class Layout:
    """How a data set lays out its facts.

    Attributes:
        paths: Code of every language but English to the path of the file that holds it beside English.
        portability: A row in one language to its question about what follows from the edit, and the answer.
        case: Field that numbers the fact; empty where the place of the row does.
        codes: What the files call a language, where that is not its ISO 639-1 code.
    """

    paths: Mapping[str, str]
    portability: Callable[[Row], tuple[str, str]]
    case: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)

    def known(self) -> dict[str, str]:
        """The paths of the languages that mlake knows, with a file of their own or without."""
        return {lang: self.paths[lang] for lang in in_order(filter(is_known, self.paths))}


class _Entry(NamedTuple):
    """One row in one language."""

    subject: str
    question: str
    old: str
    new: str
    rephrase: str
    unrelated: str
    truth: str
    further: str
    consequence: str

    @property
    def edit(self) -> tuple[str, str, str]:
        """What tells the edit from others."""
        return self.subject, self.question, self.new


def dataset(name: str, layout: Layout, *, facts: int, source: str, licence: str, url: str) -> Dataset:
    """The row of the table of data sets; its files are those of the languages that mlake knows."""
    files = dict.fromkeys(layout.known().values(), "")
    return Dataset(
        name=name,
        reader=partial(_read, layout=layout),
        source=source,
        licence=licence,
        facts=facts,
        url=url,
        revisions=_commits(files),
        files=files,
    )


def subject(reading: Reading, lang: str, question: str, names: Iterable[str]) -> str | None:
    """The subject as it stands in the question, capitals aside: the first of its names there, else None."""
    for at, name in enumerate(names):
        found = re.search(re.escape(name.strip()), question, re.IGNORECASE)
        if found and found[0]:
            if at:
                reading.note(f"subjects in {lang} stand in the question under their English name")
            return found[0]
    reading.note(f"statements in {lang} without the subject in the question: only --no-subject can edit them")
    return None


def _commits(files: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path.split("/")[0] for path in files))


def _read(row: Dataset, files: Files, *, layout: Layout) -> Benchmark:
    known = {lang: path for lang, path in layout.known().items() if files.has(path)} or layout.known()
    chosen = {path: row.files.get(path, "") for path in known.values()}
    row = replace(row, files=chosen, revisions=_commits(chosen))
    reading = Reading(row, replace(files, sha256=chosen), str(_READER))
    absent = [lang for lang in layout.paths if lang not in known]
    every = len(layout.paths) + 1
    reading.note(f"of {every} languages left out: there is no file of {', '.join(absent)}", len(absent))
    cases: dict[int, dict[str, _Entry]] = {}
    for lang, path in known.items():
        for at, one in enumerate(reading.rows(path)):
            _add(reading, layout, cases, lang, at, one)
    reading.check()
    found = (
        _fact(reading, f"{row.name}-{number:04d}", at, said)
        for at, (number, said) in enumerate(cases.items())
    )
    return reading.benchmark(fact for fact in found if fact is not None)


def _add(
    reading: Reading, layout: Layout, cases: dict[int, dict[str, _Entry]], lang: str, at: int, row: Row
) -> None:
    """Adds one row of the file of a language to its case."""
    if _ENGLISH not in row.values:
        reading.note(f"rows in {lang} without English left out")
        return
    english = row.item(_ENGLISH)
    number = english.number(layout.case) if layout.case else at
    stated = _entry(english, layout)
    case = cases.setdefault(number, {_ENGLISH: stated})
    code = layout.codes.get(lang, lang)
    if code not in row.values:
        reading.note(f"facts not stated in {lang}")
    elif lang in case:
        reading.note(f"rows in {lang} left out: an earlier one has the same number")
    elif stated.edit != case[_ENGLISH].edit:
        reading.note(f"rows in {lang} left out: their English is not that of the other languages")
    else:
        case[lang] = _entry(row.item(code), layout)


def _entry(row: Row, layout: Layout) -> _Entry:
    return _Entry(
        row.blank("subject"),
        row.text("src"),
        (row.optional("old") or "").strip(),
        row.blank("alt").strip(),
        row.blank("rephrase"),
        row.blank("loc").removeprefix(_UNRELATED),
        row.blank("loc_ans"),
        *layout.portability(row),
    )


def _fact(reading: Reading, fact: str, at: int, said: Mapping[str, _Entry]) -> Fact | None:
    statements: dict[str, Statement] = {}
    probes: list[Probe] = []
    for lang, entry in said.items():
        if not entry.new:
            reading.note(f"statements in {lang} without a new answer left out")
            continue
        if not entry.old:
            reading.note(f"statements in {lang} without an old answer")
        statements[lang] = Statement(
            fact=fact,
            lang=lang,
            question=entry.question,
            subject=subject(reading, lang, entry.question, (entry.subject, said[_ENGLISH].subject)),
            old=entry.old,
            new=entry.new,
        )
        probes += reading.kept(_probes(reading, statements[lang], entry))
    return Fact(fact, at, statements, tuple(probes)) if statements else None


def _probes(reading: Reading, said: Statement, entry: _Entry) -> Iterator[Probe]:
    asked = direct(said)
    yield asked
    if entry.rephrase == said.question:
        reading.note(f"paraphrases in {said.lang} repeat the question word for word")
    at, lang = f"{said.fact}/{said.lang}", said.lang
    yield Probe(f"{at}/paraphrase", said.fact, "paraphrase", lang, entry.rephrase, asked.accept, asked.reject)
    yield Probe(f"{at}/locality", said.fact, "locality", lang, entry.unrelated, reading.names(entry.truth))
    yield Probe(
        f"{at}/multihop", said.fact, "multihop", lang, entry.further, reading.names(entry.consequence)
    )

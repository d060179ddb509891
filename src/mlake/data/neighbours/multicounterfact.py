"""Reads Multi-CounterFact: CounterFact's prompts in five languages, from a folder.

Its card describes the fields, but names no files and does not say whether a prompt leaves a gap for the
subject. Both kinds of prompt are taken, and the files under names of our own: a list of rows per language.
"""

from collections.abc import Iterator
from typing import NamedTuple

from mlake.data.dataset import Dataset
from mlake.data.files import Files
from mlake.data.neighbours.aligned import subject
from mlake.data.neighbours.common import Reading, Row
from mlake.data.questions import direct
from mlake.errors import DataError
from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = ["ROWS"]

_READER = 1  # raise it when the same files come to mean something else
_LANGS = ("en", "de", "fr", "ja", "zh")


class _Entry(NamedTuple):
    """One row in one language."""

    case: object
    subject: str
    question: str
    old: str
    new: str
    paraphrases: tuple[str, ...]
    neighbours: tuple[str, ...]


def _read(row: Dataset, files: Files) -> Benchmark:
    if files.mirror is None:
        raise DataError(
            f"{row.name!r} cannot be fetched: no fixed address of its files is known; download them from "
            f"{row.source} and pass --mirror DIR: a folder that holds {', '.join(row.files)}"
        )
    reading = Reading(row, files, str(_READER))
    read = {lang: [_entry(one) for one in reading.rows(f"{lang}.json")] for lang in _LANGS}
    reading.check()
    counts = {lang: len(entries) for lang, entries in read.items()}
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{lang} {count}" for lang, count in counts.items())
        raise DataError(
            f"{row.name!r} needs equally many rows per language, got {found}; take one split of all"
        )
    return reading.benchmark(
        _fact(reading, at, dict(zip(_LANGS, entries, strict=True)))
        for at, entries in enumerate(zip(*read.values(), strict=True))
    )


def _entry(row: Row) -> _Entry:
    rewrite = row.item("requested_rewrite")
    name = rewrite.blank("subject")
    return _Entry(
        row.values.get("case_id"),
        name,
        rewrite.text("prompt").replace("{}", name),
        rewrite.item("target_true").text("str"),
        rewrite.item("target_new").text("str"),
        row.texts("paraphrase_prompts"),
        row.texts("neighborhood_prompts"),
    )


def _fact(reading: Reading, at: int, said: dict[str, _Entry]) -> Fact:
    fact, english = f"multi-counterfact-{at:05d}", said["en"]
    statements: dict[str, Statement] = {}
    probes: list[Probe] = []
    for lang, entry in said.items():
        if entry.case != english.case:
            reading.note(f"rows in {lang} left out: their case_id is not that of the English row")
            continue
        names = (entry.subject, english.subject)
        statements[lang] = Statement(
            fact=fact,
            lang=lang,
            question=entry.question,
            subject=subject(reading, lang, entry.question, names),
            old=entry.old,
            new=entry.new,
        )
        probes += reading.kept(_probes(statements[lang], entry))
    return Fact(fact, at, statements, tuple(probes))


def _probes(said: Statement, entry: _Entry) -> Iterator[Probe]:
    asked = direct(said)
    yield asked
    at, lang = f"{said.fact}/{said.lang}", said.lang
    for number, text in enumerate(entry.paraphrases):
        name = f"{at}/paraphrase-{number}"
        yield Probe(name, said.fact, "paraphrase", lang, text, asked.accept, asked.reject)
    for number, text in enumerate(entry.neighbours):
        yield Probe(f"{at}/locality-{number}", said.fact, "locality", lang, text, (said.old,))


ROWS = (
    Dataset(
        name="multi-counterfact",
        reader=_read,
        source="https://huggingface.co/datasets/KazeJiang/Multi-CounterFact",
        licence="CC-BY-4.0",
        facts=4000,
        files={f"{lang}.json": "" for lang in _LANGS},
    ),
)

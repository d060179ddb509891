"""Facts as JSON Lines: a line per fact and language, in flat keys that people can write by hand.

Only ``question`` and ``new_answer`` are required. A ``direct`` probe is added where a line lists none. A line
that holds only ``unlinked`` carries a probe that belongs to no fact.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlake.data.cache import write_atomic
from mlake.data.lines import Line, Problems
from mlake.errors import DataError
from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = ["parse_jsonl", "read_jsonl", "to_lines", "write_jsonl"]

_VERSION = 1  # part of the hash: raise it when the same file comes to mean something else


def read_jsonl(path: Path) -> Benchmark:
    """Reads a file of facts.

    Raises:
        DataError: The file cannot be read or is no such file; the text lists its problems by line and field.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}; expected a file of facts") from None
    return parse_jsonl(content, name=path.stem, revision=path.name, source=str(path))


def parse_jsonl(content: bytes, *, name: str, revision: str, source: str) -> Benchmark:
    """Parses the content of a file of facts.

    Args:
        content: UTF-8, with or without byte order mark; any line ends; blank lines are skipped.
        name: Name of the benchmark.
        revision: Revision of the benchmark.
        source: What error messages call the content.

    Raises:
        DataError: Something is wrong; the text lists the problems by line and field.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = content[: error.start].count(b"\n") + 1
        raise DataError(f"{source} line {at} is not UTF-8; save the file as UTF-8") from None
    problems = Problems(source)
    drafts: dict[str, _Draft] = {}
    unlinked: list[Probe] = []
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        line = Line.parse(raw, number, problems) if raw.strip() else None
        if line is None:
            continue
        if set(line.values) == {"unlinked"}:
            unlinked += line.probes("unlinked", None, "")
        else:
            _add(drafts, line)
    facts = tuple(draft.finish() for draft in drafts.values())
    _check_ids([probe for fact in facts for probe in fact.probes] + unlinked, problems)
    problems.raise_any()
    if not facts:
        raise DataError(f"{source} holds no facts; expected lines with at least question and new_answer")
    sha256 = hashlib.sha256(f"jsonl {_VERSION}\n".encode() + content).hexdigest()
    return Benchmark(name, revision, sha256, facts, tuple(unlinked))


@dataclass
class _Draft:
    """A fact whose lines are still being collected."""

    id: str
    row: int
    subject_id: str | None
    relation_id: str | None
    statements: dict[str, Statement] = field(default_factory=dict)
    relations: dict[str, str] = field(default_factory=dict)
    probes: list[Probe] = field(default_factory=list)

    def finish(self) -> Fact:
        return Fact(
            self.id,
            self.row,
            self.statements,
            tuple(self.probes),
            self.subject_id,
            self.relation_id,
            self.relations,
        )


def _add(drafts: dict[str, _Draft], line: Line) -> None:
    line.check_fields()
    fact = line.text("fact", f"line-{line.number}")
    lang = line.lang("en")
    own = _Draft(
        fact,
        line.count("row", drafts[fact].row if fact in drafts else len(drafts)),
        line.optional("subject_id"),
        line.optional("relation_id"),
    )
    draft = drafts.setdefault(fact, own)
    for name in ("row", "subject_id", "relation_id"):
        if getattr(own, name) != getattr(draft, name):
            line.problem(name, f"differs from the other lines of fact {fact!r}")
    if lang in draft.statements:
        line.problem("lang", f"fact {fact!r} has a second line in {lang!r}")
    statement = _statement(line, fact, lang)
    draft.statements[lang] = statement
    relation = line.optional("relation")
    if relation is not None:
        draft.relations[lang] = relation
    listed = line.probes("probes", fact, lang)
    if not any(probe.kind == "direct" and probe.lang == lang for probe in listed):
        listed.insert(0, _direct(statement))
    draft.probes += listed


def _statement(line: Line, fact: str, lang: str) -> Statement:
    question = line.text("question")
    subject = line.optional("subject")
    if subject is not None and subject not in question:
        line.problem("subject", f"{subject!r} does not occur in the question")
    if subject == "":
        line.problem("subject", "is empty; leave it out or write null")
    return Statement(
        fact=fact,
        lang=lang,
        question=question,
        subject=subject,
        old=line.text("old_answer", ""),
        new=line.text("new_answer"),
        old_aliases=line.texts("old_aliases"),
        new_aliases=line.texts("new_aliases"),
        old_sentence=line.text("old_sentence", ""),
        new_sentence=line.text("new_sentence", ""),
        subject_sure=line.flag("subject_sure", True),
    )


def _direct(statement: Statement) -> Probe:
    old = (statement.old, *statement.old_aliases) if statement.old else statement.old_aliases
    return Probe(
        id=f"{statement.fact}/{statement.lang}/direct",
        fact=statement.fact,
        kind="direct",
        lang=statement.lang,
        text=statement.question,
        accept=tuple(dict.fromkeys((statement.new, *statement.new_aliases))),
        reject=tuple(dict.fromkeys(old)),
    )


def _check_ids(probes: list[Probe], problems: Problems) -> None:
    seen: set[str] = set()
    for probe in probes:
        if probe.id in seen:
            problems.add(f"probe id {probe.id!r} occurs twice")
        seen.add(probe.id)


def to_lines(benchmark: Benchmark) -> Iterator[str]:
    """The benchmark as JSON Lines, without line ends."""
    for fact in benchmark.facts:
        for at, statement in enumerate(fact.statements.values()):
            strays = [p for p in fact.probes if p.lang not in fact.statements] if at == 0 else []
            yield _dump(_line(fact, statement, strays))
    for probe in benchmark.unlinked:
        yield _dump({"unlinked": [_probe(probe)]})


def _dump(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(fact: Fact, statement: Statement, strays: list[Probe]) -> dict[str, Any]:
    own = [probe for probe in fact.probes if probe.lang == statement.lang]
    line: dict[str, Any] = {
        "fact": fact.id,
        "row": fact.row,
        "lang": statement.lang,
        "question": statement.question,
        "subject": statement.subject,
        "subject_sure": statement.subject_sure,
        "old_answer": statement.old,
        "old_aliases": statement.old_aliases,
        "new_answer": statement.new,
        "new_aliases": statement.new_aliases,
        "old_sentence": statement.old_sentence,
        "new_sentence": statement.new_sentence,
    }
    relation = fact.relations.get(statement.lang)
    known = {"subject_id": fact.subject_id, "relation_id": fact.relation_id, "relation": relation}
    line.update({name: value for name, value in known.items() if value is not None})
    line["probes"] = [_probe(probe) for probe in own + strays]
    return line


def _probe(probe: Probe) -> dict[str, Any]:
    return {
        "id": probe.id,
        "kind": probe.kind,
        "lang": probe.lang,
        "text": probe.text,
        "accept": probe.accept,
        "reject": probe.reject,
        "options": probe.options,
        "relations": probe.relations,
        "triples": probe.triples,
        "needs": probe.needs,
    }


def write_jsonl(benchmark: Benchmark, path: Path) -> None:
    """Writes a benchmark as JSON Lines, atomically.

    Raises:
        DataError: The file cannot be written.
    """
    content = "".join(line + "\n" for line in to_lines(benchmark)).encode()
    try:
        write_atomic(path, content)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}; choose another place") from None

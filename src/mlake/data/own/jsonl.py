"""Facts as JSON Lines: a line per fact and language, in flat keys that people can write by hand.

Only ``question`` and ``new_answer`` are required. A ``direct`` probe is added where a line lists none. A line
that holds only ``unlinked`` carries a probe that belongs to no fact. A JSON list of such objects is read too,
and both may hold facts in the forms of ``mlake.data.own.foreign``.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlake.data.checked import Problems
from mlake.data.own.decode import decode, read_bytes
from mlake.data.own.drafts import Drafts
from mlake.data.own.foreign import FORMS, form_of
from mlake.data.own.lines import Line, line_of, padded, parse_json, parse_line
from mlake.data.own.schema import FACT, fact_shape, unlinked_shape
from mlake.disk import write_atomic
from mlake.errors import DataError
from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = ["parse_jsonl", "read_jsonl", "to_lines", "write_jsonl"]

_VERSION = 1  # part of the hash: raise it when the same file comes to mean something else
_OWN = {one.name for one in FACT} | {"unlinked"}
_PADDED = 2  # the same where texts have blanks at their edges, which once belonged to them


def read_jsonl(path: str | Path) -> Benchmark:
    """Reads a file of facts.

    Raises:
        DataError: The file cannot be read.
        FactsError: Something in it is wrong; the text lists the problems by line and field.
    """
    path = Path(path)
    return parse_jsonl(read_bytes(path), name=path.stem, revision=path.name, source=str(path))


def parse_jsonl(content: bytes, *, name: str, revision: str, source: str) -> Benchmark:
    """Parses the content of a file of facts.

    Args:
        content: UTF-8, with or without byte order mark; any line ends; blank lines are skipped.
        name: Name of the benchmark.
        revision: Revision of the benchmark.
        source: What error messages call the content.

    Raises:
        DataError: It is not UTF-8, or holds no facts.
        FactsError: Something is wrong; the text lists the problems by line and field.
    """
    problems, drafts, left_out = Problems(source), Drafts(), Counter[str]()
    fact, unlinked = fact_shape(), unlinked_shape()
    version = _VERSION
    for line in _lines(decode(content, source), problems, left_out):
        version = _PADDED if padded(line.values) else version
        if set(line.values) == {"unlinked"}:
            line.check(unlinked)
            drafts.add_unlinked(line)
        else:
            line.check(fact)
            drafts.add(line)
    problems.raise_any()
    facts = drafts.facts()
    if not facts:
        raise DataError(f"{source} holds no facts; expected lines with at least question and new_answer")
    sha256 = hashlib.sha256(f"jsonl {version}\n".encode() + content).hexdigest()
    notes = tuple(f"{count} {what}" for what, count in left_out.items() if count)
    return Benchmark(name, revision, sha256, facts, tuple(drafts.unlinked), notes)


def _lines(text: str, problems: Problems, left_out: Counter[str]) -> Iterator[Line]:
    """What stands in a file of JSON Lines, or in one JSON list or object."""
    whole = _whole(text, problems)
    if whole is None:
        for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
            line = parse_line(raw, f"line {number}", problems) if raw.strip() else None
            if line is not None:
                yield _ours(line, left_out)
        return
    for number, values in enumerate(whole, 1):
        line = line_of(values, f"item {number}", problems)
        if line is None:
            continue
        if not (form_of(line.values) or line.values.keys() & _OWN):
            forms = ", ".join(form.name for form in FORMS)
            problems.add(
                f"item {number} has the keys of no known form; known: question and new_answer, {forms}"
            )
            return
        yield _ours(line, left_out)


def _whole(text: str, problems: Problems) -> list[Any] | None:
    """The items of a file that is one JSON list, or one object over several lines; None for JSON Lines."""
    start = text.lstrip()
    if not start.startswith("[") and start.partition("\n")[0].strip() not in ("{", "["):
        return None
    try:
        values = parse_json(text)
    except (ValueError, RecursionError) as error:
        problems.add(f"it begins as one JSON value and is none ({error})")
        return []
    return values if isinstance(values, list) else [values]


def _ours(line: Line, left_out: Counter[str]) -> Line:
    """The line itself, or one of another form as a line of ours; messages use the names of its form."""
    form = form_of(line.values)
    if form is None:
        return line
    values = form.line(line.values, left_out)
    subject, question = values.get("subject"), values.get("question")
    if isinstance(subject, str) and isinstance(question, str) and subject.strip() not in question:
        del values["subject"]
        left_out["facts do not name their subject in the question: only --no-subject can edit them"] += 1
    return replace(line, values=values, names=form.names)


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


def write_jsonl(benchmark: Benchmark, path: str | Path) -> None:
    """Writes a benchmark as JSON Lines, atomically.

    Raises:
        DataError: The file cannot be written.
    """
    content = "".join(line + "\n" for line in to_lines(benchmark)).encode()
    try:
        write_atomic(Path(path), content)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}; choose another place") from None

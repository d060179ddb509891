"""Facts as JSON Lines: a line per fact and language, in flat keys that people can write by hand.

Only ``question`` and ``new_answer`` are required. A ``direct`` probe is added where a line lists none. A line
that holds only ``unlinked`` carries a probe that belongs to no fact.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlake.data.checked import Problems
from mlake.data.own.decode import decode, read_bytes
from mlake.data.own.drafts import Drafts
from mlake.data.own.lines import parse_line
from mlake.data.own.schema import fact_shape, unlinked_shape
from mlake.disk import write_atomic
from mlake.errors import DataError
from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = ["parse_jsonl", "read_jsonl", "to_lines", "write_jsonl"]

_VERSION = 1  # part of the hash: raise it when the same file comes to mean something else


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
    text = decode(content, source)
    problems, drafts = Problems(source), Drafts()
    fact, unlinked = fact_shape(), unlinked_shape()
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        line = parse_line(raw, f"line {number}", problems) if raw.strip() else None
        if line is None:
            continue
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
    sha256 = hashlib.sha256(f"jsonl {_VERSION}\n".encode() + content).hexdigest()
    return Benchmark(name, revision, sha256, facts, tuple(drafts.unlinked))


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

"""A cleaned view of a benchmark, with every change listed."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from mlake.data.check.aliases import borrowed, faults
from mlake.data.check.drops import Reason, drops
from mlake.data.check.plain import invisible, plain
from mlake.data.check.rewrite import keep, rename, reword
from mlake.data.check.view import Names, once, probes, texts
from mlake.errors import DataError
from mlake.records import Benchmark

__all__ = ["Change", "Cleaned", "clean"]

_Step = tuple[Benchmark, list["Change"]]

# What the lists of names are called in a statement and in a probe.
_FIELDS = {"old": "old_aliases", "new": "new_aliases", "accept": "accept", "reject": "reject"}
_VERSION = 1  # raise it when the same changes come to mean something else


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        fact: Id of the fact; None for a probe without one.
        probe: Id of the probe; None where the statement was changed. Probes that repeat a statement's
            question or names change with it.
        lang: Language code.
        rule: Id of the rule that asked for it.
        field: What was changed: a field of the statement or probe, or ``statement`` or ``probe`` as a whole.
        before: What stood there; None where something was added.
        after: What stands there now; None where something was removed.
        why: The reason.
    """

    fact: str | None
    probe: str | None
    lang: str
    rule: str
    field: str
    before: str | None
    after: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cleaned benchmark and what was changed."""

    benchmark: Benchmark
    changes: tuple[Change, ...]


def clean(benchmark: Benchmark) -> Cleaned:
    """Mends what can be mended without guessing; sentences are left as they are.

    Invisible characters go from questions, names and options; emoji, short, duplicate and poisoned aliases
    are removed; edits that change nothing, questions in another language or with placeholders, and chained
    questions whose answer no longer holds are dropped; new answers without an alias get those that the same
    name has elsewhere in the language. Cleaning a cleaned benchmark changes nothing.

    Returns:
        The benchmark, with another revision and hash if there were changes.

    Raises:
        DataError: No fact is left.
    """
    cleaned, changes = _write_plainly(benchmark)
    while True:
        cleaned, removed = _remove_aliases(cleaned)
        cleaned, dropped = _drop(cleaned)
        changes += removed + dropped
        if not dropped:
            break
    cleaned, added = _borrow(cleaned)
    changes += added
    if not cleaned.facts:
        raise DataError(
            f"cleaning {benchmark.name!r} leaves no fact; 'mlake data check' says what is wrong with each"
        )
    if not changes:
        return Cleaned(benchmark, ())
    listed = json.dumps([asdict(change) for change in changes])
    sha256 = hashlib.sha256(f"clean {_VERSION}\n{benchmark.sha256}\n{listed}".encode()).hexdigest()
    revision = f"{benchmark.revision}+clean{_VERSION}"
    return Cleaned(replace(cleaned, revision=revision, sha256=sha256), tuple(changes))


def _write_plainly(benchmark: Benchmark) -> _Step:
    """Removes invisible characters and composes what is left."""
    written = reword(benchmark, lambda text: plain(text) or text)
    after = {place: found.text for place, found in zip(texts(benchmark), texts(written), strict=True)}
    changes = []
    for place in once(texts(benchmark)):
        if after[place] != place.text:
            hidden = invisible(place.text)
            rule = "control-character" if hidden else "not-composed"
            why = "it has invisible characters" if hidden else "it is not in composed form"
            where = (place.fact, place.probe, place.lang)
            changes.append(Change(*where, rule, place.field, place.text, after[place], why))
    return written, changes


def _remove_aliases(benchmark: Benchmark) -> _Step:
    """Removes faulty aliases."""
    faulty = {(fault.place, fault.at): fault for fault in faults(benchmark)}
    changes = [
        Change(*fault.place[:3], fault.rule, _FIELDS[fault.place.field], fault.alias, None, fault.why)
        for fault in faulty.values()
    ]
    cleaned = rename(
        benchmark,
        lambda place: tuple(name for at, name in enumerate(place.names) if (place, at) not in faulty),
    )
    return (cleaned if changes else benchmark), changes


def _drop(benchmark: Benchmark) -> _Step:
    """Drops statements and probes by which a score could only mislead."""
    gone = drops(benchmark)
    if not gone.statements and not gone.probes:
        return benchmark, []
    changes = [
        Change(fact.id, None, lang, *_split(gone.statements[fact.id, lang], "statement", one.question))
        for fact in benchmark.facts
        for lang, one in fact.statements.items()
        if (fact.id, lang) in gone.statements
    ]
    changes += [
        Change(probe.fact, probe.id, probe.lang, *_split(gone.probes[probe.id], "probe", probe.text))
        for _, probe in probes(benchmark)
        if probe.id in gone.probes
    ]
    kept = keep(
        benchmark,
        lambda one: (one.fact, one.lang) not in gone.statements,
        lambda probe: probe.id not in gone.probes,
    )
    return kept, changes


def _split(reason: Reason, field: str, text: str) -> tuple[str, str, str, None, str]:
    return reason.rule, field, text, None, reason.why


def _borrow(benchmark: Benchmark) -> _Step:
    """Gives new answers without an alias those that the same name has elsewhere."""
    found = borrowed(benchmark)
    why = "the same name has it elsewhere"
    changes = [
        Change(fact, None, lang, "missing-alias", "new_aliases", None, alias, why)
        for (fact, lang), aliases in found.items()
        for alias in aliases
    ]

    def more(place: Names) -> tuple[str, ...]:
        own = place.probe is None and place.field == "new"
        return (*place.names, *(found.get((place.fact or "", place.lang), ()) if own else ()))

    return (rename(benchmark, more) if found else benchmark), changes

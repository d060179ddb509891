"""What cleaning leaves out: statements and probes by which a score could only mislead."""

from typing import NamedTuple

from mlake.data.check.answers import is_noop
from mlake.data.check.chains import edited_elsewhere, names_old_bridge
from mlake.data.check.findings import quote
from mlake.data.check.view import companions
from mlake.data.check.wording import placeholder
from mlake.languages.identify import in_other_language
from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = ["Drops", "Reason", "drops"]


_NOWHERE = "its fact is left out in every language"


class Reason(NamedTuple):
    """The rule that asks for it, and why."""

    rule: str
    why: str


class Drops(NamedTuple):
    """What to leave out: statements by fact and language, probes by id."""

    statements: dict[tuple[str, str], Reason]
    probes: dict[str, Reason]


def drops(benchmark: Benchmark) -> Drops:
    """Everything that should be left out of a benchmark."""
    edited = edited_elsewhere(benchmark)
    found = Drops({}, {})
    for fact in benchmark.facts:
        for lang, one in fact.statements.items():
            if reason := _statement(one):
                found.statements[fact.id, lang] = reason
        gone = [found.statements.get((fact.id, lang)) for lang in fact.statements]
        left = None if None in gone or not gone[0] else Reason(gone[0].rule, _NOWHERE)
        for probe in fact.probes:
            reason = _free(probe, fact, found, edited) if not probe.options else None
            if wanted := reason or left:
                found.probes[probe.id] = wanted
        _add_choices(fact.probes, found)
    for probe in benchmark.unlinked:
        if not probe.options and (reason := _free(probe, None, found, edited)):
            found.probes[probe.id] = reason
    _add_choices(benchmark.unlinked, found)
    return found


def _statement(one: Statement) -> Reason | None:
    if is_noop(one.old, one.new, one.lang):
        return Reason("noop-edit", f"both answers are {quote(one.new)}")
    return _text(one.question, one.lang)


def _text(text: str, lang: str) -> Reason | None:
    if held := placeholder(text):
        return Reason("placeholder", f"it has {quote(held)}")
    why = in_other_language(text, lang)
    return Reason("wrong-language", why) if why else None


def _free(probe: Probe, fact: Fact | None, found: Drops, edited: dict[str, str]) -> Reason | None:
    """Why a question without options is left out."""
    above = found.statements.get((fact.id, probe.lang)) if fact else None
    if above and (probe.kind == "direct" or (above.rule == "noop-edit" and probe.kind == "paraphrase")):
        return above
    if reason := _text(probe.text, probe.lang):
        return reason
    if name := names_old_bridge(fact, probe):
        return Reason("names-old-bridge", f"it has {quote(name)}, which is no bridge after the edit")
    if probe.id in edited:
        return Reason("second-hop-edited", f"{edited[probe.id]} edits a later hop")
    return None


def _add_choices(probes: tuple[Probe, ...], found: Drops) -> None:
    """Leaves out multiple choice that stands alone and is wrong, or repeats what is left out."""
    for probe in probes:
        if probe.options and probe.id not in found.probes:
            free = companions(probe, probes)
            gone = [found.probes.get(one.id) for one in free]
            reason = _text(probe.text, probe.lang) if not free else None if None in gone else gone[0]
            if reason:
                found.probes[probe.id] = reason

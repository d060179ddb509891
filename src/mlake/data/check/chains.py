"""Rules about questions that follow from a fact: chains, links and multiple choice."""

from collections.abc import Callable, Iterator

from mlake.data.check.findings import Finding, Rule, quote
from mlake.data.check.matching import find, has, has_alias, inside, key, places
from mlake.data.check.view import companions, new_names, old_names, probes, questions
from mlake.records import Benchmark, Fact, Probe

__all__ = ["RULES", "edited_elsewhere", "names_old_bridge"]


def _bridge(fact: Fact, probe: Probe, names: tuple[str, ...]) -> str:
    """A name of the bridge in a question, where the direct question does without it.

    If it has one, as part of another name, only the whole main name around that one is the bridge.
    """
    said = fact.statements[probe.lang]
    known = places(said.subject or "", probe.text, probe.lang)
    found = [one.name for one in find(probe.text, names, probe.lang) if not inside(one, known)]
    given = {one.name for one in find(said.question, names, probe.lang)} if found else set()
    if not given:
        return found[0] if found else ""
    main = names[0]
    whole = main in found and main not in given and has_alias(main, tuple(given), probe.lang)
    return main if whole else ""


def names_old_bridge(fact: Fact | None, probe: Probe) -> str:
    """The name of the old answer in a question that is asked after the edit; empty if it has none."""
    if fact is None or probe.kind != "multihop" or probe.lang not in fact.statements:
        return ""
    return _bridge(fact, probe, old_names(fact.statements[probe.lang]))


def _names_bridge(fact: Fact | None, probe: Probe) -> str:
    if fact is None or probe.lang not in fact.statements:
        return ""
    said = fact.statements[probe.lang]
    names = {"multihop": new_names(said), "multihop_before": old_names(said)}.get(probe.kind, ())
    return _bridge(fact, probe, names) if names else ""


def edited_elsewhere(benchmark: Benchmark) -> dict[str, str]:
    """Id of every probe with a later hop that another fact edits, to that fact's id.

    A probe that says so itself (``needs``) is asked only together with that edit, and is left out.
    """
    edited = {
        (fact.subject_id, fact.relation_id): fact.id
        for fact in benchmark.facts
        if fact.subject_id and fact.relation_id
    }
    found = {}
    for _, probe in probes(benchmark):
        others = (edited.get(triple[:2]) for triple in probe.triples[1:])
        for other in others:
            if other and other != probe.fact and other not in probe.needs:
                found[probe.id] = other
    return found


def _chained(name: Callable[[Fact | None, Probe], str]) -> Callable[[Benchmark], Iterator[Finding]]:
    """Finds chained questions in which a name stands."""

    def find_them(benchmark: Benchmark) -> Iterator[Finding]:
        for fact, probe in probes(benchmark):
            found = name(fact, probe)
            if found:
                yield _about(probe, f"{quote(found)} stands in {quote(probe.text)}")

    return find_them


def _about(probe: Probe, text: str) -> Finding:
    return Finding(probe.fact, probe.id, probe.lang, text)


def _second_hop(benchmark: Benchmark) -> Iterator[Finding]:
    edited = edited_elsewhere(benchmark)
    for _, probe in probes(benchmark):
        if probe.id in edited and not probe.options:
            yield _about(probe, f"{edited[probe.id]} edits what {quote(probe.text)} goes on from")


def _unlinked(benchmark: Benchmark) -> Iterator[Finding]:
    for question in questions(benchmark):
        if question.fact is None and question.probe:
            yield _about(question.probe, quote(question.text))


def _choices(benchmark: Benchmark) -> Iterator[tuple[Probe, tuple[Probe, ...]]]:
    """Every multiple-choice question with the probes beside it."""
    for fact in benchmark.facts:
        for probe in fact.probes:
            if probe.options:
                yield probe, fact.probes
    for probe in benchmark.unlinked:
        if probe.options:
            yield probe, benchmark.unlinked


def _letter(name: str, probe: Probe) -> int:
    """Index of the option that a letter or text stands for; -1 if there is none."""
    if name in probe.options:
        return probe.options.index(name)
    at = ord(name) - ord("A") if len(name) == 1 else -1
    return at if 0 <= at < len(probe.options) else -1


def _holding(probe: Probe, others: tuple[Probe, ...]) -> list[int]:
    """Indices of the options that give an accepted answer that the question itself does not."""
    names = dict.fromkeys(name for one in companions(probe, others) for name in one.accept)
    given = {span.name for span in find(probe.text, tuple(names), probe.lang)}
    free = tuple(name for name in names if name not in given)
    return [at for at, option in enumerate(probe.options) if has(option, free, probe.lang)] if free else []


def _inconsistent(benchmark: Benchmark) -> Iterator[Finding]:
    for probe, others in _choices(benchmark):
        accepted, rejected = (
            {_letter(name, probe) for name in names} for names in (probe.accept, probe.reject)
        )
        holding = _holding(probe, others)
        if -1 in accepted | rejected:
            yield _about(
                probe, f"{quote(*probe.accept, *probe.reject)} names no option of {quote(*probe.options)}"
            )
        elif accepted & rejected:
            yield _about(probe, f"{quote(*probe.accept)} is both accepted and rejected")
        elif accepted and holding and not accepted & set(holding):
            shown = quote(*(probe.options[at] for at in holding))
            yield _about(probe, f"{quote(*probe.accept)} is accepted, but the answer stands in {shown}")


def _ambiguous(benchmark: Benchmark) -> Iterator[Finding]:
    for probe, others in _choices(benchmark):
        accepted = {_letter(name, probe) for name in probe.accept}
        rest = [at for at in _holding(probe, others) if at not in accepted]
        if rest and len(rest) < len(_holding(probe, others)):
            yield _about(probe, f"the answer stands in {quote(probe.options[rest[0]])} too")


def _repeated(benchmark: Benchmark) -> Iterator[Finding]:
    for probe, _ in _choices(benchmark):
        forms = [key(option, probe.lang) for option in probe.options]
        double = [option for at, option in enumerate(probe.options) if forms[at] in forms[:at]]
        if double:
            yield _about(probe, quote(double[0]))


RULES = (
    Rule(
        "names-old-bridge",
        "error",
        "A question asked after the edit names the old answer as its bridge, which no longer holds.",
        "Describe the bridge through the subject, or leave the question out.",
        _chained(names_old_bridge),
        mended=True,
    ),
    Rule(
        "names-bridge",
        "warning",
        "A chained question names its bridge, so that only the second hop is asked.",
        "Describe the bridge through the subject.",
        _chained(_names_bridge),
    ),
    Rule(
        "second-hop-edited",
        "warning",
        "Another fact edits a later hop of the chain: once both edits are in force, the answer is wrong.",
        "Leave the question out, or name the other fact under needs.",
        _second_hop,
        mended=True,
    ),
    Rule(
        "unlinked-question",
        "info",
        "It is not known which fact the question belongs to; it is never asked after an edit.",
        "Link it, if it can be told.",
        _unlinked,
    ),
    Rule(
        "choice-inconsistent",
        "error",
        "The accepted option of a multiple choice does not exist, is also rejected, or lacks the answer.",
        "Correct the letter.",
        _inconsistent,
    ),
    Rule(
        "choice-ambiguous",
        "warning",
        "An option that is not accepted gives an accepted answer too.",
        "Replace the option.",
        _ambiguous,
    ),
    Rule(
        "choice-repeated",
        "warning",
        "Two options are the same.",
        "Replace one of them.",
        _repeated,
    ),
)

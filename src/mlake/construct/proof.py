"""Proof of the written texts: what a rule finds at fault in one language is left out in every language."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mlake.construct.stage import Drop, Made, Row
from mlake.data.check import RULES, Finding, check
from mlake.data.check.matching import has
from mlake.data.own.jsonl import parse_jsonl
from mlake.errors import DataError

__all__ = ["NEEDED", "part_of", "proof", "proved", "renumbered", "text_faults"]

NEEDED = ("paraphrase", "locality", "choice")
"""Kinds of question of which every fact keeps at least one."""

_ROUNDS = 8  # leaving something out seldom shows another fault


@dataclass
class _Left:
    """What is left out, and why."""

    facts: set[str] = field(default_factory=set)
    probes: set[tuple[str, str]] = field(default_factory=set)
    drops: list[Drop] = field(default_factory=list)

    def take(self, found: Iterable[tuple[str, Finding]]) -> bool:
        """Notes findings; whether anything new is left out."""
        before = len(self.drops)
        for name, one in found:
            if one.fact is None or one.fact in self.facts:
                continue
            part = part_of(one)
            probe = (one.fact, part) if part else None
            if probe is None:
                self.facts.add(one.fact)
            elif probe not in self.probes:
                self.probes.add(probe)
            else:
                continue
            place = "/".join(probe) if probe else one.fact
            self.drops.append(Drop(place, name, f"{one.lang}: {one.text}"))
        return len(self.drops) > before


def proved(lines: Sequence[Row]) -> Made:
    """The lines without what is at fault, as ``proof`` gives them; at least one.

    Raises:
        DataError: Nothing is left, or faults do not end.
    """
    made = proof(lines)
    if not made.rows:
        shown = f"; the first: {made.drops[0].why}" if made.drops else ""
        raise DataError(f"no fact is left after the proof of the texts{shown}; mend the wording")
    return made


def proof(lines: Sequence[Row]) -> Made:
    """The lines without what is at fault.

    A question at fault is left out in all languages, a fact whose own question, sentences or answers are, or
    that has none left of a kind in ``NEEDED``, wholly.

    Args:
        lines: A line per fact and language.

    Raises:
        DataError: Faults do not end.
    """
    left = _Left()
    for _ in range(_ROUNDS):
        if not lines or not left.take(text_faults(lines)):
            return Made(renumbered(lines), left.drops)
        lines = [_without(line, left) for line in lines if line["fact"] not in left.facts]
    raise DataError(
        f"the texts are still at fault after {_ROUNDS} rounds: {left.drops[-1].why}; mend the wording"
    )


def part_of(found: Finding) -> str:
    """What names the question of a finding in all languages; empty where it is about the fact itself."""
    return _key(found.probe) if found.probe else ""


def _key(probe: str) -> str:
    """What names a question in all languages; empty for the direct one, which is the fact's own."""
    name = probe.rpartition("/")[2]
    return "" if name == "direct" else name


def _without(line: Row, left: _Left) -> Row:
    kept = [one for one in line["probes"] if (line["fact"], _key(one["id"])) not in left.probes]
    return line | {"probes": kept}


def renumbered(lines: Sequence[Row]) -> list[Row]:
    """The lines with the places of their facts, from 0."""
    places = {fact: at for at, fact in enumerate(dict.fromkeys(line["fact"] for line in lines))}
    return [line | {"row": places[line["fact"]]} for line in lines]


def text_faults(lines: Sequence[Row]) -> Iterator[tuple[str, Finding]]:
    """What is wrong with lines: the name of a rule, and what it finds."""
    content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    benchmark = parse_jsonl(content, name="texts", revision="texts", source="the texts")
    chosen = [rule for rule in RULES.values() if rule.severity != "info"]
    report = check(benchmark, chosen)
    for rule in chosen:
        for one in report.findings[rule.id]:
            yield rule.id, one
    for line in lines:
        yield from _unnamed(line)
    yield from _incomplete(lines)


def _incomplete(lines: Sequence[Row]) -> Iterator[tuple[str, Finding]]:
    for line in lines:
        kinds = {probe["kind"] for probe in line["probes"]}
        for kind in NEEDED:
            if kind not in kinds:
                yield (
                    "no-question-left",
                    Finding(line["fact"], None, line["lang"], f"no {kind} question is left"),
                )


def _unnamed(line: Row) -> Iterator[tuple[str, Finding]]:
    """Texts that do not name their subject verbatim, and sentences that do not give the answer."""
    lang, subject = line["lang"], line["subject"]
    for when in ("old", "new"):
        sentence = line[f"{when}_sentence"]
        if subject not in sentence or not has(sentence, (line[f"{when}_answer"],), lang):
            yield "name-not-in-text", Finding(line["fact"], None, lang, sentence)
    for probe in line["probes"]:
        about = probe["kind"] not in ("bridge", "locality")
        texts = (probe["text"], *probe.get("options", ()))
        if about and any(subject not in text for text in texts):
            yield "name-not-in-text", Finding(line["fact"], probe["id"], lang, probe["text"])

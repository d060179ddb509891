"""The texts of a fact in one language that a reviewer reads and may correct, and a line with corrections.

A line is a fact in one language as ``mlake build`` writes it. Its texts have names: ``question``,
``old_sentence``, ``new_sentence``; ``old_names`` and ``new_names``, a name a line, the main one first; and
the last part of the id of each question about the fact, such as ``multihop-P36``. The options of multiple
choice are one text, an option a line.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from mlake.errors import DataError

__all__ = ["NAMES", "Line", "Text", "corrected", "digest_of", "texts_of"]

NAMES = {"old_names": ("old_answer", "old_aliases"), "new_names": ("new_answer", "new_aliases")}
"""Text of the names of an answer to the fields of a line that hold them."""

_OWN = {
    "question": "asks for the answer",
    "new_sentence": "states the edit",
    "old_sentence": "states what held before",
    "new_names": "names of the new answer",
    "old_names": "names of the old answer",
}
_SENTENCES = tuple(name for name in _OWN if name not in NAMES)
_CHOICE = "choice"

Line = Mapping[str, Any]
"""A fact in one language, as JSON."""


class Text(NamedTuple):
    """A text of a fact.

    Attributes:
        name: What names it in every language.
        kind: What it is, in a phrase, or the kind of its question.
        text: The text.
        answers: Accepted answers of a question about the fact.
        by_line: Whether its lines are texts of their own.
    """

    name: str
    kind: str
    text: str
    answers: tuple[str, ...] = ()
    by_line: bool = False


def digest_of(line: Line) -> str:
    """Hash of a line but for its place in the build, by which a decision knows what it was about."""
    kept = {name: value for name, value in line.items() if name != "row"}
    return sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def texts_of(line: Line) -> list[Text]:
    """The texts of a line, in the order in which they are read."""
    return [*_own(line), *_asked(line)]


def _own(line: Line) -> Iterator[Text]:
    for name, kind in _OWN.items():
        if name in NAMES:
            main, others = NAMES[name]
            yield Text(name, kind, "\n".join((line[main], *line[others])), by_line=True)
        else:
            yield Text(name, kind, line[name])


def _asked(line: Line) -> Iterator[Text]:
    for probe in line["probes"]:
        name = _name(probe)
        if probe["kind"] == _CHOICE:
            yield Text(name, _CHOICE, "\n".join(probe["options"]), tuple(probe["accept"]), by_line=True)
        else:
            yield Text(name, probe["kind"], probe["text"], tuple(probe["accept"]))


def _name(probe: Line) -> str:
    return str(probe["id"]).rpartition("/")[2]


def corrected(line: Line, changes: Mapping[str, str]) -> dict[str, Any]:
    """A line with other texts; a question in whose place nothing stands is left out.

    What repeats a text follows it: multiple choice the question and the sentences, accepted and rejected
    answers the names.

    Args:
        line: A fact in one language.
        changes: Name of a text to what stands in its place.

    Raises:
        DataError: It has no such text, one that it needs would be empty, or options would be more or fewer.
    """
    _check(line, changes)
    same = {line[name]: changes[name].strip() for name in _SENTENCES if name in changes}
    own: dict[str, Any] = {name: changes[name].strip() for name in _SENTENCES if name in changes}
    for name in NAMES.keys() & changes.keys():
        main, others = NAMES[name]
        own[main], own[others] = _split(changes[name])
    renamed = [(_names(line, name), _lines(changes[name])) for name in NAMES if name in changes]
    probes = [_followed(probe, same, renamed) for probe in line["probes"]]
    return {
        **line,
        **own,
        "probes": [one for probe in probes if (one := _changed(probe, changes)) is not None],
    }


def _split(text: str) -> tuple[str, list[str]]:
    main, *others = _lines(text)
    return main, others


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _names(line: Line, name: str) -> list[str]:
    main, others = NAMES[name]
    return [line[main], *line[others]]


def _check(line: Line, changes: Mapping[str, str]) -> None:
    known = {one.name: one for one in texts_of(line)}
    for name, text in changes.items():
        where = f"{line['fact']} in {line['lang']}: {name}"
        if name not in known:
            raise DataError(f"{where} is no text of it; expected one of {', '.join(known)}")
        if name in _OWN and not text.strip():
            raise DataError(f"{where} would be empty; write it, or reject the fact")
        one = known[name]
        if one.kind == _CHOICE and text.strip() and len(text.split("\n")) != len(one.text.split("\n")):
            raise DataError(f"{where} must keep its {len(one.text.splitlines())} options, one a line")


def _followed(probe: Line, same: Mapping[str, str], renamed: list[tuple[list[str], list[str]]]) -> Line:
    """A question of which what repeats a text of the fact is as that text is now."""
    probe = {**probe, "text": same.get(probe["text"], probe["text"])}
    if "options" in probe:
        return {**probe, "options": [same.get(option, option) for option in probe["options"]]}
    for before, now in renamed:
        for field in ("accept", "reject"):
            found = probe.get(field) or []
            if found and found[0] == before[0] and set(found) <= set(before):
                kept = [name for name in now if name in found or name not in before or name == now[0]]
                probe = {**probe, field: kept}
    return probe


def _changed(probe: Line, changes: Mapping[str, str]) -> dict[str, Any] | None:
    """A question with its own correction; None where it is left out."""
    if _name(probe) not in changes:
        return dict(probe)
    text = changes[_name(probe)].strip()
    if not text:
        return None
    if probe["kind"] == _CHOICE:
        return {**probe, "options": [option.strip() for option in text.split("\n")]}
    return {**probe, "text": text}

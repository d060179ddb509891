"""What a model is told, a file per language."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mlake.construct.wording.fill import slots
from mlake.errors import DataError

__all__ = ["Prompts", "read_prompts"]

_FOLDER = "prompts"
_SLOTS: Mapping[str, frozenset[str]] = {
    "fact": frozenset({"subject", "old", "new", "old_sentence", "new_sentence", "paraphrases"}),
    "question": frozenset({"subject", "object", "sentence"}),
    "two_hop": frozenset({"subject", "middle", "object", "first", "second"}),
    "object": frozenset({"subject", "old", "sentence", "options"}),
    "again": frozenset({"reply", "reason"}),
    "names": frozenset({"name"}),
}
_OPTIONAL = "names"


@dataclass(frozen=True, slots=True)
class Prompts:
    """What a model is told in one language; each text has slots such as ``{subject}``.

    Attributes:
        fact: Asks for a question about a fact, the same in other words, and the fact as sentences.
        question: Asks for a question about another fact.
        two_hop: Asks for a question over two facts.
        object: Asks which of some objects is the most plausible wrong one.
        again: Follows the rest where a reply was no good, with it and the reason.
        names: Asks for the forms that a name takes; empty in a language whose names have one form.
    """

    fact: str
    question: str
    two_hop: str
    object: str
    again: str
    names: str = ""


def read_prompts(lang: str, folder: Path | None = None) -> Prompts:
    """The prompts of a language.

    Args:
        lang: Language code.
        folder: Folder whose ``prompts/xx.toml`` goes before that of the package.

    Raises:
        DataError: There is no such file, or something in it is wrong.
    """
    packaged = files(__package__) / _FOLDER
    own = [] if folder is None else [folder / _FOLDER / f"{lang}.toml"]
    place = next((one for one in [*own, packaged / f"{lang}.toml"] if one.is_file()), None)
    if place is None:
        have = ", ".join(sorted(one.name[:-5] for one in packaged.iterdir() if one.name.endswith(".toml")))
        raise DataError(
            f"no prompts in {lang!r}: there are files for {have}; write {_FOLDER}/{lang}.toml in a folder "
            "for --wording"
        )
    return _checked(f"{_FOLDER}/{place.name}", _table(place))


def _table(place: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(place.read_bytes().decode("utf-8"))
    except OSError as error:
        raise DataError(f"cannot read {place.name}: {error.strerror or error}; make it readable") from None
    except ValueError as error:
        raise DataError(f"{_FOLDER}/{place.name} is no TOML: {error}; mend it") from None


def _checked(where: str, table: Mapping[str, Any]) -> Prompts:
    for name in (*_SLOTS, *table):
        if name not in _SLOTS or (name not in table and name != _OPTIONAL):
            told = "is not known" if name not in _SLOTS else "is missing"
            raise DataError(f"{where}: {name!r} {told}; expected: {', '.join(_SLOTS)}")
    for name, text in table.items():
        try:
            found = {slot for slot, _ in slots(text)}
        except (TypeError, ValueError):
            raise DataError(f"{where}: {name!r} must be a text with slots such as {{subject}}") from None
        if found != _SLOTS[name]:
            listed = ", ".join(f"{{{one}}}" for one in sorted(_SLOTS[name]))
            raise DataError(f"{where}: {name!r} must have the slots {listed}, each of them and no other")
    return Prompts(**{name: text.strip() for name, text in table.items()})

"""Filling names and noun phrases into templates: forms of a grammatical class, joins, first letters."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from mlake.errors import DataError

__all__ = ["Filler", "Join", "Named", "fill", "finished", "slots"]

_NAME = "\ue000"  # stands before a name that begins a text, so that its first letter is left alone


@dataclass(frozen=True, slots=True)
class Named:
    """An entity with its name in one language.

    Attributes:
        id: Wikidata id.
        kind: Kind of entity, such as ``city``.
        name: Its name, which stands verbatim in every text.
    """

    id: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Join:
    """What happens where a filled slot meets the words before it.

    Attributes:
        left: What must stand before the slot.
        right: With what the filling must begin.
        becomes: What the two are replaced by.
    """

    left: re.Pattern[str]
    right: re.Pattern[str]
    becomes: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Filler:
    """A name or noun phrase in the forms of its class, the first of which a bare slot takes.

    Attributes:
        forms: Name of a form to its text.
        about: What it is, for error messages.
    """

    forms: Mapping[str, str]
    about: str

    @classmethod
    def of_name(cls, name: str, forms: Mapping[str, str]) -> "Filler":
        """A name in the forms of its class."""
        return cls.of_phrase(_NAME + name, forms, name)

    @classmethod
    def of_phrase(cls, phrase: str, forms: Mapping[str, str], about: str) -> "Filler":
        """A noun phrase, already filled, in the forms of its class."""
        return cls({form: pattern.replace("{}", phrase) for form, pattern in forms.items()}, about)

    def form(self, form: str) -> str:
        """The text of a form; of the first one for an empty name."""
        if not form:
            return next(iter(self.forms.values()))
        if form not in self.forms:
            have = ", ".join(self.forms)
            raise DataError(f"the class of {self.about!r} has no form {form!r}; it has: {have}; add it")
        return self.forms[form]


def slots(template: str) -> list[tuple[str, str]]:
    """The slots of a template: the letter and the form of each.

    Raises:
        ValueError: Its braces do not match.
    """
    names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    return [(name.partition(".")[0], name.partition(".")[2]) for name in names]


def fill(template: str, fillers: Mapping[str, Filler], joins: Sequence[Join]) -> str:
    """A template with its slots filled; ``finished`` makes it a text.

    Args:
        template: Text with slots such as ``{s}`` and ``{s.dat}``.
        fillers: What fills the slots, by letter.
        joins: Tried in order at every slot; the first that fits counts.
    """
    text = ""
    for words, slot, _, _ in Formatter().parse(template):
        text += words
        if slot is not None:
            letter, _, form = slot.partition(".")
            text = _joined(text, fillers[letter].form(form), joins)
    return text


def finished(text: str) -> str:
    """The text with a capital where it does not begin with a name, and with one full stop at its end."""
    begun = text if text.startswith(_NAME) else text[:1].upper() + text[1:]
    plain = begun.replace(_NAME, "")
    return plain[:-1] if plain.endswith("..") else plain  # the point of an abbreviation ends the sentence too


def _joined(text: str, value: str, joins: Sequence[Join]) -> str:
    named, bare = value.startswith(_NAME), value.removeprefix(_NAME)
    for join in joins:
        left, right = re.search(f"(?:{join.left.pattern})$", text), join.right.match(bare)
        if left and right and not (named and right.end()):  # a name stands whole
            begun = _NAME if named else ""
            return text[: left.start()] + join.becomes[0] + begun + join.becomes[1] + bare[right.end() :]
    return text + value

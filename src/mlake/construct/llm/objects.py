"""A model as judge of new objects: of those that may be taken, the one that is most easily believed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from mlake.construct.contradiction import Edit
from mlake.construct.llm.asked import Wish, asked, object_of
from mlake.construct.llm.model import Model
from mlake.construct.source import Source
from mlake.construct.stage import Drop
from mlake.construct.wording import Named, Wording

__all__ = ["ObjectChooser"]

_CHOICES = 8
_TOKENS = 80


@dataclass
class ObjectChooser:
    """Has a model choose among the first objects that may be taken; the first stands where it cannot.

    Attributes:
        model: The model.
        wording: How the language of the question words facts.
        source: Names of the objects.
        drops: What it was given up for.
    """

    model: Model
    wording: Wording
    source: Source
    drops: list[Drop] = field(default_factory=list)

    def __call__(self, edit: Edit, fitting: Iterator[str]) -> str | None:
        """The object to take; None if none may be taken.

        Args:
            edit: The edit, without its new object.
            fitting: Ids of the objects that may be taken, the best first.

        Raises:
            DataError: A call is not recorded and none may be made.
            ModelError: The model fails.
        """
        some: dict[str, str] = {}
        for one in islice(fitting, _CHOICES):
            some.setdefault(self._name(one), one)
        names = [*some]
        if len(names) < 2:
            return some[names[0]] if names else None
        item = f"{edit.subject}/{edit.relation}/object"
        found, drops = asked(self.model, [self._wish(item, edit, names)])
        self.drops += drops
        return some[found[item]["object"] if item in found else names[0]]

    def _wish(self, item: str, edit: Edit, names: list[str]) -> Wish:
        lang = self.wording.lang
        prompt = self.model.prompts[lang].object.format(
            subject=self._name(edit.subject),
            old=self._name(edit.old),
            sentence=self.wording.sentence(edit.relation, self._named(edit.subject), self._named(edit.old)),
            options="\n".join(f"- {name}" for name in names),
        )
        shape = object_of(object={"title": "object", "type": "string", "enum": names})
        return Wish(item, lang, prompt, shape, _TOKENS, lambda values: "")

    def _named(self, entity: str) -> Named:
        return Named(entity, self.source.kind(entity), self._name(entity))

    def _name(self, entity: str) -> str:
        return self.source.entities[entity].labels[self.wording.lang]

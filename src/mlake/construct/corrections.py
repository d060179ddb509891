"""Names that a close reading found wrong: corrected, or their entity left out, by a table."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Corrections", "corrections"]


@dataclass(frozen=True, slots=True)
class Corrections:
    """What was read and found wrong.

    Attributes:
        labels: Language and id to the right label.
        aliases: Language and id to aliases that are no names of the entity.
        unfit: Id to why no fact can be made of the entity.
    """

    labels: Mapping[str, Mapping[str, str]]
    aliases: Mapping[str, Mapping[str, tuple[str, ...]]]
    unfit: Mapping[str, str]

    def label(self, entity: str, lang: str, label: str) -> str:
        """The label of an entity, corrected."""
        return self.labels.get(lang, {}).get(entity, label)

    def kept(self, entity: str, lang: str, aliases: tuple[str, ...]) -> tuple[str, ...]:
        """The aliases that are names of an entity."""
        wrong = self.aliases.get(lang, {}).get(entity, ())
        return tuple(alias for alias in aliases if alias not in wrong)


@cache
def corrections() -> Corrections:
    """The packaged table."""
    table = tomllib.loads((files("mlake.construct") / "corrections.toml").read_text(encoding="utf-8"))
    aliases = {
        lang: {entity: tuple(wrong) for entity, wrong in rows.items()}
        for lang, rows in table["aliases"].items()
    }
    return Corrections(table["labels"], aliases, table["unfit"])

"""How facts are asked and stated: a file per language, from which every text is made."""

from mlake.construct.wording.fill import Named
from mlake.construct.wording.read import read_wording, worded_languages
from mlake.construct.wording.texts import RelationWording, Wording

__all__ = ["Named", "RelationWording", "Wording", "read_wording", "worded_languages"]

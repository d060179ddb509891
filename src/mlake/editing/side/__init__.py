"""Side memories: the weights stay, and something beside them answers for prompts that it knows."""

from mlake.editing.side.babelreft import BabelReft
from mlake.editing.side.grace import Grace
from mlake.editing.side.memoir import Memoir
from mlake.editing.side.tpatcher import TPatcher

__all__ = ["BabelReft", "Grace", "Memoir", "TPatcher"]

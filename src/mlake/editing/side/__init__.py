"""Side memories: the weights stay, and something beside them answers for prompts that it knows."""

from mlake.editing.side.babelreft import BabelReft
from mlake.editing.side.grace import Grace

__all__ = ["BabelReft", "Grace"]

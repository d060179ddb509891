"""Edits read off gradients without a trained network: UltraEdit, and knowledge neurons."""

from mlake.editing.gradient.neurons import KnowledgeNeurons
from mlake.editing.gradient.ultraedit import UltraEdit

__all__ = ["KnowledgeNeurons", "UltraEdit"]

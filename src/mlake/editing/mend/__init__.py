"""MEND and KE: a network is trained to turn the gradient of a fact into an edit."""

from mlake.editing.mend.method import KnowledgeEditor, Mend

__all__ = ["KnowledgeEditor", "Mend"]

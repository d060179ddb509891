"""MEND (Mitchell et al. 2022): a network is trained to turn the gradient of a fact into an edit."""

from mlake.editing.mend.method import Mend

__all__ = ["Mend"]

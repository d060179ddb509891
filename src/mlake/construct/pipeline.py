"""STAGES: the steps from statements to a release, a row each, in order."""

from mlake.construct.stage import Stage

__all__ = ["STAGES"]

STAGES: tuple[Stage, ...] = ()
"""Each reads earlier ones alone."""

"""A stored run with its scores: what every table, figure and page starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlake.records import Asked
from mlake.report.tidy import TidyRow
from mlake.scorers.row import ScoredRow

__all__ = ["RunData", "model_name"]

_PACKAGED = {"demo": "Gemma-3-270M (demo)"}
"""Models that a package brings along, whose name on the command line does not say which they are."""


def model_name(spec: Mapping[str, Any]) -> str:
    """The model of a run as a reader knows it."""
    name = str(spec.get("model", "unknown"))
    return _PACKAGED.get(name, name)


@dataclass(frozen=True, slots=True)
class RunData:
    """A stored run.

    Attributes:
        folder: Where it is stored; edits are ``edits/<lang>/<batch>.safetensors`` below it.
        spec: Every setting, as in ``spec.json``.
        asked: Every answer, the unedited model's first.
        scored: Every score of every answer, analyses included; ``scorer`` names the measure, ``asked`` is the
            answer in the list above.
        rows: The same as means with intervals.
        notes: What could not be edited or asked.
    """

    folder: Path
    spec: Mapping[str, Any]
    asked: Sequence[Asked]
    scored: Sequence[ScoredRow]
    rows: Sequence[TidyRow]
    notes: Sequence[str] = field(default=())

    def __repr__(self) -> str:
        about = f"{self.spec.get('method')} on {self.spec.get('data')}"
        return f"RunData({about}; answers: {len(self.asked)}, folder: {str(self.folder)[-80:]})"

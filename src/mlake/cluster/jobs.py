"""What goes to the workers and comes back; nothing here needs torch."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlake.evaluation.missing import Shape
from mlake.evaluation.plan import Plan
from mlake.evaluation.spec import RunSpec

if TYPE_CHECKING:
    from mlake.evaluation.session import Session
    from mlake.models.lm import LM

__all__ = ["File", "Job", "Opening", "Outline"]

File = tuple[str, bytes | None]
"""Name of a file below the run's folder, and what is in it; None where it is gone."""


@dataclass(frozen=True)
class Opening:
    """How a worker comes by a run.

    Attributes:
        key: Tells it from others.
        model: Name of the model.
        load: How to load the model.
        session: Makes the run of the model.
    """

    key: str
    model: str
    load: Mapping[str, Any]
    session: Callable[["LM"], "Session"] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a run where its model is not.

    Attributes:
        spec: Every setting.
        plan: What will be edited and asked.
        shape: How the plan is taken apart.
        folder_name: Name of the run's folder.
        device: Device of the model.
        notes: What a reader must know before it starts, besides the notes of the plan.
    """

    spec: RunSpec
    plan: Plan
    shape: Shape
    folder_name: str
    device: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """What one worker does without the others.

    Attributes:
        name: What it is called in messages.
        opening: The run that it is of.
        spec: The settings that this run must have on every worker.
        do: Does it in a folder, given the session; yields the files that it has written.
        folder: The run's folder, where the files are that it needs.
        files: Says which files these are, at the time.
    """

    name: str
    opening: Opening
    spec: RunSpec
    do: Callable[["Session", Path], Iterator[Path]]
    folder: Path
    files: Callable[[], Iterator[Path]]

    def given(self) -> dict[str, bytes]:
        """The files that it needs, by their names below the run's folder."""
        there = (path for path in self.files() if path.exists())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in there}

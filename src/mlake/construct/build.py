"""Runs the stages of a build: what is finished is kept, what a hand changed is taken as it is."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mlake.construct.context import Context
from mlake.construct.folder import BuildFolder
from mlake.construct.stage import DROPPED, Rows, Stage
from mlake.errors import RunError, UnknownNameError

__all__ = ["Done", "State", "build", "planned"]

State = Literal["kept", "edited", "made"]
"""What becomes of a stage: kept as it was made, kept as a hand edited it, or made."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a stage, or would.

    Attributes:
        stage: The stage.
        state: What became of it.
        why: Why it is made; a warning where it is edited; else empty.
        rows: How many rows its file has; None where there is none yet.
        dropped: Rule to how much it left out.
        finished: Whether its file stands as it was or is to be.
    """

    stage: Stage
    state: State
    why: str = ""
    rows: int | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    finished: bool = False

    def record(self) -> dict[str, Any]:
        """What is said of it as JSON."""
        told = {"stage": self.stage.name, "state": self.state, "why": self.why}
        made_of = {"reads": [*self.stage.reads], "uses": [*self.stage.uses]}
        return told | made_of | {"rows": self.rows, "dropped": dict(self.dropped)}


def build(
    folder: Path,
    context: Context,
    stages: Sequence[Stage],
    *,
    start: str | None = None,
    until: str | None = None,
    say: Callable[[Done], object] = lambda done: None,
) -> list[Done]:
    """Make the stages that are not made yet, or are made of something that changed since.

    Args:
        folder: Where the build is stored.
        context: What it is made of.
        stages: Its stages in order.
        start: Name of a stage that is made in any case, as is every one after it.
        until: Name of the last stage; later ones stay as they are.
        say: Told of each stage before it is made, and once it is finished.

    Returns:
        What became of each stage.

    Raises:
        UnknownNameError: There is no stage of that name.
        DataError: A stage file is damaged or breaks its schema.
        RunError: The folder is in use, holds another build or cannot be written.
    """
    chosen, forced = _chosen(stages, start, until)
    done: list[Done] = []
    with BuildFolder.open(folder, context.settings) as place:
        for stage in chosen:
            one = _state(place, stage, context, forced=stage.name in forced)
            if one.state == "made":
                say(one)
                edited = tuple(other.stage.name for other in done if other.state == "edited")
                made = stage.make(replace(context, edited=edited), _rows(place, stage, stages))
                place.write(stage, made, place.made_of(stage, context))
            done.append(replace(_counted(place, one), finished=True))
            say(done[-1])
    return done


def planned(
    folder: Path,
    context: Context,
    stages: Sequence[Stage],
    *,
    start: str | None = None,
    until: str | None = None,
) -> list[Done]:
    """What ``build`` would do now, without writing anything; rows are those that stand there now.

    Raises:
        UnknownNameError: There is no stage of that name.
        DataError: A stage file is damaged or breaks its schema.
        RunError: The folder holds another build or cannot be read.
    """
    chosen, forced = _chosen(stages, start, until)
    place = BuildFolder(folder, context.settings)
    anew: set[str] = set()
    done = []
    for stage in chosen:
        one = _state(place, stage, context, forced=stage.name in forced, anew=anew)
        if one.state == "made":
            anew.add(stage.name)
        done.append(_counted(place, one))
    return done


def _chosen(
    stages: Sequence[Stage], start: str | None, until: str | None
) -> tuple[Sequence[Stage], Sequence[str]]:
    """The stages up to the last one, and the names of those that are made in any case."""
    names = [stage.name for stage in stages]
    for name in (start, until):
        if name is not None and name not in names:
            raise UnknownNameError("stage", name, names)
    end = len(names) if until is None else names.index(until) + 1
    begin = end if start is None else names.index(start)
    if start is not None and begin >= end:
        raise RunError(f"--from {start} comes after --until {until}; the stages are: {', '.join(names)}")
    return stages[:end], names[begin:end]


def _state(
    place: BuildFolder, stage: Stage, context: Context, *, forced: bool, anew: Collection[str] = ()
) -> Done:
    record = place.record(stage)
    if record is None:
        return Done(stage, "made", "not made yet")
    edited = place.is_edited(stage)
    if forced:
        return Done(stage, "made", "asked for" + (", in place of what a hand edited" if edited else ""))
    now = place.made_of(stage, context)
    stages = {name: name.removesuffix(DROPPED) for name in now}
    changed = [name for name in now if now[name] != record.made_of.get(name, "") or stages[name] in anew]
    said = f"{', '.join(dict.fromkeys(stages[name] for name in changed))} changed" if changed else ""
    if edited:
        place.rows(stage)  # refuses what breaks the schema
        return Done(stage, "edited", f"{said}; --from {stage.name} makes it anew" if said else "")
    if changed:
        return Done(stage, "made", said)
    return (
        Done(stage, "kept")
        if place.is_whole(stage)
        else Done(stage, "made", "a file of it changed or is gone")
    )


def _counted(place: BuildFolder, done: Done) -> Done:
    record = place.record(done.stage)
    if record is None:
        return done
    rows = len(place.rows(done.stage)) if done.state == "edited" else record.rows
    return replace(done, rows=rows, dropped=record.dropped)


def _rows(place: BuildFolder, stage: Stage, stages: Sequence[Stage]) -> Rows:
    """All that a stage reads, by name."""
    rows = {one.name: place.rows(one) for one in stages if one.name in stage.reads}
    lost = {name: place.dropped(one) for one in stages if (name := one.name + DROPPED) in stage.reads}
    return rows | lost

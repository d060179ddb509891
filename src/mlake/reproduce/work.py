"""Carrying out what recipes need, model by model: runs that are not finished, then analyses not yet kept."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from mlake.analysis.examine import examine
from mlake.analysis.store import kept_path
from mlake.data.derived import derived
from mlake.editing import editor
from mlake.evaluation.cost import dry_run
from mlake.evaluation.session import Session
from mlake.evaluation.spec import NO_METHOD, parse_facts
from mlake.evaluation.store import Store
from mlake.models.lm import LM
from mlake.models.load import load
from mlake.records import Benchmark
from mlake.reproduce.analyses import ANALYSES, Given
from mlake.reproduce.options import Options
from mlake.reproduce.wishes import Wish

__all__ = ["carry_out", "estimates", "session_of"]

_Say = Callable[[str], object]


def carry_out(
    wishes: Sequence[Wish], benchmark: Benchmark, options: Options, say: _Say
) -> dict[str, list[Path]]:
    """Do all runs and analyses that are not done yet.

    Args:
        wishes: The runs, those of a model together.
        benchmark: The data set.
        options: Choices for all runs.
        say: Is told what is done next, a line at a time.

    Returns:
        Name of the shared run to the folders of its runs.

    Raises:
        MlakeError: Anything a run can fail with; what is finished is kept.
    """
    folders: dict[str, list[Path]] = {}
    for name, group in groupby(wishes, lambda wish: wish.model):
        for run, folder in _with_model(name, list(group), benchmark, options, say):
            folders.setdefault(run, []).append(folder)
        gc.collect()  # a model is let go before the next one is loaded
    return folders


def estimates(wishes: Sequence[Wish], benchmark: Benchmark, options: Options) -> Iterator[str]:
    """What each run would do and roughly cost."""
    for name, group in groupby(wishes, lambda wish: wish.model):
        lm = load(name, dtype=options.dtype, device=options.device)
        for wish in group:
            lacking = _lacking(lm, wish, benchmark, options)
            if lacking:
                yield f"{wish.run} · {name} · {wish.settings.method}: {lacking}"
                continue
            session = session_of(lm, wish, benchmark, options)
            folder = options.out / "runs" / session.folder_name
            yield f"{wish.run} · {name} · {session.spec.method}: {folder}"
            yield dry_run(session.plan, Store(folder, session.spec), lm, session.method, session.known())


def _with_model(
    name: str, wishes: Sequence[Wish], benchmark: Benchmark, options: Options, say: _Say
) -> list[tuple[str, Path]]:
    """Name of the shared run and folder of each run of a model."""
    lm = load(name, dtype=options.dtype, device=options.device)
    done = []
    for wish in wishes:
        session = session_of(lm, wish, benchmark, options)
        folder = options.out / "runs" / session.folder_name
        say(f"{wish.run} · {name} · {session.spec.method}: {folder}")
        for note in (*session.plan.notes, session.warning()):
            if note:
                say(f"note: {note}")
        keep = "forced" in wish.analyses  # measured under every edit, once all questions are answered
        session.carry_out(folder, examine=examine, progress=True, keep_all=keep)
        for analysis in wish.analyses:
            if not kept_path(folder, analysis).exists():
                say(f"{wish.run} · {name} · {session.spec.method}: {analysis}")
                given = Given(lm, folder, session.benchmark, session.spec.facts, session.plan)
                ANALYSES[analysis](given)
        done.append((wish.run, folder))
    return done


def session_of(lm: LM, wish: Wish, benchmark: Benchmark, options: Options) -> Session:
    """The run of a wish; what its method needs first is made now.

    Raises:
        MlakeError: It cannot be.
    """
    settings = wish.settings
    settings = replace(settings, editor={**settings.editor, **_prepared(lm, wish, benchmark, options)})
    return Session(lm, derived(benchmark, settings.kinds), settings)


def _lacking(lm: LM, wish: Wish, benchmark: Benchmark, options: Options) -> str | None:
    """What the method of a run has to make first, in words; None for nothing."""
    name = wish.settings.method
    if name == NO_METHOD or name in options.trained:
        return None
    _, together = _edited(wish, benchmark)
    return editor(name, **wish.settings.editor).lacking(lm, together, options.out)


def _prepared(lm: LM, wish: Wish, benchmark: Benchmark, options: Options) -> Mapping[str, Any]:
    """Settings with which a method finds what was trained for it, by the user or now."""
    name = wish.settings.method
    if name == NO_METHOD:
        return {}
    if name in options.trained:
        return {"trained": str(options.trained[name])}
    facts, together = _edited(wish, benchmark)
    return editor(name, **wish.settings.editor).prepared(lm, benchmark, facts, together, options.out)


def _edited(wish: Wish, benchmark: Benchmark) -> tuple[tuple[int, int], int]:
    """The facts that a run edits, and how many of them together."""
    start, stop = parse_facts(wish.settings.facts, len(benchmark.facts))
    return (start, stop), min(wish.settings.batch_size, stop - start)

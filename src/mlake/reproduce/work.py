"""Carrying out what recipes need, model by model: runs that are not finished, then analyses not yet kept."""

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from mlake.analysis.examine import examine
from mlake.analysis.store import kept_path
from mlake.data.negation import negated
from mlake.evaluation.cost import dry_run
from mlake.evaluation.session import Session
from mlake.evaluation.store import Store
from mlake.models.lm import LM
from mlake.models.load import load
from mlake.records import Benchmark
from mlake.reproduce.analyses import ANALYSES, Given
from mlake.reproduce.options import Options
from mlake.reproduce.trained import STEPS, mend_file, trained_path
from mlake.reproduce.wishes import Wish

__all__ = ["carry_out", "estimates"]

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
            if wish.settings.method == "mend" and not trained_path(lm, options).exists():
                yield f"{wish.run} · {name} · mend: its editor is trained first, {STEPS} steps"
                continue
            session = _session(lm, wish, benchmark, options)
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
        session = _session(lm, wish, benchmark, options)
        folder = options.out / "runs" / session.folder_name
        say(f"{wish.run} · {name} · {session.spec.method}: {folder}")
        for note in (*session.plan.notes, session.warning()):
            if note:
                say(f"note: {note}")
        session.carry_out(folder, examine=examine, progress=True)
        for analysis in wish.analyses:
            if not kept_path(folder, analysis).exists():
                say(f"{wish.run} · {name} · {session.spec.method}: {analysis}")
                ANALYSES[analysis](Given(lm, folder, session.benchmark, session.spec.facts))
        done.append((wish.run, folder))
    return done


def _session(lm: LM, wish: Wish, benchmark: Benchmark, options: Options) -> Session:
    settings = wish.settings
    if settings.method == "mend":
        settings = replace(settings, editor={"trained": str(mend_file(lm, benchmark, options))})
    asked = negated(benchmark) if "negation" in settings.kinds else benchmark
    return Session(lm, asked, settings)

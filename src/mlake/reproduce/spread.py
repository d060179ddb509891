"""The runs of a reproduction over the workers of a pool: those of a model side by side."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

from mlake.cluster.jobs import Opening
from mlake.cluster.runs import SpreadRun, carry_out
from mlake.cluster.spread import Pool
from mlake.evaluation.session import Session
from mlake.records import Benchmark
from mlake.reproduce.analyses import ANALYSES, Given
from mlake.reproduce.options import Options
from mlake.reproduce.wishes import Wish
from mlake.reproduce.work import session_of

__all__ = ["carry_out_on"]


def carry_out_on(
    pool: Pool, wishes: Sequence[Wish], benchmark: Benchmark, options: Options, say: Callable[[str], object]
) -> dict[str, list[Path]]:
    """As ``carry_out`` of ``mlake.reproduce.work``, on the workers of a pool."""
    folders: dict[str, list[Path]] = {}
    for _, group in groupby(wishes, lambda wish: wish.model):
        wanted = list(group)
        runs = [_run(pool, wish, benchmark, options, say) for wish in wanted]
        carry_out(runs, pool, say, progress=True)
        for wish, run in zip(wanted, runs, strict=True):
            folders.setdefault(wish.run, []).append(run.folder)
    return folders


def _run(
    pool: Pool, wish: Wish, benchmark: Benchmark, options: Options, say: Callable[[str], object]
) -> SpreadRun:
    make = partial(session_of, wish=wish, benchmark=benchmark, options=options)
    load = {"dtype": options.dtype, "device": options.device}
    key = f"{wish.run} · {wish.model} · {wish.settings.method}"
    opening = Opening(key, wish.model, load, make)
    outline = pool.outline(opening)
    folder = options.out / "runs" / outline.folder_name
    say(f"{key}: {folder}")
    for note in (*outline.plan.notes, *outline.notes):
        say(f"note: {note}")
    measures = {name: partial(_analysed, name=name) for name in wish.analyses}
    return SpreadRun(opening, outline, folder, "forced" in wish.analyses, measures)


def _analysed(session: Session, folder: Path, *, name: str) -> None:
    ANALYSES[name](Given(session.lm, folder, session.benchmark, session.spec.facts, session.plan))

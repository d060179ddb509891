"""``python -m benchmarks.cluster --model demo``: a run on one machine and over the Ray cluster that runs.

Prints JSON lines. The run is carried out here and on the cluster, with one worker, with two, and with two
of which one is killed; a hash of what was written tells whether the bytes are equal. Each part of the run is
timed alone, in seconds of the processor, which other programs on the machine hardly lengthen, and then what a
job costs besides. From both it is simulated how long the run takes with more workers than there are cores.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from heapq import heapreplace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import mlake
from mlake.analysis.examine import examine, keep_ability
from mlake.cluster.on_ray import RayPool, ray_pool
from mlake.cluster.runs import SpreadRun, carry_out, run_of
from mlake.cluster.spread import spread
from mlake.cluster.work import Part
from mlake.data.derived import derived
from mlake.evaluation.missing import parts
from mlake.evaluation.session import Session, Settings
from mlake.evaluation.store import Store
from mlake.records import Benchmark

__all__ = ["hash_of", "main", "measured_table", "simulated", "simulated_table"]

WORKERS = (1, 2, 4, 8, 16, 32, 64)
_EMPTY = 20
"""Jobs without work that are timed."""
_MORE = 20
"""How many times as many jobs of the same kinds are simulated too."""
_BEFORE_A_DEATH = 4
"""Units that are stored when a worker is killed."""


def simulated(seconds: Sequence[float], workers: int, *, each: float) -> float:
    """Seconds from the first job to the end of the last, where the next job goes to whoever is free first.

    Args:
        seconds: Of each job, in the order in which they are given out.
        workers: How many there are, all of them ready.
        each: What a job costs besides.
    """
    free = [0.0] * workers
    for one in seconds:
        heapreplace(free, free[0] + one + each)
    return max(free)


def hash_of(folder: Path) -> str:
    """Hash of all files of a run, but for its lock."""
    digest = sha256()
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and one.suffix != ".lock"):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def measured_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """What was measured, as a table of Markdown."""
    runs = [row for row in rows if "sha256" in row]
    lines = [
        f"| {row['what']} | {row['seconds']:.0f} | {row['load']} | {row.get('died', 0)} | `{row['sha256']}` |"
        for row in runs
    ]
    return "\n".join(
        ["| run | seconds | load | workers that died | hash |", "| --- | --- | --- | --- | --- |", *lines]
    )


def simulated_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """What was simulated, as a table of Markdown: times faster by workers, a column a number of jobs."""
    made = {(row["jobs"], row["workers"]): row for row in rows if row["what"] == "simulated"}
    counts, workers = (list(dict.fromkeys(key[at] for key in made)) for at in (0, 1))
    heads = ["workers", *(f"{count} jobs" for count in counts)]
    lines = [[str(one), *(f"{made[count, one]['times_faster']:.1f}" for count in counts)] for one in workers]
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, ["---"] * len(heads), *lines])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--facts", default="2")
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--max-new-tokens", type=int, default=8)
    given = parser.parse_args(arguments)
    settings = Settings(
        method="ft",  # edits of one batch are a job: those of stackable methods go together
        editor={},
        edit_langs="en,de",
        test_langs="en,de,ja",
        facts=given.facts,
        batch_size=given.batch_size,
        kinds=("direct",),
        locality=0,
        max_new_tokens=given.max_new_tokens,
    )
    benchmark = derived(mlake.load("mini"), settings.kinds)
    with TemporaryDirectory(prefix="mlake-") as name:
        os.environ["MLAKE_CACHE"] = f"{name}/cache"
        for row in _rows(given.model, benchmark, settings, Path(name)):
            print(json.dumps(row), flush=True)


def _rows(model: str, benchmark: Benchmark, settings: Settings, out: Path) -> Iterator[dict[str, Any]]:
    load = {"dtype": "fp32", "device": "cpu"}
    start, spent = time.perf_counter(), time.process_time()
    session = Session(mlake.load_model(model, **load), benchmark, settings)
    yield _timed("load", start) | {"processor_seconds": round(time.process_time() - spent, 3)}
    yield {"what": "settings", **session.spec.record()}
    start = time.perf_counter()
    session.carry_out(out / "local", examine=examine, progress=False)
    keep_ability(session.lm, out / "local")
    yield _timed("one machine", start) | {"sha256": hash_of(out / "local")}
    alone = list(_alone(session, out / "alone"))
    yield from alone
    each = 0.0
    for size, killed in ((1, False), (2, False), (2, True)):
        with ray_pool(size, 0) as pool:
            start = time.perf_counter()
            run = run_of(pool, (model, load), benchmark, settings, out / f"{size}-{killed}", forced=False)
            yield {**_timed("a worker plans", start), "workers": size}
            yield from _spread(pool, run, size, killed)
            each = each or _overhead(pool, run)
    yield {"what": "each job besides", "seconds": round(each, 4), "load": _load()}
    seconds = [row["processor_seconds"] for row in alone]
    for times in (1, _MORE):
        for workers in WORKERS:
            took = simulated(seconds * times, workers, each=each)
            yield {
                "what": "simulated",
                "jobs": len(seconds) * times,
                "workers": workers,
                "seconds": round(took, 3),
                "times_faster": round(simulated(seconds * times, 1, each=each) / took, 2),
            }


def _alone(session: Session, folder: Path) -> Iterator[dict[str, Any]]:
    """Each part of a run by itself."""
    engine = session.engine(examine=examine, known=None, keep_all=False)
    with Store.open(folder, session.spec) as store:
        for part in parts(session.plan, store, engine.shape):
            start, spent = time.perf_counter(), time.process_time()
            list(session.going(part, store, engine))
            spent = time.process_time() - spent
            name = part.steps[0].name if part.steps else part.unedited[0].name
            yield {**_timed(f"part {name}", start), "processor_seconds": round(spent, 3)}


def _spread(pool: RayPool, run: SpreadRun, workers: int, killed: bool) -> Iterator[dict[str, Any]]:
    said: list[str] = []
    if killed:
        Thread(target=_kill_one, args=(pool, run.folder), daemon=True).start()
    start = time.perf_counter()
    carry_out([run], pool, said.append, progress=False)
    name = f"{workers} workers" + (", one killed" if killed else "")
    yield {**_timed(name, start), "workers": workers, "died": len(said), "sha256": hash_of(run.folder)}


def _kill_one(pool: RayPool, folder: Path) -> None:
    """Kill a worker once a part of the run is stored."""
    while len(list(folder.glob("answers/*/*.jsonl"))) < _BEFORE_A_DEATH:
        time.sleep(0.05)
    pool._ray.kill(pool._actors[next(iter(pool._at_work.values()))])


def _overhead(pool: RayPool, run: SpreadRun) -> float:
    """Seconds that a job costs, whatever is to be done."""
    nothing = replace(run.outline.plan, batches=(), unedited=(), chains=(), notes=())
    jobs = [run.job("nothing", Part(nothing, False), lambda: iter(())) for _ in range(_EMPTY)]
    start = time.perf_counter()
    spread(jobs, pool, lambda job, file: None, lambda line: None)
    return (time.perf_counter() - start) / _EMPTY


def _timed(what: str, start: float) -> dict[str, Any]:
    return {"what": what, "seconds": round(time.perf_counter() - start, 3), "load": _load()}


def _load() -> float:
    """Programs that want a core of this machine, on average over a minute."""
    return round(os.getloadavg()[0], 1)


if __name__ == "__main__":
    main()

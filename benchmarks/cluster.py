"""``python -m benchmarks.cluster --run RUN``: runs on one machine and over the Ray cluster that runs.

Prints JSON lines. A small run is carried out here and on the cluster, with one worker, with two, and with two
of which one is killed; a hash of what was written tells whether the bytes are equal. Then it is timed what a
job costs besides what it does. From that, and from what each job of a finished run took by the times of its
files, it is simulated how long that run takes with more workers.
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
from mlake.evaluation.session import Session, Settings
from mlake.evaluation.store import read_run
from mlake.evaluation.units import UNEDITED
from mlake.records import Benchmark

__all__ = ["hash_of", "jobs_of", "main", "measured_table", "simulated", "simulated_table"]

WORKERS = (1, 2, 4, 8, 16, 32, 64)
_EMPTY = 20
"""Jobs without work that are timed."""
_BESIDES = "a job without work"
_MORE = 10
"""How many times as many jobs of the same kinds are simulated too."""
_ABOUT = ("model", "dtype", "data", "facts", "method", "batch_size", "edit_langs")
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


def jobs_of(run: Path) -> dict[str, float]:
    """Seconds that each job of a run took that was carried out on one machine in one go.

    Args:
        run: Its folder, not copied: the times of the files are read.
    """
    written = {path: path.stat().st_mtime for path in run.glob("answers/*/*.jsonl")}
    before = (run / "probes.jsonl").stat().st_mtime
    found: dict[str, float] = {}
    for path in sorted(written, key=written.__getitem__):
        lang, batch = path.parent.name, path.stem.partition("-")[0]
        name = f"{lang}/{path.stem if lang == UNEDITED else batch}"
        found[name] = found.get(name, 0.0) + written[path] - before
        before = written[path]
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--facts", default="6")
    parser.add_argument("--run", type=Path, required=True, help="Folder of a finished run.")
    given = parser.parse_args(arguments)
    settings = Settings(
        method="ft",  # its edits are a job each: those of stackable methods go together
        editor={},
        edit_langs="en,de",
        test_langs="en,ja",
        facts=given.facts,
        batch_size=1,
        kinds=("direct",),
        locality=0,
        max_new_tokens=3,
    )
    benchmark = derived(mlake.load("mini"), settings.kinds)
    with TemporaryDirectory(prefix="mlake-") as name:
        each = 0.0
        for row in _measured(given.model, benchmark, settings, Path(name)):
            each = row["seconds"] if row["what"] == _BESIDES else each
            print(json.dumps(row), flush=True)
    for row in _simulated(given.run, each):
        print(json.dumps(row), flush=True)


def _measured(model: str, benchmark: Benchmark, settings: Settings, out: Path) -> Iterator[dict[str, Any]]:
    load: dict[str, Any] = {"dtype": "fp32", "device": "cpu"}
    session = Session(mlake.load_model(model, **load), benchmark, settings)
    yield {"what": "settings", **session.spec.record(), "model": Path(model).name}
    start = time.perf_counter()
    session.carry_out(out / "local", examine=examine, progress=False)
    keep_ability(session.lm, out / "local")
    yield _timed("one machine", start) | {"sha256": hash_of(out / "local")}
    del session
    for size, deaths in ((1, (False,)), (2, (False, True))):
        with ray_pool(size, 0) as pool:
            for killed in deaths:
                run = run_of(pool, (model, load), benchmark, settings, out / f"{size}-{killed}", forced=False)
                yield from _spread(pool, run, size, killed)
            if size == 1:
                yield {"what": _BESIDES, "seconds": round(_empty(pool, run), 4), "load": _load()}


def _simulated(folder: Path, each: float) -> Iterator[dict[str, Any]]:
    took = jobs_of(folder)
    spec = read_run(folder).spec
    about = {
        key: spec[key] for key in ("model", "dtype", "data", "facts", "method", "batch_size", "edit_langs")
    }
    yield {"what": "a finished run", **about, "jobs": {name: round(one, 1) for name, one in took.items()}}
    for times in (1, _MORE):
        seconds = [*took.values()] * times
        alone = simulated(seconds, 1, each=each)
        for workers in WORKERS:
            spread_out = simulated(seconds, workers, each=each)
            told = {"seconds": round(spread_out, 1), "times_faster": round(alone / spread_out, 2)}
            yield {"what": "simulated", "jobs": len(seconds), "workers": workers, **told}


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


def _empty(pool: RayPool, run: SpreadRun) -> float:
    """Seconds that a job takes in which nothing is to be done."""
    nothing = replace(run.outline.plan, batches=(), unedited=(), chains=(), notes=())
    jobs = [run.job("nothing", Part(nothing, False), lambda: iter(())) for _ in range(_EMPTY)]
    start = time.perf_counter()
    spread(jobs, pool, lambda job, file: None, lambda line: None)
    return (time.perf_counter() - start) / _EMPTY


def _timed(what: str, start: float) -> dict[str, Any]:
    return {"what": what, "seconds": round(time.perf_counter() - start, 2), "load": _load()}


def _load() -> float:
    """Programs that want a core of this machine, on average over a minute."""
    return round(os.getloadavg()[0], 1)


if __name__ == "__main__":
    main()

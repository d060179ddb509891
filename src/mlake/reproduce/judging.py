"""Fluency by a judge, after all runs: one judge for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from tqdm import tqdm

from mlake.analysis.judge import Judge, judge_rows, local_judge, server_judge
from mlake.analysis.store import keep_rows, kept_path
from mlake.chat_server import chat_server
from mlake.errors import RunError
from mlake.evaluation.store import read_run
from mlake.models.load import load
from mlake.reproduce.options import Options

__all__ = ["judge_runs"]

_SAMPLE = 20
"""Answers of each edit language, test language and kind of question."""


def judge_runs(runs: Sequence[Path], options: Options, say: Callable[[str], object]) -> None:
    """Have a sample of the answers of runs judged that this judge has not seen yet.

    Raises:
        RunError: The address of a server is given but no model.
        ModelError: The judge cannot be loaded or reached, or failed.
    """
    if options.judge is None:
        if options.judge_url is not None:
            raise RunError("--judge-url needs the name of a model on it; give --judge NAME")
        return
    server = chat_server(options.judge, options.judge_url)
    who = (options.judge, None) if server is None else (server.model, server.url)
    name = "judge-" + sha256("{} {}".format(*who).encode()).hexdigest()[:8]
    wanted = [run for run in runs if not kept_path(run, name).exists()]
    if not wanted:
        return
    judge = _local(options.judge, options) if server is None else server_judge(server)
    for run in wanted:
        say(f"fluency judged by {judge.name}: {run}")
        _judged(run, name, judge, options.seed)


def _judged(run: Path, name: str, judge: Judge, seed: int) -> None:
    with tqdm(desc="judging", unit="reply") as bar:
        rows, record = judge_rows(
            judge, read_run(run).asked(), sample=_SAMPLE, seed=seed, progress=bar.update
        )
    keep_rows(run, name, asdict(record), rows)


def _local(name: str, options: Options) -> Judge:
    return local_judge(load(name, dtype=options.dtype, device=options.device))

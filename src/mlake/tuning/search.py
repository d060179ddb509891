"""A search from settings to what came of it, with a model that is loaded already."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

from tqdm import tqdm

from mlake.data.ordinary import ordinary_text
from mlake.editing import EDITORS, editor
from mlake.editing.method import Method
from mlake.editing.settings import setting_of
from mlake.errors import MlakeError, RunError, memory_ran_out
from mlake.models.lm import LM, UNPINNED
from mlake.records import Benchmark, Fact, Statement
from mlake.tuning.bench import Bench
from mlake.tuning.folder import TuneFolder
from mlake.tuning.questions import Questions, questions_of
from mlake.tuning.schedule import Job, next_job, rungs_of
from mlake.tuning.space import Axis, axes_of
from mlake.tuning.trial import Trial

__all__ = ["Search", "Wanted"]

_FORMAT = "mlake-tune/1"
_CLOSING = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a user chooses of a search.

    Attributes:
        method: Name of the method.
        facts: The facts to edit.
        others: Facts to ask about besides.
        edit_langs: Languages to edit in, all in one batch.
        test_langs: Languages to ask in.
        batch_size: Facts that are edited together.
        max_new_tokens: Longest answer in tokens.
        seed: Seed of all random draws.
        fixed: Settings that are the same in all trials, as ``editor`` takes them.
    """

    method: str
    facts: Sequence[Fact]
    others: Sequence[Fact]
    edit_langs: tuple[str, ...]
    test_langs: tuple[str, ...]
    batch_size: int
    max_new_tokens: int
    seed: int
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def set(self) -> dict[str, Any]:
        """The settings that are the same in all trials, by name."""
        own = {key: value for key, value in self.fixed.items() if key != "settings"}
        return {**self.fixed.get("settings", {}), **own}


class Search:
    """A search, planned.

    Attributes:
        lm: The model.
        benchmark: The data set.
        wanted: What a user chose.
        method: The method as it is by default for the model.
        axes: What is searched.
        defaults: Values of the settings that are searched, by default.
        questions: What is edited and asked.
        rungs: How many facts are asked about at each rung.
    """

    def __init__(self, lm: LM, benchmark: Benchmark, wanted: Wanted):
        self.lm = lm
        self.benchmark = benchmark
        self.wanted = wanted
        self.method: Method = editor(wanted.method, lm, **wanted.fixed)
        row = EDITORS[wanted.method]
        self.axes: tuple[Axis, ...] = axes_of(row, self.method, len(lm.layers), wanted.set)
        self.defaults = {axis.name: _plain(setting_of(self.method, axis.name)) for axis in self.axes}
        self.questions: Questions = questions_of(
            wanted.facts,
            wanted.others,
            wanted.edit_langs,
            wanted.test_langs,
            seed=wanted.seed,
            refusal=self._refusal,
        )
        self.rungs = rungs_of(len(self.questions.edited))

    def _refusal(self, statement: Statement) -> str | None:
        if statement.subject is None and self.method.needs_subject():
            return "no subject"
        return self.method.refusal(self.lm, statement)

    def spec(self) -> dict[str, Any]:
        """Everything that can change a number, as JSON values."""
        wanted, questions = self.wanted, self.questions
        return {
            "format": _FORMAT,
            "version": version("mlake"),
            **self.lm.record(),
            "method": wanted.method,
            "editor": self.method.config(),
            "search": {axis.name: list(axis.values) for axis in self.axes},
            "data": self.benchmark.name,
            "data_sha256": self.benchmark.sha256,
            "facts": [fact.id for fact in questions.edited],
            "others": [fact.id for fact in questions.others],
            "edit_langs": list(questions.edit_langs),
            "test_langs": list(questions.test_langs),
            "batch_size": wanted.batch_size,
            "rungs": list(self.rungs),
            "max_new_tokens": wanted.max_new_tokens,
            "seed": wanted.seed,
        }

    def asked(self) -> list[list[str]]:
        """Every question: goal, language, fact and text."""
        items = [*self.questions.of_edited(len(self.questions.edited)), *self.questions.of_others()]
        return [[item.goal, item.lang, item.fact, item.probe.text] for item in items]

    @contextmanager
    def folder(self, path: Path) -> Iterator[TuneFolder]:
        """The folder of this search, open.

        Raises:
            RunError: As ``TuneFolder.open``; or nothing pins the model and the folder holds a search already.
        """
        if self.lm.revision == UNPINNED and (path / "spec.json").exists():
            raise RunError(
                f"{path} holds a search already, and nothing tells whether {self.lm.name!r} has the same "
                "weights; choose another --out"
            )
        with TuneFolder.open(path, self.spec(), self.asked()) as folder:
            yield folder

    def carry_out(self, folder: TuneFolder, minutes: float, *, progress: bool) -> list[Trial]:
        """Try settings until time is up; what was tried before in this folder counts, with the time it took.

        Args:
            folder: The open folder.
            minutes: Minutes in all. No measurement begins that would go on for longer, as those before it
                took; the defaults are measured whatever it takes.
            progress: Show progress on standard error.

        Returns:
            All trials, by number.

        Raises:
            MlakeError: The defaults themselves cannot be measured, memory ran out, or the folder cannot be
                written.
        """
        start = since = monotonic()
        total = 60 * minutes
        trials = folder.trials()
        spent = sum(one.seconds for trial in trials for one in trial.rungs.values())
        calm = 0.5 if sys.stderr.isatty() else 30.0
        form = "{desc}{percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
        with tqdm(
            total=total, initial=min(spent, total), disable=not progress, mininterval=calm, bar_format=form
        ) as bar:

            def told() -> None:
                bar.update(min(spent + monotonic() - start, total) - bar.n)

            bar.set_description("asking the unedited model")
            bench = self._bench(folder)
            while (gone := spent + monotonic() - start) < total:
                job = self._next(trials, closing=gone > (1 - _CLOSING) * total)
                if job is None or (job.number and gone + _expected(job, trials) > total):
                    break
                bar.set_description(f"settings {job.number}, {self.rungs[job.rung]} facts")
                trial = self._measured(bench, job, trials, told)
                if job.rung in trial.rungs:
                    now = monotonic()
                    rungs = {**trial.rungs, job.rung: replace(trial.rungs[job.rung], seconds=now - since)}
                    trial, since = replace(trial, rungs=rungs), now
                trials[job.number : job.number + 1] = [trial]
                folder.write(trial)
                told()
        return trials

    def _bench(self, folder: TuneFolder) -> Bench:
        wanted = self.wanted
        return Bench(
            self.lm,
            wanted.method,
            wanted.fixed,
            self.questions,
            ordinary_text(
                self.benchmark, self.questions.edited, (one.probe.text for one in self.questions.of_others())
            ),
            wanted.batch_size,
            wanted.seed,
            wanted.max_new_tokens,
            folder.values,
        )

    def _next(self, trials: Sequence[Trial], *, closing: bool) -> Job | None:
        return next_job(
            self.axes, self.defaults, trials, rungs=len(self.rungs), seed=self.wanted.seed, closing=closing
        )

    def _measured(self, bench: Bench, job: Job, trials: Sequence[Trial], told: Callable[[], object]) -> Trial:
        """A trial after a measurement; one that cannot be made has failed, unless it is of the defaults."""
        trial = trials[job.number] if job.number < len(trials) else Trial(job.number, job.settings)
        try:
            found = bench.measured(job.settings, self.rungs[job.rung], told)
        except RunError:
            raise
        except MlakeError as error:
            if job.number == 0:
                raise
            return replace(trial, failed=str(error))
        except (MemoryError, RuntimeError) as error:
            if not memory_ran_out(error):
                raise
            raise RunError(
                "out of memory; what was measured is kept: free memory and give the command again, or take a "
                "smaller --batch-size"
            ) from error
        return replace(trial, rungs={**trial.rungs, job.rung: found})


def _expected(job: Job, trials: Sequence[Trial]) -> float:
    """Seconds that a measurement may take: as many as the longest at its rung, or at the one below."""
    for rung in range(job.rung, -1, -1):
        took = [one.rungs[rung].seconds for one in trials if rung in one.rungs]
        if took:
            return max(took)
    return 0.0


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value

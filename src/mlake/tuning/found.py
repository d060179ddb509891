"""What came of a search: its front as a table and a figure, three points, and one of them as settings."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from statistics import fmean
from typing import Any

from mlake.editing.tuned import MADE
from mlake.errors import RunError, UnknownNameError
from mlake.report.statistics.intervals import clustered_mean
from mlake.report.table import Cell, Table
from mlake.safe import plain, visible
from mlake.tuning.front import POINTS, front, named
from mlake.tuning.search import Search
from mlake.tuning.trial import OBJECTIVES, Measured, Trial, latest

__all__ = ["Found"]

_PERPLEXITY = "perplexity"


@dataclass(frozen=True)
class Found:
    """What came of a search.

    Attributes:
        search: The search.
        trials: All trials, by number.
    """

    search: Search
    trials: Sequence[Trial]

    @property
    def front(self) -> list[Trial]:
        """The settings that no others beat, those with most new answers first."""
        return sorted(front(self.trials), key=lambda one: (-one.best.taken, one.number))

    @property
    def points(self) -> dict[str, Trial]:
        """The points with names."""
        return named(self.front)

    @property
    def model(self) -> str:
        """The model as others know it: of a local file or folder its name alone."""
        name = self.search.lm.name
        return Path(name).name if Path(name).exists() else name

    @property
    def minutes(self) -> float:
        """How long all measurements took together."""
        return sum(one.seconds for trial in self.trials for one in trial.rungs.values()) / 60

    @property
    def summary(self) -> str:
        """How much was tried, in a line."""
        measured = sum(len(one.rungs) for one in self.trials)
        failed = sum(bool(one.failed) for one in self.trials)
        values = sum(one.values for trial in self.trials for one in trial.rungs.values())
        lost = f", {failed} of which no edit could be made with" if failed else ""
        return (
            f"{len(self.trials)} settings{lost}, {measured} measurements, {values} values optimised, "
            f"{self.minutes:.1f} minutes"
        )

    def point(self, name: str) -> Trial:
        """A point by name.

        Raises:
            UnknownNameError: No point has this name.
            RunError: Nothing was measured.
        """
        if name not in POINTS:
            raise UnknownNameError("point", name, POINTS)
        if name not in self.points:
            raise RunError("nothing was measured in this time; give more --minutes")
        return self.points[name]

    def settings(self, name: str) -> str:
        """A point as TOML that ``--settings`` takes, and that is a model's default once it is packaged.

        Raises:
            MlakeError: As ``point``.
        """
        trial, spec = self.point(name), self.search.spec()
        own = {**self.search.wanted.set, **trial.settings}
        many, langs = len(spec["facts"]), "+".join(spec["edit_langs"])
        made = {
            "method": spec["method"],
            "model": self.model,
            "revision": spec["model_revision"],
            "source": f"mlake tune on {many} facts of {spec['data']} stated in {langs}: {name} of "
            f"{len(self.trials)} settings tried",
            "point": f"{name}: {POINTS[name]}",
            **{
                key: spec[key] for key in ("dtype", "data", "data_sha256", "batch_size", "test_langs", "seed")
            },
            "minutes": round(self.minutes, 1),
            "version": spec["version"],
            "measured": "; ".join(f"{key} {value}" for key, value in _told(trial.best).items()),
            "defaults": "; ".join(f"{key} {value}" for key, value in _told(self.trials[0].best).items()),
        }
        return f"# {plain(made['source'])}\n{_lines(own)}\n[{MADE}]\n{_lines(made)}"

    def record(self) -> dict[str, Any]:
        """Everything as JSON values."""
        names = {one.number: name for name, one in self.points.items()}
        return {
            "spec": self.search.spec(),
            "summary": self.summary,
            "trials": len(self.trials),
            "minutes": round(self.minutes, 2),
            "points": {name: one.number for name, one in self.points.items()},
            "defaults": self._row(self.trials[0]) if latest(self.trials[:1]) else None,
            "front": [{**self._row(one), "point": names.get(one.number)} for one in self.front],
            "failed": {one.number: one.failed for one in self.trials if one.failed},
        }

    def said(self, point: str) -> str:
        """The named points and the defaults, for a terminal."""
        shown = {"default": self.trials[0], **self.points}
        lines = [f"{'':9}  {'  '.join(f'{title:>19}' for title in _SAID)}"]
        for name, trial in shown.items():
            told = _told(trial.best)
            cells = "  ".join(f"{told.get(title, '–'):>19}" for title in _SAID)
            values = ", ".join(f"{key} {_cell(value)}" for key, value in trial.settings.items())
            lines += [f"{name:9}  {cells}", f"{'':9}  {values}"]
        return visible("\n".join([*lines, self.summary, f"settings.toml holds {point}: {POINTS[point]}"]))

    def table(self) -> Table:
        """The front, and the defaults."""
        langs, axes = self.search.questions.test_langs, self.search.axes
        goals = [(goal, lang) for goal in ("own", "rephrased", "transfer", "kept") for lang in langs]
        shown = [self.trials[0], *(one for one in self.front if one.number)] if self.trials else []
        shown = [one for one in shown if one.rungs]
        goals = [
            (goal, lang)
            for goal, lang in goals
            if any(one.best.marks.get(goal, {}).get(lang) for one in shown)
        ]
        names: dict[int, list[str]] = {0: ["default"]}
        for name, one in self.points.items():
            names.setdefault(one.number, []).append(name)
        return Table(
            name="front",
            title=f"Settings of {self.search.wanted.method} for {self.model} that no others beat",
            columns=(
                "settings",
                "point",
                *(axis.name for axis in axes),
                *(f"{_GOALS[goal]} {lang}" for goal, lang in goals),
                "held-out text",
            ),
            rows=tuple(
                (
                    one.number,
                    ", ".join(names.get(one.number, ())),
                    *(_cell(one.settings[axis.name]) for axis in axes),
                    *(_share(one.best, goal, lang) for goal, lang in goals),
                    _factor(one.best),
                )
                for one in shown
            ),
            notes=tuple(self._notes()),
        )

    def _notes(self) -> Iterator[str]:
        yield self.summary
        asked = {one.rung: self.search.rungs[one.rung] for one in self.front}
        if asked:
            yield f"asked about {max(asked.values())} facts, edited {self.search.wanted.batch_size} at a time"
        yield "per cent; others: facts that the unedited model knew; held-out text: perplexity, times before"
        yield from (f"{name}: {told}" for name, told in POINTS.items())

    def _row(self, trial: Trial) -> dict[str, Any]:
        best = trial.best
        return {
            "trial": trial.number,
            "facts": self.search.rungs[trial.rung],
            "settings": dict(trial.settings),
            "objectives": best.objectives,
            "taken": best.taken,
            "shares": {
                goal: {lang: _estimate(marks) for lang, marks in some.items()}
                for goal, some in best.marks.items()
            },
            "held_out": dict(best.held_out),
        }


_SAID = (*(name for key, name in OBJECTIVES.items() if key != "perplexity"), _PERPLEXITY)
_GOALS = {"own": "direct", "rephrased": "rephrased", "transfer": "direct", "kept": "others"}


def _estimate(marks: str) -> dict[str, Any]:
    found = clustered_mean([float(one) for one in marks], range(len(marks)))
    return {"n": found.n, "value": found.value, "low": found.low, "high": found.high}


def _share(measured: Measured, goal: str, lang: str) -> Cell:
    share = measured.share(goal, lang)
    return None if share is None else round(100 * share, 1)


def _factor(measured: Measured) -> Cell:
    return round(exp(fmean(measured.held_out.values())), 3) if measured.held_out else None


def _told(measured: Measured) -> dict[str, str]:
    """Objectives in words."""
    found = {
        OBJECTIVES[name]: f"{100 * value:.1f} %"
        for name, value in measured.objectives.items()
        if name != "perplexity"
    }
    factor = _factor(measured)
    return found | ({} if factor is None else {_PERPLEXITY: f"× {factor}"})


def _cell(value: Any) -> Cell:
    return value if isinstance(value, str | int | float) else json.dumps(value)


def _lines(values: Mapping[str, Any]) -> str:
    """TOML lines; what JSON and TOML write alike."""
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())

"""The front of a search as a figure: new answers against other facts kept."""

from typing import Any

from mlake.report.figures.grid import Grid
from mlake.report.figures.picture import Picture
from mlake.report.figures.style import label, method_name
from mlake.tuning.found import Found
from mlake.tuning.trial import latest

__all__ = ["front_picture"]

_COLOURS = {"careful": "#009E73", "balanced": "#0072B2", "far": "#D55E00"}
_SIDE = 2.6


def front_picture(found: Found) -> Picture:
    """All settings that were tried, those that no others beat, and the points with names.

    Args:
        found: What came of the search.
    """
    search = found.search
    title = f"{method_name(search.wanted.method)} on {label(found.model)}"

    def draw() -> Any:
        grid = Grid(widths=(_SIDE,), heights=(_SIDE,), left=0.5, right=0.2)
        figure = grid.figure()
        axes = grid.panel(figure, 0, 0)
        axes.set_title(title)
        for trial in latest(found.trials):
            top = trial.rung == len(search.rungs) - 1
            axes.plot(
                100 * trial.best.kept, 100 * trial.best.taken, "o", color="#bbbbbb", ms=4 if top else 2.5
            )
        line = sorted((one.best.kept, one.best.taken) for one in found.front)
        axes.plot([100 * x for x, _ in line], [100 * y for _, y in line], "o", color="#444444", ms=4)
        if latest(found.trials[:1]):
            first = found.trials[0].best
            axes.plot(100 * first.kept, 100 * first.taken, "x", color="black", ms=6, label="default")
        for name, one in found.points.items():
            axes.plot(
                100 * one.best.kept, 100 * one.best.taken, "o", mfc="none", mec=_COLOURS[name], label=name,
                ms={"careful": 7, "balanced": 9, "far": 11}[name], mew=1.4,
            )  # fmt: skip
        axes.set_xlim(-3, 103)
        axes.set_ylim(-3, 103)
        axes.grid(visible=True)
        axes.set_xlabel("other facts still known (%)")
        axes.set_ylabel("new answers, mean over languages (%)")
        axes.legend(loc="lower left")
        return figure

    return Picture("front", f"What settings of {title} give and cost", found.table(), draw)

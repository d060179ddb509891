"""Figure 4: how many tokens encode a subject against how often edits of it work."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mlake.errors import RunError
from mlake.languages.sets import is_own
from mlake.report.figures.fit import Fit, logistic_fit
from mlake.report.figures.grid import balanced, legend_below
from mlake.report.figures.picture import Picture
from mlake.report.figures.runs import Shown, font_notes, lacking, shown
from mlake.report.figures.style import PAGE, SMALL, language_colour
from mlake.report.rundata import RunData
from mlake.report.statistics.intervals import Estimate, clustered_mean
from mlake.report.table import Cell, Table

__all__ = ["figure4"]

_TITLE = "Tokens that encode a subject and success of edits asked in their own language"
_COLUMNS = (
    "model",
    "method",
    "mark",
    "lang",
    "tokens",
    "last tokens",
    "n",
    "effective n",
    "success",
    "low",
    "high",
)
_FEWEST = 10  # successes and failures that a fit needs
_BINS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 25)  # first number of tokens in each


@dataclass(frozen=True, slots=True)
class _Edit:
    """One edit, asked in its own language."""

    fact: str
    lang: str
    tokens: int
    success: float


@dataclass(frozen=True, slots=True)
class _Mark:
    """A point: edits of some numbers of tokens, or of one language."""

    lang: str | None
    tokens: float
    last: int | None
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class _Panel:
    """All that is drawn of one run."""

    shown: Shown
    marks: tuple[_Mark, ...]
    fit: Fit | None
    within: Fit | None


def figure4(
    runs: Sequence[RunData], tokens: Mapping[tuple[str, str], int], scorer: str = "contains"
) -> Picture:
    """Tokens a subject against success of edits, with a fitted relation (paper, Figure 4).

    A panel for each run: edits by number of tokens, languages at their mean number of tokens, and a
    logistic fit over the single edits with its 95 % band. Runs whose edits all work or all fail show nothing
    of tokens: they have no panel beside others, and the notes say which. The band and the interval of the
    slope resample facts. The slope is also given within languages, each with an intercept of its own: what is
    left where no other difference between languages can stand behind it.

    Args:
        runs: Runs of one model.
        tokens: Fact and language to number of tokens of the subject, under that model's tokenizer.
        scorer: ``contains``, or ``paper`` for the paper's rule.

    Raises:
        RunError: The runs are of several models, or no edit has both numbers.
    """
    every = shown("figure4", runs)
    models = list(dict.fromkeys(str(one.run.spec.get("model")) for one in every))
    if len(models) > 1:
        raise RunError(f"figure4 takes runs of one model, whose tokens it counts, got {', '.join(models)}")
    edited = [(one, _edits(one.run, tokens, scorer)) for one in every]
    known = [(one, edits) for one, edits in edited if len({edit.tokens for edit in edits}) > 1]
    mixed = [(one, edits) for one, edits in known if len({edit.success for edit in edits}) > 1]
    panels = [_panel(one, edits) for one, edits in mixed or known]
    if not panels:
        what = f"own-language direct answers with {scorer!r} scores on subjects of different lengths"
        raise lacking("figure4", what, "run on more facts, whose subjects are known")
    data = Table(
        name="figure4",
        title=_TITLE,
        columns=_COLUMNS,
        rows=tuple(row for panel in panels for row in _rows(panel)),
        notes=(*map(_note, panels), *_left_out(edited, panels), *font_notes(models)),
    )
    return Picture("figure4", _TITLE, data, partial(_draw, panels))


def _edits(run: RunData, tokens: Mapping[tuple[str, str], int], scorer: str) -> list[_Edit]:
    return [
        _Edit(row.fact, row.test_lang, tokens[row.fact, row.test_lang], row.value)
        for row in run.scored
        if (row.kind, row.scorer) == ("direct", scorer)
        and is_own(row.edit_lang, row.test_lang)
        and row.fact is not None
        and row.value is not None
        and (row.fact, row.test_lang) in tokens
    ]


def _panel(one: Shown, edits: Sequence[_Edit]) -> _Panel:
    marks = []
    for first, after in zip(_BINS, (*_BINS[1:], None), strict=True):
        chosen = [edit for edit in edits if edit.tokens >= first and (after is None or edit.tokens < after)]
        if chosen:
            marks.append(_mark(None, chosen))
    langs = dict.fromkeys(edit.lang for edit in edits)
    marks += [_mark(lang, [edit for edit in edits if edit.lang == lang]) for lang in langs]
    successes = sum(edit.success for edit in edits)
    if min(successes, len(edits) - successes) < _FEWEST:
        return _Panel(one, tuple(marks), None, None)
    fitted = partial(
        logistic_fit,
        [edit.tokens for edit in edits],
        [edit.success for edit in edits],
        [edit.fact for edit in edits],
    )
    together, within = fitted([""] * len(edits)), fitted([edit.lang for edit in edits])
    return _Panel(one, tuple(marks), together, within)


def _mark(lang: str | None, edits: Sequence[_Edit]) -> _Mark:
    numbers = [edit.tokens for edit in edits]
    return _Mark(
        lang=lang,
        tokens=sum(numbers) / len(numbers),
        last=None if lang else max(numbers),
        estimate=clustered_mean([edit.success for edit in edits], [edit.fact for edit in edits]),
    )


def _rows(panel: _Panel) -> Iterator[tuple[Cell, ...]]:
    names = (panel.shown.full, panel.shown.title)
    for mark in panel.marks:
        kind = "language" if mark.lang else "number of tokens"
        one = mark.estimate
        yield (
            *names,
            kind,
            mark.lang,
            mark.tokens,
            mark.last,
            one.n,
            one.effective,
            one.value,
            one.low,
            one.high,
        )
    fit = panel.fit
    if fit is None:
        return
    for tokens, value, low, high in zip(fit.xs, fit.curve, *fit.band, strict=True):
        yield (*names, "fit", None, int(tokens), None, fit.n, None, float(value), float(low), float(high))


def _note(panel: _Panel) -> str:
    fit = panel.fit
    if fit is None or panel.within is None:
        return f"{panel.shown.title}: no relation is fitted, fewer than {_FEWEST} edits work or fail"
    correlation = "undefined" if fit.correlation is None else _signed(fit.correlation)
    return (
        f"{panel.shown.title}: log odds a token {_slope(fit)}, within languages {_slope(panel.within)}, "
        f"correlation of tokens and success {correlation}, n = {fit.n}; 95 % intervals of both resample facts"
    )


def _left_out(edited: Sequence[tuple[Shown, list[_Edit]]], panels: Sequence[_Panel]) -> Iterator[str]:
    """Which runs with edits have no panel, and why."""
    drawn = [panel.shown for panel in panels]
    for one, edits in edited:
        if one not in drawn and any(row.edit_lang for row in one.run.scored):
            yield f"{one.title} has no panel: {_why(edits)}"


def _why(edits: Sequence[_Edit]) -> str:
    if not edits:
        return "no edit was asked in its own language on a subject that is known"
    if len({edit.tokens for edit in edits}) == 1:
        return f"all {len(edits)} edits have subjects of one length"
    return f"{'all' if edits[0].success else 'none'} of its {len(edits)} edits work"


def _slope(fit: Fit) -> str:
    return f"{_signed(fit.slope)} [{_signed(fit.low)}, {_signed(fit.high)}]"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _draw(panels: Sequence[_Panel]) -> Figure:
    across = balanced(len(panels), 3)
    lines = -(-len(panels) // across)
    figure = Figure(figsize=(max(4.2, PAGE / 3 * across), 0.4 + 2.2 * lines), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(panels[0].shown.model)
    grid = figure.subplots(lines, across, squeeze=False)
    tops = [mark.estimate.high or mark.estimate.value or 0 for panel in panels for mark in panel.marks]
    last = max(mark.last or 0 for panel in panels for mark in panel.marks)
    for place, axes in enumerate(grid.ravel()):
        if place >= len(panels):
            axes.set_visible(False)
            continue
        _draw_panel(axes, panels[place])
        top = max(10, 10 * math.ceil(10 * max(tops)))
        axes.set_ylim(-0.03 * top, 1.03 * top)
        axes.set_xlim(0, last + 1)
        if place + across >= len(panels):
            axes.set_xlabel("tokens per subject")
        if place % across == 0:
            axes.set_ylabel("edits that work (%)")
    _legend(figure, panels)
    return figure


def _draw_panel(axes: Axes, panel: _Panel) -> None:
    fit = panel.fit
    if fit is not None:
        axes.fill_between(fit.xs, *(100 * fit.band), color="#cccccc", lw=0, alpha=0.6)
        axes.plot(fit.xs, 100 * fit.curve, color="#444444")
    most = max(mark.estimate.n for mark in panel.marks if mark.lang is None)
    for mark in panel.marks:
        one = mark.estimate
        value = 100 * (one.value or 0)
        colour = language_colour(mark.lang) if mark.lang else "#888888"
        if one.low is not None and one.high is not None:
            axes.plot([mark.tokens] * 2, [100 * one.low, 100 * one.high], color=colour, lw=0.7)
        if mark.lang:
            axes.plot(mark.tokens, value, "D", color=colour, ms=5, mec="white", mew=0.5, zorder=4)
        else:
            axes.scatter(mark.tokens, value, s=3 + 45 * one.n / most, color=colour, lw=0, zorder=3)
    slope = "no fit: too few work or fail" if fit is None else f"log odds a token {_slope(fit)}"
    axes.set_title(f"{panel.shown.title}\n{slope}", fontsize=SMALL)
    axes.grid(True)


def _legend(figure: Figure, panels: Sequence[_Panel]) -> None:
    langs = dict.fromkeys(mark.lang for panel in panels for mark in panel.marks if mark.lang)
    entries = [
        Line2D([], [], marker="D", ls="", color=language_colour(lang), label=lang, ms=5) for lang in langs
    ]
    entries.append(Line2D([], [], marker="o", ls="", color="#888888", label="edits by tokens (area: n)"))
    entries.append(Line2D([], [], color="#444444", label="logistic fit, 95 % band"))
    legend_below(figure, entries)

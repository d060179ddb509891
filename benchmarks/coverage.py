"""How often a 95 % interval holds the true share: ``python -m benchmarks.coverage``.

Answers are drawn with a known share, independent or alike within facts, and each draw gets two intervals: the
one of every table (``mlake.report.statistics.intervals``) and the percentile bootstrap over facts that stood
there before. Writes ``benchmarks/results/interval-coverage.jsonl``; with ``--draw`` only the figure and the
table of ``docs/report.md`` are made again from what is stored.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from mlake.disk import write_files
from mlake.report.figures.style import paper
from mlake.report.statistics.bootstrap import LEVEL, resamples
from mlake.report.statistics.intervals import clustered_mean

__all__ = ["DOCS", "FIGURE", "LAYOUTS", "STORED", "Layout", "covered", "figure", "stored", "table"]

STORED = Path(__file__).with_name("results") / "interval-coverage.jsonl"
DOCS = Path(__file__).parents[1] / "docs"
FIGURE = "interval-coverage.png"
SHARES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998)
DRAWS, SEED = 2000, 0
_COLOURS = 64  # look the same as all of them in a third of the bytes

Span = tuple[float, float]
Facts = tuple[tuple[int, int], ...]
"""Answers and right answers of each fact, sorted."""


class Layout(NamedTuple):
    """How answers are spread over facts.

    Attributes:
        facts: Number of facts.
        answers: How many answers facts have, one after the other, again and again.
        alike: Correlation of answers about one fact: 0 independent, 1 all right or all wrong.
    """

    facts: int
    answers: tuple[int, ...]
    alike: float

    @property
    def n(self) -> int:
        """Number of answers."""
        return int(self.sizes().sum())

    def sizes(self) -> NDArray[np.int_]:
        """(facts,) number of answers."""
        return np.resize(np.array(self.answers), self.facts)

    def drawn(self, share: float, draws: int, seed: int) -> Iterator[Facts]:
        """Draws with a known share of right answers: beta-binomial within facts."""
        random, sizes = np.random.default_rng(seed), self.sizes()
        if self.alike in (0, 1):
            chance = np.full((draws, self.facts), share)
            if self.alike:
                chance = (random.random(chance.shape) < share).astype(float)
        else:
            scale = 1 / self.alike - 1
            chance = random.beta(share * scale, (1 - share) * scale, (draws, self.facts))
        for right in random.binomial(sizes, chance):
            yield tuple(sorted(zip(sizes.tolist(), right.tolist(), strict=True)))


LAYOUTS = (
    *(Layout(facts, (1,), 0.0) for facts in (10, 25, 100, 1072)),
    *(Layout(facts, (4,), alike) for facts in (10, 25, 268) for alike in (0.5, 1.0)),
    *(Layout(100, (1, 2, 1, 3), alike) for alike in (0.5, 1.0)),
)
"""Independent answers from 10 to 1,072, four answers a fact, and unequal numbers of answers."""


def covered(
    layout: Layout, share: float, interval: Callable[[Facts], Span], draws: int
) -> tuple[float, float]:
    """Part of the draws whose interval holds the true share, and the mean width of the intervals."""
    spans = np.array([interval(one) for one in layout.drawn(share, draws, SEED)])
    holds = (spans[:, 0] <= share + 1e-12) & (spans[:, 1] >= share - 1e-12)
    return float(holds.mean()), float((spans[:, 1] - spans[:, 0]).mean())


@cache
def effective(facts: Facts) -> Span:
    """The interval of every table."""
    values = [float(at < right) for size, right in facts for at in range(size)]
    found = clustered_mean(values, [fact for fact, (size, _) in enumerate(facts) for _ in range(size)])
    assert found.low is not None and found.high is not None
    return found.low, found.high


@cache
def bootstrap(facts: Facts) -> Span:
    """The percentile bootstrap over facts."""
    sizes, right = (resamples(len(facts)) @ np.array(facts, dtype=np.float64)).T
    low, high = np.quantile(right / sizes, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _rows() -> Iterator[dict[str, Any]]:
    yield {"name": "simulation", "draws": DRAWS, "seed": SEED, "level": LEVEL}
    for layout in LAYOUTS:
        for share in SHARES:
            row: dict[str, Any] = {"n": layout.n, **layout._asdict(), "share": share}
            for interval in (bootstrap, effective):
                name = interval.__name__
                row[name], row[f"{name}_width"] = covered(layout, share, interval, DRAWS)
            yield row
        bootstrap.cache_clear()
        effective.cache_clear()


def stored() -> list[dict[str, Any]]:
    """The stored rows: first what was simulated, then one a layout and share."""
    return [json.loads(line) for line in STORED.read_text(encoding="utf-8").splitlines()]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: the lowest coverage over all shares by layout, old and new, and where it is."""
    lines = [
        "| answers | facts | alike within facts | bootstrap, lowest | at share | now, lowest | at share |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for layout in dict.fromkeys(_layout(row) for row in rows):
        own = [row for row in rows if _layout(row) == layout]
        cells = [f"{own[0]['n']:,}", f"{layout.facts:,}", f"{layout.alike:g}"]
        for name in ("bootstrap", "effective"):
            worst = min(own, key=lambda row: row[name])
            cells += [f"{100 * worst[name]:.1f} %", f"{worst['share']:g}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _layout(row: Mapping[str, Any]) -> Layout:
    return Layout(row["facts"], tuple(row["answers"]), row["alike"])


def figure(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Coverage by true share as PNG: independent answers left, several a fact right."""
    drawn, small = BytesIO(), BytesIO()
    with paper():
        page = Figure(figsize=(6.3, 3.6), layout="constrained")
        grid = page.subplots(1, 2, sharey=True)
        for axes, (title, single) in zip(
            grid, (("one answer a fact", True), ("several a fact", False)), strict=True
        ):
            chosen = [row for row in rows if (len(row["answers"]) == 1 and row["answers"][0] == 1) == single]
            for place, layout in enumerate(dict.fromkeys(map(_layout, chosen))):
                own = [row for row in chosen if _layout(row) == layout and row["share"] <= 0.5]
                shares = [row["share"] for row in own]
                colour = f"C{place}"
                alike = "" if single else f", alike {layout.alike:g}"
                label = f"n {own[0]['n']:,}, {layout.facts:,} facts{alike}"
                axes.plot(shares, [100 * row["bootstrap"] for row in own], ls=":", color=colour)
                axes.plot(shares, [100 * row["effective"] for row in own], color=colour, label=label)
            axes.axhline(95, color="#444444", lw=0.6)
            axes.set_xscale("log")
            axes.set_xticks([0.002, 0.01, 0.05, 0.2, 0.5], ["0.002", "0.01", "0.05", "0.2", "0.5"])
            axes.minorticks_off()
            axes.set_ylim(0, 102)
            axes.set_title(title)
            axes.set_xlabel("true share of right answers")
            axes.grid(True)
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, fontsize=6)
        grid[0].set_ylabel("intervals that hold it (%)")
        page.suptitle("95 % intervals: on the effective number (lines), bootstrap over facts (dots)")
        page.savefig(drawn, format="png", dpi=160)
    Image.open(drawn).convert("RGB").quantize(_COLOURS).save(small, "png", optimize=True)
    return small.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--draw", action="store_true", help="only draw what is stored")
    if not parser.parse_args().draw:
        lines = [json.dumps(row) for row in _rows()]
        write_files(STORED.parent, {STORED.name: ("\n".join(lines) + "\n").encode()})
    rows = stored()[1:]
    write_files(DOCS, {FIGURE: figure(rows)})
    print(table(rows), end="")


if __name__ == "__main__":
    main()

"""The paper's figures as pictures: from runs, from a data set, or from tables of an analysis."""

from mlake.report.figures.accuracy import figure2
from mlake.report.figures.contents import figure8
from mlake.report.figures.fluency import figure6
from mlake.report.figures.heatmap import heatmap
from mlake.report.figures.lifelong import lifelong_figure
from mlake.report.figures.nearness import transfer_by_distance
from mlake.report.figures.neurons import figure7
from mlake.report.figures.subject_length import figure4
from mlake.report.figures.trade import trade_figure
from mlake.report.figures.transfer import figure3, figure5

__all__ = [
    "figure2",
    "figure3",
    "figure4",
    "figure5",
    "figure6",
    "figure7",
    "figure8",
    "heatmap",
    "lifelong_figure",
    "trade_figure",
    "transfer_by_distance",
]

"""Mean indirect effects of causal tracing, with intervals over facts."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlake.analysis.trace_run import traced_rows
from mlake.report.statistics.intervals import DIFFERENCE, Estimate, clustered_mean

__all__ = ["tracing_means"]


def tracing_means(traced: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What tracing found, by language, as JSON values.

    Args:
        traced: What ``trace_all`` gave.

    Returns:
        Language to the mean probabilities without and with noise, and to the mean effects by what is put
        back, where the token stands, and block: each with its 95 % interval over facts and their number.
    """
    found: dict[str, Any] = {}
    for lang in dict.fromkeys(one["lang"] for one in traced):
        own = [one for one in traced if one["lang"] == lang]
        found[lang] = {
            key: _record(clustered_mean([one[key] for one in own], range(len(own))))
            for key in ("clean", "corrupted")
        } | {"effects": []}
    for lang, kind, place, block, values in traced_rows(traced):
        mean = clustered_mean(values, range(len(values)), DIFFERENCE)
        found[lang]["effects"].append({"kind": kind, "place": place, "block": block, **_record(mean)})
    return found


def _record(mean: Estimate) -> dict[str, Any]:
    return {"n": mean.n, "value": mean.value, "low": mean.low, "high": mean.high}

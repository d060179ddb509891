"""Where the time of a value step goes."""

from collections.abc import Iterator

from torch.profiler import ProfilerActivity, profile

from benchmarks.case import Case
from benchmarks.cost import Row, clock
from benchmarks.facts import statements
from benchmarks.parts import chunks, prepared, step

_SHOWN = 8


def shares(case: Case) -> Iterator[Row]:
    """What preparing a chunk takes, what a step takes, and the largest shares of a step by operation."""
    method = case.editor("memit")
    listed = chunks(case, case.tasks(method, statements(case.facts)))
    chosen = listed[len(listed) // 2]
    suffix, once = prepared(case, method, chosen)
    step(case, method, suffix)
    taken = clock(lambda: step(case, method, suffix), case.lm.device)
    yield {
        "name": "parts of a value step",
        "unit": "s/fact",
        "prepare": once / len(chosen),
        "step": taken / len(chosen),
        "facts": len(chosen),
    }
    cuda = case.lm.device.type == "cuda"
    with profile(activities=[ProfilerActivity.CUDA if cuda else ProfilerActivity.CPU]) as seen:
        step(case, method, suffix)
    spent = "self_device_time_total" if cuda else "self_cpu_time_total"
    times = {row.key: getattr(row, spent) for row in seen.key_averages()}
    total = sum(times.values())
    largest = sorted(times, key=lambda key: -times[key])[:_SHOWN]
    yield {"name": "shares of a step", "unit": "of its time", **{key: times[key] / total for key in largest}}

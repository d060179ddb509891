"""Where the time of a value step goes."""

from collections.abc import Iterator

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.case import Case
from benchmarks.cost import Row, clock
from benchmarks.facts import statements
from benchmarks.machine import repeated
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
    yield _head(case, sum(prompt.target for task in chosen for prompt in task.prompts), taken)


@torch.inference_mode()
def _head(case: Case, rows: int, taken: float) -> Row:
    """How near the product with the head comes to the full rate, for so many target tokens."""
    weight = case.lm.model.get_output_embeddings().weight
    like = {"dtype": weight.dtype, "device": weight.device}
    inner, outer = (torch.ones(rows, size, **like) for size in weight.T.shape)
    forward = repeated(lambda: inner @ weight.T, case.lm.device)
    backward = repeated(lambda: outer @ weight, case.lm.device)
    flops = 2.0 * rows * weight.numel()
    return {
        "name": "product with the head",
        "unit": "of the full rate",
        "rows": rows,
        "forward": forward * flops / case.floor.flops,
        "backward": backward * flops / case.floor.flops,
        "share": (1 / forward + 1 / backward) / taken,
    }

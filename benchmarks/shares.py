"""Where the time of a value step goes."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.machine import clock
from benchmarks.value import tasks
from mlake.editing import editor
from mlake.editing.suffix import Suffix
from mlake.models.lm import LM

_SHOWN = 8


def shares(lm: LM, *, facts: int) -> Iterator[dict[str, Any]]:
    """What preparing a chunk takes, what a step takes, and the largest shares of a step by operation."""
    method = editor("memit", lm)
    listed = [(task.prompts, task.essence) for task in tasks(lm, method, facts)]
    chunks = list(Suffix.chunks(lm, listed))
    chosen = [listed[i] for i in chunks[len(chunks) // 2]]
    made: list[Suffix] = []
    where = {"layer": method.layers[-1], "site": method.site}
    prepared = clock(lambda: made.append(Suffix.prepare(lm, chosen, **where)), lm.device)
    suffix = made[0]

    def step() -> None:
        delta = torch.zeros_like(suffix.clean).requires_grad_()
        nll, kl = suffix.losses(lm, delta)
        torch.autograd.grad((nll + method.value.kl * kl).sum(), delta)

    step()
    taken = clock(step, lm.device)
    yield {
        "name": "parts of a value step",
        "unit": "s/fact",
        "prepare": prepared / len(chosen),
        "step": taken / len(chosen),
        "facts": len(chosen),
    }
    cuda = lm.device.type == "cuda"
    with profile(activities=[ProfilerActivity.CUDA if cuda else ProfilerActivity.CPU]) as seen:
        step()
    spent = "self_device_time_total" if cuda else "self_cpu_time_total"
    times = {row.key: getattr(row, spent) for row in seen.key_averages()}
    total = sum(times.values())
    largest = sorted(times, key=lambda key: -times[key])[:_SHOWN]
    yield {"name": "shares of a step", "unit": "of its time", **{key: times[key] / total for key in largest}}

"""The value step: one fact at a time over whole sequences with every logit, against all facts at once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from benchmarks.facts import statements
from benchmarks.machine import Floor, body, clock, head
from mlake.editing import editor
from mlake.editing.locate import LocateThenEdit
from mlake.editing.prompts import prompted
from mlake.editing.reference import optimise_one_value
from mlake.editing.value import ValueTask, optimise_values
from mlake.models.lm import LM


def tasks(lm: LM, method: LocateThenEdit, count: int) -> list[ValueTask]:
    """The value tasks of a method for so many facts."""
    settings = {"kind": method.prompt, "key": method.key, "contexts": method.contexts}
    return [prompted(lm, one, **settings).task for one in statements(count)]  # type: ignore[arg-type]


def _flops(lm: LM, chosen: list[ValueTask], layer: int, steps: int) -> float:
    """What cannot be avoided: forward, and backward to the activations, of what depends on a value."""
    tokens = logits = 0
    for task in chosen:
        tokens += sum(len(p.ids) - 1 - p.lookup for p in task.prompts) + (task.essence is not None)
        logits += sum(p.target for p in task.prompts) + (task.essence is not None)
    return 4.0 * steps * (body(lm, layer) * tokens + head(lm) * logits)


def value_step(lm: LM, floor: Floor, *, facts: int, few: int, steps: int) -> Iterator[dict[str, Any]]:
    """Seconds a fact; every step is taken, none stops early."""
    method = editor("memit", lm)
    settings = replace(method.value, steps=steps, stop=0.0)
    where = {"layer": method.layers[-1], "site": method.site, "settings": settings}
    chosen = tasks(lm, method, facts)
    # The reference is timed before and after, so that a busy neighbour shows.
    timed = [chosen[i * facts // few] for i in range(few)]
    optimise_one_value(lm, timed[0], **where | {"settings": replace(settings, steps=2)})
    half = (few + 1) // 2
    slow = [clock(lambda t=task: optimise_one_value(lm, t, **where), lm.device) for task in timed[:half]]
    if lm.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    fast = clock(lambda: optimise_values(lm, chosen, **where), lm.device)
    slow += [clock(lambda t=task: optimise_one_value(lm, t, **where), lm.device) for task in timed[half:]]
    reference = sum(slow) / few
    yield {
        "name": "value step",
        "unit": "s/fact",
        "reference": reference,
        "reference_each": [round(one, 3) for one in slow],
        "fast": fast / facts,
        "ratio": reference * facts / fast,
        "floor": _flops(lm, chosen, method.layers[-1], steps) / floor.flops / facts,
        "facts": facts,
        "steps": steps,
        "prompts": len(chosen[0].prompts),
        "peak_bytes": torch.cuda.max_memory_allocated() if lm.device.type == "cuda" else None,
    }

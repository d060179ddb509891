"""Whole edits: MEMIT on a batch, ROME on fact after fact."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from benchmarks.facts import statements
from benchmarks.machine import clock
from benchmarks.value import tasks
from mlake.data import load
from mlake.data.ordinary import ordinary_text
from mlake.editing import editor
from mlake.editing.reference import optimise_one_value
from mlake.editing.value import optimise_values
from mlake.models.keys import keys_at
from mlake.models.lm import LM


def rome(lm: LM, *, edits: int, few: int) -> Iterator[dict[str, Any]]:
    """Seconds an edit. The reference is the value step alone, which is nearly all of it."""
    method = editor("rome", lm)
    where = {"layer": method.layers[-1], "site": method.site, "settings": method.value}
    chosen = tasks(lm, method, edits)
    slow = 0.0
    for task in chosen[:few]:
        slow += clock(lambda t=task: optimise_one_value(lm, t, **where), lm.device)
    fast = clock(lambda: method.edit(lm, statements(edits)), lm.device)
    yield {
        "name": "ROME",
        "unit": "s/edit",
        "reference": slow / few,
        "fast": fast / edits,
        "ratio": slow / few * edits / fast,
        "edits": edits,
        "prompts": len(chosen[0].prompts),
    }


def memit(lm: LM, *, facts: int, few: int) -> Iterator[dict[str, Any]]:
    """Seconds a batch, second moments cached; the reference is extrapolated from a few values and keys."""
    method = editor("memit", lm)
    where = {"layer": method.layers[-1], "site": method.site, "settings": method.value}
    chosen = tasks(lm, method, facts)
    text = ordinary_text(load("mini"))
    method.edit(lm, statements(1), text=text)  # caches the second moments
    timed = [chosen[i * facts // few] for i in range(few)]

    def one(task: Any) -> None:
        optimise_one_value(lm, task, **where)
        for layer in method.layers:
            keys_at(lm, layer, task.prompts)

    slow = sum(clock(lambda t=task: one(t), lm.device) for task in timed) / few * facts
    fast = clock(lambda: method.edit(lm, statements(facts), text=text), lm.device)
    yield {
        "name": "MEMIT",
        "unit": f"s/{facts} facts",
        "reference": slow,
        "fast": fast,
        "ratio": slow / fast,
        "facts": facts,
        "layers": list(method.layers),
    }


def growth(lm: LM, *, most: int) -> Iterator[dict[str, Any]]:
    """How the cost of the value step grows with the facts, and with the layers above the edit."""
    method = editor("memit", lm)
    depth = len(lm.layers)
    for count in (size for size in (1, 10, 100, 1000) if size <= most):
        quick = replace(method, value=replace(method.value, steps=5, stop=0.0))
        yield _value_row(lm, quick, count, "facts", count)
    for layer in sorted({0, depth // 4, depth // 2, 3 * depth // 4}):
        moved = replace(method, layers=(layer,), value=replace(method.value, steps=5, stop=0.0))
        yield _value_row(lm, moved, 10, "layers above", depth - layer)


def _value_row(lm: LM, method: Any, count: int, what: str, value: int) -> dict[str, Any]:
    chosen = tasks(lm, method, count)
    where = {"layer": method.layers[-1], "site": method.site, "settings": method.value}
    seconds = clock(lambda: optimise_values(lm, chosen, **where), lm.device)
    return {"name": f"value step by {what}", "unit": "s/fact/step", what: value, "fast": seconds / count / 5}

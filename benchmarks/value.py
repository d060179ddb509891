"""The value step: one fact at a time over whole sequences with every logit, against all facts at once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.case import Case
from benchmarks.cost import Cost, Row, compared, measured
from benchmarks.facts import statements
from benchmarks.machine import body, head
from benchmarks.reference import optimise_one_value
from mlake.editing.locate.method import LocateThenEdit
from mlake.editing.locate.suffix import Suffix
from mlake.editing.locate.value import optimise_values
from mlake.editing.prompts import ValueTask


def place(method: LocateThenEdit) -> dict[str, Any]:
    """Where a method optimises its values."""
    return {"layer": method.layers[-1], "site": method.site}


def operations(case: Case, method: LocateThenEdit, chosen: Sequence[ValueTask]) -> float:
    """What cannot be avoided: forward, and backward to the activations, of what depends on a value.

    The last step has no backward.
    """
    tokens = logits = 0
    for task in chosen:
        tokens += sum(len(p.ids) - 1 - p.lookup for p in task.prompts) + (task.essence is not None)
        logits += sum(p.target for p in task.prompts) + (task.essence is not None)
    above = body(case.lm, method.layers[-1] + 1)
    return 2.0 * (2 * method.value.steps - 1) * (above * tokens + head(case.lm) * logits)


def _bytes(case: Case, method: LocateThenEdit, chosen: Sequence[ValueTask]) -> float:
    """Weights that are read: each once a pass of a chunk."""
    chunks = len(list(Suffix.chunks(case.lm, [(task.prompts, task.essence) for task in chosen])))
    read = (body(case.lm, method.layers[-1] + 1) + head(case.lm)) * case.lm.dtype.itemsize
    return float(chunks * (2 * method.value.steps - 1) * read)


def floors(case: Case, method: LocateThenEdit, chosen: Sequence[ValueTask], parts: float) -> Row:
    """Seconds a part that operations, and reading weights, take at least; and what they are counted from."""
    flops = operations(case, method, chosen)
    # From the key token on; the last token predicts nothing that is asked for.
    after = [len(prompt.ids) - 1 - prompt.lookup for task in chosen for prompt in task.prompts]
    return {
        "floor": flops / case.floor.flops / parts,
        "floor_bytes": _bytes(case, method, chosen) / case.floor.bandwidth / parts,
        "flops": flops / parts,
        "tokens_a_prompt": sum(after) / len(after),
    }


def one_by_one(case: Case, method: LocateThenEdit, chosen: Sequence[ValueTask]) -> list[Cost]:
    """What the obvious way takes for each fact. Steps beyond ``reference_steps`` are extrapolated.

    That is exact where all steps are alike: a first one, then as many more, each with a backward.
    """

    def steps(task: ValueTask, count: int) -> Cost:
        settings = replace(method.value, steps=count)
        return measured(
            lambda: optimise_one_value(case.lm, task, **place(method), settings=settings), case.lm.device
        )

    def extrapolated(task: ValueTask) -> Cost:
        first, some = steps(task, 1), steps(task, case.reference_steps)
        step = (some.seconds - first.seconds) / (case.reference_steps - 1)
        return replace(Cost.of([first, some]), seconds=first.seconds + (method.value.steps - 1) * step)

    if case.reference_steps >= method.value.steps:
        return [steps(task, method.value.steps) for task in chosen]
    return [extrapolated(task) for task in chosen]


def warm(case: Case, method: LocateThenEdit, task: ValueTask) -> None:
    """Both ways once, so that what a device does the first time is not counted."""
    quick = replace(method.value, steps=2)
    optimise_one_value(case.lm, task, **place(method), settings=quick)
    optimise_values(case.lm, [task], **place(method), settings=quick)


def value_step(case: Case) -> Iterator[Row]:
    """Seconds a fact; every step is taken, none stops early."""
    method = case.editor("memit")
    method = replace(method, value=replace(method.value, stop=0.0))
    chosen = case.tasks(method, statements(case.facts))
    # The reference is timed before and after, so that a busy neighbour shows.
    timed = [chosen[i * case.facts // case.few] for i in range(case.few)]
    warm(case, method, timed[0])
    half = (case.few + 1) // 2
    slow = one_by_one(case, method, timed[:half])
    fast = measured(
        lambda: optimise_values(case.lm, chosen, **place(method), settings=method.value), case.lm.device
    )
    slow += one_by_one(case, method, timed[half:])
    yield compared(
        "value step",
        "s/fact",
        Cost.of(slow).each(case.few),
        fast.each(case.facts),
        reference_each=[round(one.seconds, 3) for one in slow],
        reference_steps=min(case.reference_steps, case.steps),
        **floors(case, method, chosen, case.facts),
        facts=case.facts,
        steps=case.steps,
        prompts=len(chosen[0].prompts),
        layer=method.layers[-1],
        layers_above=len(case.lm.layers) - 1 - method.layers[-1],
    )

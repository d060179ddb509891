"""Whole edits: MEMIT on a batch, ROME on fact after fact."""

from collections.abc import Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from torch import Tensor

from benchmarks.case import Case
from benchmarks.cost import Cost, Row, compared, measured
from benchmarks.facts import chains, packaged, statements
from benchmarks.value import floors, one_by_one, warm
from mlake.data.ordinary import ordinary_text
from mlake.editing.prompts import ValueTask
from mlake.models.keys import keys_at

_CHAIN = 100
_LANGS = 5


def rome(case: Case) -> Iterator[Row]:
    """Seconds an edit. The reference is the value step alone, which is nearly all of it.

    Chains advance together, a fact of each at a time, so all but the first are edited under what the ones
    before have changed. A chain of a hundred is extrapolated from the last round.
    """
    method = case.editor("rome")
    batches = chains(case.chains, case.edits)
    chosen = case.tasks(method, [fact for place in zip(*batches, strict=True) for fact in place])
    warm(case, method, chosen[0])
    timed = chosen[: max(case.few, min(len(batches), _LANGS))]  # one of each language, where there are more
    slow = Cost.of(one_by_one(case, method, timed))
    rounds: list[float] = []

    def edit() -> None:
        settings: dict[str, Any] = {"progress": lambda done: rounds.append(perf_counter())}
        if len(batches) == 1:
            method.edit(case.lm, batches[0], **settings)
        else:
            method.edit_many(case.lm, batches, **settings)

    fast = measured(edit, case.lm.device)
    more = rounds[-1] - rounds[-2] if len(rounds) > 1 else fast.seconds
    yield compared(
        "ROME",
        "s/edit",
        slow.each(len(timed)),
        fast.each(len(chosen)),
        reference_steps=min(case.reference_steps, case.steps),
        **floors(case, method, chosen, len(chosen)),
        edits=len(chosen),
        edits_reference=len(timed),
        chains=len(batches),
        last_round=more / len(batches),
        minutes_for_100_each=(fast.seconds + (_CHAIN - case.edits) * more) / 60,
        steps=case.steps,
        prompts=len(chosen[0].prompts),
        layers=list(method.layers),
    )


def memit(case: Case) -> Iterator[Row]:
    """Seconds a batch, second moments held; the reference is extrapolated from a few values and keys."""
    method = case.editor("memit")
    chosen = case.tasks(method, statements(case.facts))
    text = ordinary_text(packaged(), packaged().facts)  # the same for every edit
    # Measures the second moments, and holds their factors.
    once = measured(lambda: method.edit(case.lm, statements(1), text=text), case.lm.device)
    timed = [chosen[i * case.facts // case.few] for i in range(case.few)]
    warm(case, method, timed[0])
    keys = [measured(partial(_keys, case, method.layers, task), case.lm.device) for task in timed]
    slow = Cost.of([*one_by_one(case, method, timed), *keys])
    fast = measured(lambda: method.edit(case.lm, statements(case.facts), text=text), case.lm.device)
    yield compared(
        "MEMIT",
        f"s/{case.facts} facts",
        slow.each(case.few / case.facts),
        fast,
        reference_steps=min(case.reference_steps, case.steps),
        **floors(case, method, chosen, 1),
        facts=case.facts,
        once=once.seconds,
        steps=case.steps,
        prompts=len(chosen[0].prompts),
        layers=list(method.layers),
    )


def _keys(case: Case, layers: Sequence[int], task: ValueTask) -> list[Tensor]:
    return [keys_at(case.lm, layer, task.prompts) for layer in layers]

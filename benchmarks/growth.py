"""How the cost of the value step grows: with facts, with layers above the edit, with the prompt's length."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import fmean

from benchmarks.case import Case
from benchmarks.cost import Row, clock
from benchmarks.facts import filler, statements
from benchmarks.parts import seconds
from benchmarks.value import place
from mlake.editing.locate.method import LocateThenEdit
from mlake.editing.locate.value import optimise_values
from mlake.editing.prompts import ValueTask

_STEPS = 5
_SOME = 10
_PREFIX = (0, 32, 128, 512)
_SUFFIX = (0, 8, 32, 128)


def growth(case: Case) -> Iterator[Row]:
    """One thing grows at a time."""
    method = case.editor("memit")
    method = replace(method, value=replace(method.value, steps=_STEPS, stop=0.0))
    some = min(_SOME, case.facts)
    depth = len(case.lm.layers)
    for count in (size for size in (1, 10, 100, 1000) if size <= case.facts):
        yield _whole(case, method, count, "facts", count)
    for layer in sorted({0, depth // 4, depth // 2, 3 * depth // 4}):
        yield _whole(case, replace(method, layers=(layer,)), some, "layers above", depth - layer)
    for tokens in _PREFIX:
        yield _part(case, method, _prefixed(case, method, some, tokens), "tokens before the subject")
    for tokens in _SUFFIX:
        yield _part(case, method, _longer(case, method, some, tokens), "tokens after the subject")


def _whole(case: Case, method: LocateThenEdit, count: int, what: str, value: int) -> Row:
    chosen = case.tasks(method, statements(count))
    spent = clock(
        lambda: optimise_values(case.lm, chosen, **place(method), settings=method.value), case.lm.device
    )
    step = spent / count / _STEPS
    return {"name": f"value step by {what}", "unit": "s/fact/step", what: value, "fast": step}


def _part(case: Case, method: LocateThenEdit, chosen: Sequence[ValueTask], what: str) -> Row:
    """A step apart from what is done once; the size is the mean that the tokenizer made of it."""
    once, again = seconds(case, method, chosen)
    prompts = [prompt for task in chosen for prompt in task.prompts]
    sizes = {
        "tokens before the subject": [prompt.lookup for prompt in prompts],
        "tokens after the subject": [len(prompt.ids) - 1 - prompt.lookup for prompt in prompts],
    }
    return {
        "name": f"value step by {what}",
        "unit": "s/fact/step",
        what: fmean(sizes[what]),
        "fast": again,
        "once": once,
        "facts": len(chosen),
        "prompts": len(chosen[0].prompts),
    }


def _prefixed(case: Case, method: LocateThenEdit, count: int, tokens: int) -> list[ValueTask]:
    """One prompt a fact, behind a context prefix of so many tokens."""
    prefix = (filler(case.lm, tokens) + " ",) if tokens else ()
    chosen = case.tasks(replace(method, contexts=prefix), statements(count))
    return [replace(task, prompts=task.prompts[-1:]) for task in chosen]


def _longer(case: Case, method: LocateThenEdit, count: int, tokens: int) -> list[ValueTask]:
    """One prompt a fact, its question so many tokens longer behind the subject."""
    more = " " + filler(case.lm, tokens) if tokens else ""
    facts = [replace(one, question=one.question + more) for one in statements(count)]
    return case.tasks(replace(method, contexts=()), facts)

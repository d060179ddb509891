"""The parts of a value step: what is done once, and what is done again each step."""

from collections.abc import Sequence
from functools import partial

import torch

from benchmarks.case import Case
from benchmarks.cost import clock
from benchmarks.value import place
from mlake.editing.locate.method import LocateThenEdit
from mlake.editing.locate.suffix import Suffix
from mlake.editing.prompts import ValueTask


def chunks(case: Case, chosen: Sequence[ValueTask]) -> list[list[ValueTask]]:
    """The facts that are taken together."""
    listed = [(task.prompts, task.essence) for task in chosen]
    return [[chosen[i] for i in members] for members in Suffix.chunks(case.lm, listed)]


def prepared(case: Case, method: LocateThenEdit, chunk: Sequence[ValueTask]) -> tuple[Suffix, float]:
    """What is run once for a chunk, and its seconds."""
    made: list[Suffix] = []
    listed = [(task.prompts, task.essence) for task in chunk]
    seconds = clock(lambda: made.append(Suffix.prepare(case.lm, listed, **place(method))), case.lm.device)
    return made[0], seconds


def step(case: Case, method: LocateThenEdit, suffix: Suffix) -> None:
    """One evaluation of the loss with its gradient."""
    delta = torch.zeros_like(suffix.clean).requires_grad_()
    nll, kl, _ = suffix.losses(case.lm, delta)
    torch.autograd.grad((nll + method.value.kl * kl).sum(), delta)


def seconds(case: Case, method: LocateThenEdit, chosen: Sequence[ValueTask]) -> tuple[float, float]:
    """Seconds a fact of what is done once, and of a step."""
    once = again = 0.0
    for chunk in chunks(case, chosen):
        suffix, spent = prepared(case, method, chunk)
        once += spent
        step(case, method, suffix)
        again += clock(partial(step, case, method, suffix), case.lm.device)
    return once / len(chosen), again / len(chosen)

"""What a run will do and roughly cost, said before it starts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter

import torch
from torch.nn.functional import linear

from mlake.editing.locate.suffix import bytes_needed
from mlake.editing.method import Method
from mlake.evaluation.plan import Plan
from mlake.evaluation.store import Store
from mlake.evaluation.unedited import Known
from mlake.evaluation.units import Step, Unit, needed
from mlake.models.lm import LM
from mlake.models.room import free_memory
from mlake.models.tokens import token_ids

__all__ = ["dry_run", "too_large"]

_ROWS = 32
_SECONDS = 0.2
_TARGET = 8
_TRAINED = 16  # bytes a trained parameter: a float32 copy, its gradient and two moments of Adam
_GIB = 2**30


def dry_run(plan: Plan, store: Store, lm: LM, method: Method | None, known: Known | None = None) -> str:
    """What is planned, what of it is stored or known already, and an estimate of time and memory.

    The floating-point operations are 2 · parameters · tokens for what is asked (prompt and the longest
    allowed answer) and 4 · parameters · tokens · steps for the edits (forward, and backward to the
    activations); the time follows from a matrix product of the model's own shape, measured now.

    Args:
        plan: What to edit and ask.
        store: The run folder, opened or not.
        lm: The model.
        method: The editing method; None where nothing is edited.
        known: What earlier runs asked the unedited model.
    """
    units = [unit for unit in plan.units if not store.has(unit)]
    steps = [step for chain in plan.chains for step in needed(chain, lambda step: _open(step, store))]
    edits = [step for step in steps if not store.edit_path(step).exists()]
    facts = sum(map(len, plan.batches))
    asked = _asked(units, known)
    operations = _asking(asked, lm, store.spec.max_new_tokens)
    if method is not None:
        operations += _editing([one.question for step in edits for one in step.statements], lm, method)
    rate = _rate(lm)
    minutes = operations / rate / 60
    weights = sum(weight.numel() * weight.element_size() for weight in lm.model.parameters())
    (least, most), free = _need(plan, lm, method), _available(lm)
    source = method.published(lm) if method else ""
    notes = (*plan.notes, too_large(plan, lm, method))
    there = "an unknown amount" if free is None else f"{free / _GIB:.1f} GiB"
    return "\n".join(
        (
            f"facts       {facts} in {len(plan.batches)} batches of up to {store.spec.batch_size}",
            f"edits       {len(plan.steps)}, of which {len(edits)} are to be computed",
            f"questions   {_questions(plan, known)}; {len(asked)} are to be asked, equal ones once",
            f"units       {len(units)} to be asked, {len(list(plan.units)) - len(units)} stored already",
            f"cost        about {operations:.2g} floating-point operations: {minutes:.1f} minutes "
            f"at the {rate:.2g} a second measured on {lm.device} (an estimate; twice or half is no surprise)",
            f"memory      {weights / _GIB:.1f} GiB of weights are loaded; an edit wants "
            f"{least / _GIB:.1f} to {most / _GIB:.1f} GiB more (an estimate), {there} is free",
            *((f"defaults    {source}",) if source else ()),
            *(f"note        {note}" for note in notes if note),
        )
    )


def _open(step: Step, store: Store) -> bool:
    return not all(map(store.has, step.units))


def _questions(plan: Plan, known: Known | None) -> str:
    """How many questions the whole run has, of which kinds, and what the unedited model said before."""
    unedited, edited = _kinds(plan.unedited), _kinds(unit for step in plan.steps for unit in step.units)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted((unedited + edited).items()))
    texts = [text for unit in plan.unedited for text in _texts(unit)]
    answered = known.among(texts) if known else set()
    before = sum(text in answered for text in texts)
    return f"{unedited.total()} unedited, {before} of them known, and {edited.total()} edited ({kinds})"


def _kinds(units: Iterable[Unit]) -> Counter[str]:
    return Counter(question.kind for unit in units for question in unit.questions)


def _texts(unit: Unit) -> list[str]:
    return [question.probe.text for question in unit.questions]


def _asked(units: Iterable[Unit], known: Known | None) -> list[str]:
    """The questions that are asked: equal ones of a unit once, and of the unedited model's no known ones.

    What is answered is known from then on, so that no later unit asks it again.
    """
    asked: list[str] = []
    before: set[str] = set()
    for unit in units:
        texts = set(_texts(unit))
        if known and unit.place.edit_lang is None:
            texts -= before | known.among(texts)
            before |= texts
        asked += texts
    return asked


def _tokens(texts: list[str], lm: LM) -> list[int]:
    if not texts:
        return []
    prompts = [lm.style.prompt(text) for text in texts]
    return [len(ids) for ids in token_ids(lm, prompts, special=not lm.style.chat)]


def _body(lm: LM) -> int:
    if lm.understood:
        return sum(weight.numel() for weight in lm.layers.parameters())
    every: int = sum(weight.numel() for weight in lm.model.base_model.parameters())
    return every - int(lm.model.get_input_embeddings().weight.numel())


def _head(lm: LM) -> int:
    return int(lm.model.get_output_embeddings().weight.numel())


def _asking(asked: Sequence[str], lm: LM, longest: int) -> float:
    times = Counter(asked)
    lengths = _tokens(list(times), lm)
    tokens = sum((length + longest) * count for length, count in zip(lengths, times.values(), strict=True))
    return 2.0 * (_body(lm) * tokens + _head(lm) * longest * len(asked))


def _editing(statements: list[str], lm: LM, method: Method) -> float:
    tokens = sum(count + _TARGET for count in _tokens(statements, lm))
    return 4.0 * method.passes() * (_body(lm) * tokens + _head(lm) * _TARGET * len(statements))


@torch.inference_mode()
def _rate(lm: LM) -> float:
    """Floating-point operations a second of a down-projection with a few rows, as in generation."""
    matrix = lm.matrix(0) if lm.understood else lm.model.get_output_embeddings().weight
    rows = torch.ones(_ROWS, matrix.shape[1], dtype=matrix.dtype, device=matrix.device)
    torch.sum(linear(rows, matrix)).item()
    products, start = 0, perf_counter()
    while perf_counter() - start < _SECONDS:
        for _ in range(10):
            result = linear(rows, matrix)
        torch.sum(result).item()
        products += 10
    return 2.0 * matrix.numel() * _ROWS * products / (perf_counter() - start)


def _need(plan: Plan, lm: LM, method: Method | None) -> tuple[float, float]:
    """Least and most memory that an edit wants, in bytes: the hardest fact by itself, a whole batch at once.

    What lies between is met by splitting a batch into chunks.
    """
    batch = max((step.statements for step in plan.steps), key=len, default=())
    if method is None or not batch:
        return 0.0, 0.0
    prompts = method.prompts()
    tokens = [(count + _TARGET) * prompts for count in _tokens([one.question for one in batch], lm)]
    needs = [float(bytes_needed(lm, count, count, _TARGET * prompts + 1)) for count in tokens]
    kept = float(_TRAINED * method.trained_weights(lm))
    return kept + max(needs), kept + sum(needs)


def too_large(plan: Plan, lm: LM, method: Method | None) -> str | None:
    """A warning if not even one fact fits into what is free besides the weights; None if it does."""
    least, _ = _need(plan, lm, method)
    free = _available(lm)
    if free is None or least <= free:
        return None
    return (
        f"editing one fact wants about {least / _GIB:.1f} GiB besides the weights (an estimate), but only "
        f"{free / _GIB:.1f} GiB is free on {lm.device}: it may not fit; use --dtype bf16, fewer contexts "
        "(--set contexts=0) or a smaller model"
    )


def _available(lm: LM) -> float | None:
    """Free memory in bytes, where the system tells it."""
    free = free_memory(lm)
    if free is not None:
        return float(free)
    table = Path("/proc/meminfo")
    if lm.device.type != "cpu" or not table.exists():
        return None
    rows = dict(line.split(":") for line in table.read_text().splitlines())
    return float(rows["MemAvailable"].split()[0]) * 1024

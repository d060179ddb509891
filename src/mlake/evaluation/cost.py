"""What a run will do and roughly cost, said before it starts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

import torch
from torch.nn.functional import linear

from mlake.editing.locate.suffix import bytes_needed, chunk_budget
from mlake.editing.method import Method
from mlake.evaluation.plan import Plan
from mlake.evaluation.store import Store
from mlake.evaluation.unedited import Known
from mlake.evaluation.units import Step, Unit, needed
from mlake.kinds import question_kind
from mlake.models.lm import LM
from mlake.models.room import free_memory
from mlake.models.tokens import token_ids
from mlake.records import Statement

__all__ = ["dry_run", "estimate", "memory_of", "questions_a_fact", "too_large"]

_ROWS = 32
_SAMPLE = 100
_SECONDS = 0.2
_TARGET = 8
_TRAINED = 16  # bytes a trained parameter: a float32 copy, its gradient and two moments of Adam
_GIB = 2**30

_Text = tuple[str, int | None]
"""A question, and how many tokens its answer has; None for up to the run's longest answer."""


def estimate(
    plan: Plan, store: Store, lm: LM, method: Method | None, known: Known | None = None
) -> dict[str, Any]:
    """What is planned, what of it is stored or known already, and an estimate of time and memory.

    The floating-point operations are 2 · parameters · tokens for what is asked (prompt, an answer as long as
    those known are in the mean, or the longest allowed where none is, and a fact before each question where
    the method shows facts) and 4 · parameters · tokens · steps for the edits (forward, and backward to the
    activations); the time follows from a matrix product of the model's own shape, measured now.

    Args:
        plan: What to edit and ask.
        store: The run folder, opened or not.
        lm: The model.
        method: The editing method; None where nothing is edited.
        known: What earlier runs asked the unedited model.

    Returns:
        Counts, minutes and bytes by name, as JSON values; free memory is None where nothing tells it, and
        so is all that a server takes.
    """
    units = [unit for unit in plan.units if not store.has(unit)]
    steps = [step for chain in plan.chains for step in needed(chain, lambda step: _open(step, store))]
    edits = [step for step in steps if not store.edit_path(step).exists()]
    asked = _asked(units, known)
    length = _length(plan, known, lm) or float(store.spec.max_new_tokens)
    return {
        "facts": sum(map(len, plan.batches)),
        "batches": len(plan.batches),
        "batch_size": store.spec.batch_size,
        "edits": len(plan.steps),
        "edits_to_compute": len(edits),
        **_questions(plan, known),
        "questions_to_ask": len(asked),
        "units_to_ask": len(units),
        "units_stored": len(list(plan.units)) - len(units),
        **(_here(plan, edits, units, asked, length, lm, method) if lm.at_hand else _THERE),
        "defaults": method.published(lm) if method and lm.at_hand else "",
        "notes": [note for note in (*plan.notes, too_large(plan, lm, method)) if note],
    }


def _here(
    plan: Plan,
    edits: Sequence[Step],
    units: Sequence[Unit],
    asked: Sequence[_Text],
    length: float,
    lm: LM,
    method: Method | None,
) -> dict[str, Any]:
    """What it takes of this machine."""
    operations, shown = _asking(asked, lm, length), 0.0
    if method is not None:
        shown = _shown(plan, lm, method)
        edited = (unit for unit in units if unit.place.edit_lang is not None)
        operations += 2.0 * _body(lm) * shown * sum(len(set(_texts(unit))) for unit in edited)
        operations += _editing([one.question for step in edits for one in step.statements], lm, method)
    rate = _rate(lm)
    return {
        "tokens_shown": shown,
        "tokens_answered": length,
        "operations": operations,
        "operations_a_second": rate,
        "device": str(lm.device),
        "minutes": operations / rate / 60,
        "bytes_of_weights": sum(weight.numel() * weight.element_size() for weight in lm.model.parameters()),
        "bytes_of_an_edit": memory_of(_largest(plan), lm, method),
        "bytes_free": _available(lm),
    }


_THERE: dict[str, Any] = {
    "tokens_shown": None,
    "tokens_answered": None,
    "operations": None,
    "operations_a_second": None,
    "device": "its server",
    "minutes": None,
    "bytes_of_weights": None,
    "bytes_of_an_edit": None,
    "bytes_free": None,
}
"""The same where a server does the work."""


def questions_a_fact(plan: Plan, longest: int, lm: LM, method: Method | None) -> float:
    """How many questions' work editing one fact is, about: as in ``estimate``, from the first of each.

    1 where nothing tells, as of a model on a server. Answers are counted as the ``longest`` allowed.
    """
    facts = [one.question for step in plan.steps[:1] for one in step.statements[:_SAMPLE]]
    asked = [text for step in plan.steps[:1] for unit in step.units for text in _texts(unit)][:_SAMPLE]
    if method is None or not (lm.at_hand and facts and asked):
        return 1.0
    editing = _editing(facts, lm, method) / len(facts)
    return editing / (_asking(asked, lm, longest) / len(asked))


def dry_run(plan: Plan, store: Store, lm: LM, method: Method | None, known: Known | None = None) -> str:
    """``estimate`` in words; the arguments are its."""
    found = estimate(plan, store, lm, method, known)
    kinds = ", ".join(f"{count} {kind}" for kind, count in found["questions_by_kind"].items())
    return "\n".join(
        (
            f"facts       {found['facts']} in {found['batches']} batches of up to {found['batch_size']}",
            f"edits       {found['edits']}, of which {found['edits_to_compute']} are to be computed",
            f"questions   {found['questions_unedited']} unedited, {found['questions_known']} of them known, "
            f"and {found['questions_edited']} edited ({kinds}); {found['questions_to_ask']} are to be asked, "
            "equal ones once",
            f"units       {found['units_to_ask']} to be asked, {found['units_stored']} stored already",
            *_costs(found, store.spec.max_new_tokens),
            *((f"defaults    {found['defaults']}",) if found["defaults"] else ()),
            *(f"note        {note}" for note in found["notes"]),
        )
    )


def _costs(found: dict[str, Any], longest: int) -> Iterator[str]:
    """Time and memory in words."""
    if found["operations"] is None:
        yield (
            f"cost        {found['questions_to_ask']} requests to the server, each for up to {longest} tokens"
        )
        return
    if found["tokens_shown"]:
        yield (
            f"prompts     the facts that are shown have {found['tokens_shown']:.0f} tokens in the mean, "
            "before each question that finds one; any other keeps the unedited answer and costs nothing"
        )
    length = found["tokens_answered"]
    yield (
        f"answers     counted as {length:.0f} tokens each, "
        + (
            "the most allowed: those that end sooner cost less"
            if length == longest
            else "as those known have in the mean"
        )
    )
    free = found["bytes_free"]
    there = "an unknown amount" if free is None else f"{free / _GIB:.1f} GiB"
    yield (
        f"cost        about {found['operations']:.2g} floating-point operations: {found['minutes']:.1f} "
        f"minutes at the {found['operations_a_second']:.2g} a second measured on {found['device']} (an "
        "estimate; twice or half is no surprise)"
    )
    yield (
        f"memory      {found['bytes_of_weights'] / _GIB:.1f} GiB of weights are loaded; an edit wants "
        f"at most about {found['bytes_of_an_edit'] / _GIB:.2g} GiB more (an upper bound: measured "
        f"edits took a quarter of it or more), {there} is free"
    )


def _open(step: Step, store: Store) -> bool:
    return not all(map(store.has, step.units))


def _questions(plan: Plan, known: Known | None) -> dict[str, Any]:
    """How many questions the whole run has, of which kinds, and what the unedited model said before."""
    unedited, edited = _kinds(plan.unedited), _kinds(unit for step in plan.steps for unit in step.units)
    texts = [text for unit in plan.unedited for text, tokens in _texts(unit) if tokens is None]
    answered = known.among(texts) if known else set()
    return {
        "questions_unedited": unedited.total(),
        "questions_known": sum(text in answered for text in texts),
        "questions_edited": edited.total(),
        "questions_by_kind": dict(sorted((unedited + edited).items())),
    }


def _kinds(units: Iterable[Unit]) -> Counter[str]:
    return Counter(question.kind for unit in units for question in unit.questions)


def _texts(unit: Unit) -> list[_Text]:
    return [(question.probe.text, question_kind(question.kind).tokens) for question in unit.questions]


def _asked(units: Iterable[Unit], known: Known | None) -> list[_Text]:
    """The questions that are asked: equal ones of a unit once, and of the unedited model's no known ones.

    What is answered is known from then on, so that no later unit asks it again; long answers are not kept.
    """
    asked: list[_Text] = []
    before: set[str] = set()
    for unit in units:
        texts = set(_texts(unit))
        if known and unit.place.edit_lang is None:
            short = {text for text, tokens in texts if tokens is None}
            found = before | known.among(short)
            texts -= {(text, None) for text in found}
            before |= short
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


def _length(plan: Plan, known: Known | None, lm: LM) -> float | None:
    """Tokens of the known unedited answers in the mean, the one that ends each included; None without any."""
    if not (known and lm.at_hand):
        return None
    texts = known.texts(text for unit in plan.unedited for text, tokens in _texts(unit) if tokens is None)
    return 1.0 + fmean(map(len, token_ids(lm, texts, special=False))) if texts else None


def _asking(asked: Sequence[_Text], lm: LM, length: float) -> float:
    times = Counter(asked)
    lengths = _tokens([text for text, _ in times], lm)
    said = [(tokens or length) * count for (_, tokens), count in times.items()]
    read = sum(tokens * count for tokens, count in zip(lengths, times.values(), strict=True))
    return 2.0 * (_body(lm) * (read + sum(said)) + _head(lm) * sum(said))


def _shown(plan: Plan, lm: LM, method: Method) -> float:
    """How many tokens the method puts before a question, if it shows a fact before each: a mean."""
    texts = method.shown([one for step in plan.steps for one in step.statements])
    return fmean(map(len, token_ids(lm, list(texts), special=False))) if texts else 0.0


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


def _largest(plan: Plan) -> Sequence[Statement]:
    return max((step.statements for step in plan.steps), key=len, default=())


def memory_of(statements: Sequence[Statement], lm: LM, method: Method | None) -> float:
    """Bytes that editing these facts together wants besides the weights, at most about.

    A batch is split into chunks, none of which takes more than its budget, unless one fact does.
    ``python -m benchmarks.memory`` measures how far off it is.

    Args:
        statements: The facts.
        lm: The model.
        method: The method; None where nothing is edited.
    """
    if method is None or not statements:
        return 0.0
    kept = float(_TRAINED * method.trained_weights(lm))
    if not lm.understood:  # trained whole, which outweighs all else
        return kept
    prompts = method.prompts()
    tokens = [(count + _TARGET) * prompts for count in _tokens([one.question for one in statements], lm)]
    needs = [float(bytes_needed(lm, count, count, _TARGET * prompts + 1)) for count in tokens]
    return kept + max(*needs, min(sum(needs), chunk_budget(lm)))


def too_large(plan: Plan, lm: LM, method: Method | None) -> str | None:
    """A warning if not even one fact fits into what is free besides the weights; None if it does."""
    if not lm.at_hand:
        return None
    least = max((memory_of([one], lm, method) for one in _largest(plan)), default=0.0)
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

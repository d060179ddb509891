"""Answers: the library's own generation one question at a time, against batches."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

from benchmarks.case import Case
from benchmarks.cost import Cost, Row, compared, measured
from benchmarks.facts import questions
from benchmarks.machine import body, head
from mlake.models.generate import answers
from mlake.models.lm import LM
from mlake.models.room import room_for
from mlake.records import Answer

_LONGEST = 32


def _one(lm: LM, question: str) -> None:
    encoded = lm.tokenizer(
        lm.style.prompt(question), add_special_tokens=not lm.style.chat, return_tensors="pt"
    ).to(lm.device)
    with torch.no_grad():
        lm.model.generate(**encoded, max_new_tokens=_LONGEST, do_sample=False, pad_token_id=lm.pad_id)


def asking(case: Case) -> Iterator[Row]:
    """Seconds a question. The reference runs on to the token limit more often: it knows no line break.

    Random models hardly ever end an answer, so that almost all of them are as long as they may be.
    """
    lm, few = case.lm, 2 * case.few
    asked = questions(case.questions)
    timed = [asked[i * len(asked) // few] for i in range(few)]
    _one(lm, timed[0])
    slow = Cost.of(measured(partial(_one, lm, one), lm.device) for one in timed)
    answers(lm, asked[:2], max_new_tokens=2)
    said: list[Answer] = []
    fast = measured(lambda: said.extend(answers(lm, asked, max_new_tokens=_LONGEST)), lm.device)
    spoken = _spoken(lm, said)
    yield compared(
        "answers",
        "s/question",
        slow.each(few),
        fast.each(len(asked)),
        **_floors(case, asked, spoken),
        a_second=len(asked) / fast.seconds,
        questions=len(asked),
        tokens_said=sum(spoken) / len(asked),
        cut_off=sum(not one.stopped for one in said) / len(asked),
        **({"note": "random weights: hardly an answer ends by itself"} if case.random else {}),
    )


def _spoken(lm: LM, said: list[Answer]) -> list[int]:
    """Tokens of each answer, with the one that ended it."""
    read = lm.tokenizer([one.text + "\n" for one in said], add_special_tokens=False)["input_ids"]
    return [min(len(ids), _LONGEST) if one.stopped else _LONGEST for one, ids in zip(said, read, strict=True)]


def _floors(case: Case, asked: list[str], spoken: list[int]) -> dict[str, Any]:
    """Seconds a question that operations take at least, and reading all weights for each token of a batch."""
    lm = case.lm
    texts = [lm.style.prompt(one) for one in asked]
    prompts = [len(ids) for ids in lm.tokenizer(texts, add_special_tokens=not lm.style.chat)["input_ids"]]
    tokens = sum(prompts) + sum(spoken) - len(asked)  # the last one said is not read again
    flops = 2.0 * (body(lm) * tokens + head(lm) * sum(spoken))
    batches = -(-sum(size + _LONGEST for size in prompts) // room_for(lm, _LONGEST))
    read = batches * max(spoken) * (body(lm) + head(lm)) * lm.dtype.itemsize
    return {
        "floor": flops / case.floor.flops / len(asked),
        "floor_bytes": read / case.floor.bandwidth / len(asked),
        "batches": batches,
        "tokens_asked": sum(prompts) / len(asked),
    }

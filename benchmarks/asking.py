"""Answers: the library's own generation one question at a time, against batches."""

from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.facts import questions
from benchmarks.machine import Floor, body, clock, head
from mlake.models.generate import answers
from mlake.models.lm import LM

_LONGEST = 32


def _one(lm: LM, question: str) -> None:
    encoded = lm.tokenizer(
        lm.style.prompt(question), add_special_tokens=not lm.style.chat, return_tensors="pt"
    ).to(lm.device)
    with torch.no_grad():
        lm.model.generate(**encoded, max_new_tokens=_LONGEST, do_sample=False, pad_token_id=lm.pad_id)


def asking(lm: LM, floor: Floor, *, count: int, few: int) -> Iterator[dict[str, Any]]:
    """Questions a second. The reference runs on to the token limit more often: it knows no line break."""
    asked = questions(count)
    timed = [asked[i * count // few] for i in range(few)]
    _one(lm, timed[0])
    slow = sum(clock(lambda q=one: _one(lm, q), lm.device) for one in timed) / few
    said: list[Any] = []
    fast = clock(lambda: said.extend(answers(lm, asked, max_new_tokens=_LONGEST)), lm.device) / count
    prompts = [len(ids) for ids in lm.tokenizer([lm.style.prompt(one) for one in asked])["input_ids"]]
    spoken = [len(ids) for ids in lm.tokenizer([one.text + "\n" for one in said])["input_ids"]]
    tokens = sum(prompts) + sum(spoken)
    flops = 2.0 * (body(lm) * tokens + head(lm) * sum(spoken)) / count
    yield {
        "name": "answers",
        "unit": "s/question",
        "reference": slow,
        "fast": fast,
        "ratio": slow / fast,
        "floor": flops / floor.flops,
        "a_second": 1 / fast,
        "questions": count,
        "tokens_said": sum(spoken) / count,
    }

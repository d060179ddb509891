"""Training texts as token ids, and their loss."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mlake.editing.finetune.augment import Augmented
from mlake.languages import language
from mlake.models.batches import pad_right
from mlake.models.lm import LM
from mlake.models.spans import encode
from mlake.models.tokens import check_fit, token_ids

__all__ = ["Example", "Objective", "batches", "examples", "losses"]

Objective = Literal["tokens", "last"]
"""Whether each token of an answer is scored behind those before it, or all at the end of the prompt."""


class Example(NamedTuple):
    """A training text.

    Attributes:
        ids: Its token ids, special tokens included.
        start: Index of the first token that the loss counts.
        question: Whether it is a question about the fact, with its answer.
    """

    ids: tuple[int, ...]
    start: int
    question: bool


def examples(lm: LM, facts: Sequence[Augmented], *, end: bool = True) -> list[Example]:
    """The texts of all facts, tokenised.

    Questions are asked as the evaluation asks them, and the loss counts the answer and the end after it;
    of descriptions it counts every token. What is around a fact is asked and answered as well.

    Args:
        lm: The model.
        facts: The facts.
        end: Whether an answer's end is among its tokens.

    Raises:
        ModelError: A text does not fit into the model's positions.
    """
    found = []
    for fact in facts:
        space = lm.style.joint(language(fact.statement.lang).space)
        found += [_question(lm, one, space + fact.answer, end) for one in fact.questions]
        found += [_description(lm, text) for text in fact.descriptions]
        around = [_question(lm, one, space + answer, end) for one, answer in fact.around]
        found += [one._replace(question=False) for one in around]
    longest = max(len(one.ids) for one in found)
    check_fit(lm, longest, "the longest training text takes", "give shorter questions and sentences")
    return found


def _question(lm: LM, question: str, answer: str, ends: bool) -> Example:
    """A question with its answer and what ends an answer: a line break, or the chat model's end token."""
    end = lm.style.stop or "" if ends else ""
    one = encode(lm, lm.style.prompt(question), target=answer + end, special=not lm.style.chat)
    eos = lm.tokenizer.eos_token_id if ends and not end else None
    ids = one.ids if eos is None else (*one.ids, eos)
    return Example(ids, len(one.ids) - one.target, question=True)


def _description(lm: LM, text: str) -> Example:
    return Example(tuple(token_ids(lm, [text])[0]), 1, question=False)


def batches(found: Sequence[Example], size: int, random: Random) -> Iterator[list[Example]]:
    """All texts in batches of similar length, another draw with each call."""
    order = random.sample(range(len(found)), len(found))
    order.sort(key=lambda index: len(found[index].ids))  # stable: equal lengths stay shuffled
    chunks = [order[start : start + size] for start in range(0, len(order), size)]
    for chunk in random.sample(chunks, len(chunks)):
        yield [found[index] for index in chunk]


def losses(lm: LM, batch: Sequence[Example], objective: Objective = "tokens") -> Tensor:
    """Mean negative log-likelihood of each text's counted tokens, ``(texts,)``.

    Logits are computed where a counted token is predicted and nowhere else: with a large vocabulary they
    cost more than the blocks.
    """
    padded = pad_right([one.ids for one in batch], lm.pad_id, lm.device)
    hidden: Tensor = lm.model.base_model(
        input_ids=padded.ids, attention_mask=padded.mask, use_cache=False
    ).last_hidden_state
    places = torch.arange(padded.ids.shape[1], device=lm.device)
    starts = torch.tensor([one.start for one in batch], device=lm.device)
    counted = (places >= starts[:, None]) & padded.mask.bool()  # (texts, length)
    rows, ats = counted.nonzero(as_tuple=True)
    before = (ats if objective == "tokens" else starts[rows]) - 1
    logits = lm.logits(hidden[rows.to(hidden.device), before.to(hidden.device)])  # (counted, vocabulary)
    each = cross_entropy(logits, padded.ids[counted].to(logits.device), reduction="none")
    rows = rows.to(each.device)
    total = each.new_zeros(len(batch)).index_add(0, rows, each)
    return total / counted.sum(1).to(each.device).clamp_min(1)

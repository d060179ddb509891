"""Asking a model until its reply may stand: again with the reason if it may not, and then no more."""

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlake.construct.llm.calls import Call
from mlake.construct.llm.model import Model
from mlake.construct.stage import Drop
from mlake.data.faults import Shape, faults
from mlake.thoughts import after_thought

__all__ = ["TRIES", "WRITER_RULES", "Values", "Wish", "asked", "object_of", "values_of"]

TRIES = 3
"""How often a model is asked for the same thing."""

WRITER_RULES = {
    "writer": f"what a model writes passes the proof within {TRIES} tries; else the template's text stands"
}
"""Name to meaning of the rule by which a model's replies are left out."""

_SHOWN = 300  # characters of a reply and of a reason that a model is told

Values = dict[str, Any]
"""The fields of a reply."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that a model is asked for.

    Attributes:
        item: What it is, such as ``Q1/P17/de/fact``.
        lang: Language of the prompt.
        prompt: What the model is told.
        shape: JSON Schema of the reply.
        tokens: Most tokens of the reply.
        wrong: Says what is wrong with the values of a reply; nothing if they may stand.
    """

    item: str
    lang: str
    prompt: str
    shape: Shape
    tokens: int
    wrong: Callable[[Values], str]


def asked(
    model: Model,
    wishes: Sequence[Wish],
    proof: Callable[[Mapping[str, Values]], Mapping[str, str]] = lambda found: {},
) -> tuple[dict[str, Values], list[Drop]]:
    """What a model gave for each item, and what it was given up for.

    Args:
        model: The model.
        wishes: What it is asked for.
        proof: Says of items with values, taken together, what is wrong with some.
    """
    found: dict[str, Values] = {}
    open_, bad = list(wishes), dict[str, tuple[str, str]]()
    for attempt in range(1, TRIES + 1):
        replies = model.calls.replies([_call(model, one, attempt, bad.get(one.item)) for one in open_])
        said = {one.item: reply for one, reply in zip(open_, replies, strict=True)}
        read = {one.item: _read(said[one.item], one) for one in open_}
        fresh = {item: values for item, values in read.items() if isinstance(values, dict)}
        wrong = {item: why for item, why in read.items() if isinstance(why, str)}
        blamed = proof(found | fresh) if fresh else {}
        wrong |= {item: why for item, why in blamed.items() if item in fresh}
        found |= {item: values for item, values in fresh.items() if item not in wrong}
        bad = {item: (said[item], why) for item, why in wrong.items()}
        open_ = [one for one in open_ if one.item in bad]
        if not open_:
            break
    return found, [Drop(one.item, "writer", f"{TRIES} tries: {bad[one.item][1]}"[:_SHOWN]) for one in open_]


def _call(model: Model, wish: Wish, attempt: int, bad: tuple[str, str] | None) -> Call:
    prompt = wish.prompt
    if bad is not None:
        reply, reason = (text[:_SHOWN] for text in bad)
        prompt += "\n\n" + model.prompts[wish.lang].again.format(reply=reply, reason=reason)
    return Call(wish.item, attempt, prompt, wish.shape, wish.tokens)


def _read(reply: str, wish: Wish) -> Values | str:
    values = values_of(reply, wish.shape)
    if isinstance(values, str):
        return values
    why = wish.wrong(values)
    return why or values


def values_of(reply: str, shape: Shape) -> Values | str:
    """The fields of the first JSON object in a reply, each text on one line; or why there is none.

    Args:
        reply: What a model said, also in the middle of other words.
        shape: The schema; fields that it does not know are passed over.
    """
    text = after_thought(reply)[0]
    start = text.find("{")
    try:
        found, _ = json.JSONDecoder().raw_decode(text[start:] if start >= 0 else "")
    except (ValueError, RecursionError):
        return "the reply holds no JSON object"
    values = {name: _tidy(found[name]) for name in shape["properties"] if name in found}
    return next((f"{field or 'the reply'} {what}" for field, what in faults(values, shape)), values)


def _tidy(value: object) -> object:
    if isinstance(value, list):
        return [_tidy(one) for one in value]
    return unicodedata.normalize("NFC", " ".join(value.split())) if isinstance(value, str) else value


def object_of(**fields: Shape) -> Shape:
    """The schema of an object that has these fields, all of them and no other."""
    return {
        "type": "object",
        "properties": fields,
        "required": [*fields],
        "additionalProperties": False,
    }

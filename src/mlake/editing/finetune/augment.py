"""What a fact is trained on: its question in other words, and descriptions that state it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mlake.editing.finetune.generated import Writer, replies
from mlake.editing.finetune.requests import description, paraphrase, requests
from mlake.editing.finetune.templates import described, rephrased
from mlake.errors import EditError
from mlake.languages import lacking, language
from mlake.records import Statement

__all__ = ["Augmented", "Counts", "augmented"]


class Counts(NamedTuple):
    """Where the texts of a fact are from, and replies that were thrown away (unusable, or repeats)."""

    generated: int
    from_templates: int
    thrown_away: int


@dataclass(frozen=True, slots=True)
class Augmented:
    """The training texts of a fact.

    Attributes:
        statement: The fact.
        questions: Questions that the new answer follows, the statement's own first.
        descriptions: Texts that hold the new answer.
        counts: Where they are from.
    """

    statement: Statement
    questions: tuple[str, ...]
    descriptions: tuple[str, ...]
    counts: Counts


def augmented(
    statements: Sequence[Statement], *, texts: int, seed: int, writer: Writer | None = None
) -> list[Augmented]:
    """Paraphrases and descriptions of facts, without repeats, the same for the same seed.

    A fact's own question always comes first. Where a writer's texts are too few, or there is no writer,
    templates fill up; where those are too few as well, there are fewer texts.

    Args:
        statements: The facts.
        texts: Texts of each fact: one half questions, the other half (rounded down) descriptions.
        seed: Seed of the order in which templates are drawn.
        writer: A model that writes; None for templates alone.

    Raises:
        EditError: A statement has no question or no new answer.
        LanguageError: A language has no templates, and there is no writer; or it has no requests for one.
        ModelError: The writer fails.
    """
    for one in statements:
        if not one.question.strip() or not one.new.strip():
            part = "new answer" if one.question.strip() else "question"
            raise EditError(f"fact {one.fact!r} has no {part} in {one.lang!r}; add it to the data")
        if writer is None and language(one.lang).templates is None:
            raise lacking("templates", one.lang, "stableke needs --set source=server or local, and requests")
    told = texts // 2
    asked = texts - told
    replied = _replied(statements, writer, asked - 1, told) if writer else [([], []) for _ in statements]
    found = []
    for one, (first, last) in zip(statements, replied, strict=True):
        own, *others = rephrased(one, seed)
        questions, mine = _filled_up([own, *filter(None, first)], others, asked)
        descriptions, theirs = _filled_up([*filter(None, last)], described(one, seed), told)
        generated = mine - 1 + theirs
        counts = Counts(
            generated,
            len(questions) + len(descriptions) - generated,
            len(first) + len(last) - generated,
        )
        found.append(Augmented(one, questions, descriptions, counts))
    return found


def _replied(
    statements: Sequence[Statement], writer: Writer, questions: int, descriptions: int
) -> list[tuple[list[str | None], list[str | None]]]:
    """What a writer's replies hold: paraphrases and descriptions, None where a reply holds none."""
    wanted = [requests(one, questions, descriptions) for one in statements]
    said = replies(writer, [[*first, *last] for first, last in wanted])
    return [
        (
            [paraphrase(reply, one) for reply in lines[: len(first)]],
            [description(reply, one) for reply in lines[len(first) :]],
        )
        for one, (first, _), lines in zip(statements, wanted, said, strict=True)
    ]


def _filled_up(mine: Sequence[str], more: Sequence[str], count: int) -> tuple[tuple[str, ...], int]:
    """The different texts of ``mine``, filled up from ``more`` to ``count``, and how many are of ``mine``."""
    own = list(dict.fromkeys(mine))[:count]
    every = dict.fromkeys([*own, *more])
    return tuple(every)[:count], len(own)

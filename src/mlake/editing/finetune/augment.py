"""What a fact is trained on: its question, what states it, and what is known around it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from mlake.editing.finetune.generated import Writer, replies
from mlake.editing.finetune.requests import description, paraphrase, requests, surrounding, surroundings
from mlake.editing.finetune.templates import described, rephrased, stated
from mlake.errors import EditError
from mlake.languages import lacking, language
from mlake.records import Statement

__all__ = ["Augmented", "Counts", "augmented", "bare", "reworded"]


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
        questions: Questions that ``answer`` follows, the statement's own first.
        answer: The new answer, or the sentence that states it.
        descriptions: Texts that hold the new answer.
        around: Questions about the names in the fact, each with an answer that stays true.
        counts: Where they are from.
    """

    statement: Statement
    questions: tuple[str, ...]
    answer: str
    descriptions: tuple[str, ...]
    around: tuple[tuple[str, str], ...]
    counts: Counts


def augmented(
    statements: Sequence[Statement],
    *,
    texts: int,
    seed: int,
    writer: Writer | None = None,
    rephrases: bool = True,
) -> list[Augmented]:
    """The texts of facts, without repeats, the same for the same seed.

    A fact's own question always comes first. With a writer half of the texts are about the names in the
    fact; the other half state it: questions in other words, answered by a whole sentence, and descriptions.
    No text but the first holds the question as it stands. Where replies are too few, templates of
    descriptions fill up; where those are too few as well, there are fewer texts. Without a writer templates
    wrap the question and the sentence, and nothing around the fact is known.

    Args:
        statements: The facts.
        texts: Texts of each fact.
        seed: Seed of the order in which templates are drawn.
        writer: A model that writes; None for templates alone.
        rephrases: Whether the writer puts the fact into other words too, or only says what is around it.

    Raises:
        EditError: A statement has no question or no new answer.
        LanguageError: A language has no templates, and there is no writer; or it has no requests for one.
        ModelError: The writer fails.
    """
    _check(statements)
    for one in statements:
        if writer is None and language(one.lang).templates is None:
            raise lacking("templates", one.lang, "stableke needs --set source=self, and requests")
    if writer is None:
        return [_wrapped(one, texts, seed) for one in statements]
    plans = [_plan(one, texts, rephrases) for one in statements]
    said = replies(writer, [plan.requests for plan in plans])
    return [_written(plan, lines, texts, seed) for plan, lines in zip(plans, said, strict=True)]


def bare(statements: Sequence[Statement]) -> list[Augmented]:
    """Each fact's own question with the new answer, and nothing else.

    Raises:
        EditError: A statement has no question or no new answer.
    """
    _check(statements)
    return [Augmented(one, (one.question.strip(),), one.new, (), (), Counts(0, 1, 0)) for one in statements]


def reworded(statements: Sequence[Statement], *, texts: int, seed: int) -> list[Augmented]:
    """The question of each fact in so many templates, with the new answer.

    Raises:
        EditError: A statement has no question or no new answer.
        LanguageError: A language has no templates.
    """
    for one in statements:
        if language(one.lang).templates is None:
            raise lacking("templates", one.lang, "take --set source=bare --set texts=1")
    wrapped = augmented(statements, texts=2 * texts, seed=seed)
    return [replace(one, descriptions=(), counts=Counts(0, len(one.questions), 0)) for one in wrapped]


def _check(statements: Sequence[Statement]) -> None:
    for one in statements:
        if not one.question.strip() or not one.new.strip():
            part = "new answer" if one.question.strip() else "question"
            raise EditError(f"fact {one.fact!r} has no {part} in {one.lang!r}; add it to the data")


def _wrapped(one: Statement, texts: int, seed: int) -> Augmented:
    """A fact in templates: one half questions, the other half (rounded down) descriptions."""
    questions = tuple(rephrased(one, seed)[: texts - texts // 2])
    descriptions = tuple(described(one, seed)[: texts // 2])
    counts = Counts(0, len(questions) + len(descriptions), 0)
    return Augmented(one, questions, one.new, descriptions, (), counts)


class _Plan(NamedTuple):
    """What a writer is asked about a fact."""

    statement: Statement
    asked: list[str]
    told: list[str]
    around: list[tuple[str, str]]

    @property
    def requests(self) -> list[str]:
        return [*self.asked, *self.told, *(question for _, question in self.around)]


def _plan(one: Statement, texts: int, rephrases: bool) -> _Plan:
    around = texts // 2
    told = (texts - around) // 2
    asked, stating = requests(one, texts - around - told - 1, told) if rephrases else ([], [])
    return _Plan(one, asked, stating, surroundings(one, around))


def _written(plan: _Plan, lines: Sequence[str], texts: int, seed: int) -> Augmented:
    """The usable replies about a fact, filled up."""
    one, asked, told = plan.statement, len(plan.asked), len(plan.asked) + len(plan.told)
    others = [paraphrase(reply, one) for reply in lines[:asked]]
    questions = tuple(dict.fromkeys([one.question.strip(), *filter(None, others)]))
    mine = list(dict.fromkeys(filter(None, (description(reply, one) for reply in lines[asked:told]))))
    more = [text for text in described(one, seed) if one.question.strip() not in text]
    descriptions = tuple(dict.fromkeys([*mine, *more]))[: texts - texts // 2 - len(questions)]
    known = (
        (ask, surrounding(reply, name, one))
        for (name, ask), reply in zip(plan.around, lines[told:], strict=True)
    )
    around = tuple((ask, text) for ask, text in known if text is not None)
    generated = len(questions) - 1 + len(set(mine).intersection(descriptions)) + len(around)
    from_templates = 1 + len(set(descriptions).difference(mine))
    counts = Counts(generated, from_templates, len(lines) - generated)
    return Augmented(one, questions, stated(one) or one.new, descriptions, around, counts)

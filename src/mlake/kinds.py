"""KINDS: a kind of question is a row."""

from dataclasses import dataclass
from typing import Literal

from mlake.errors import UnknownNameError

__all__ = ["KINDS", "QuestionKind", "question_kind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionKind:
    """What holds for all questions of a kind.

    Attributes:
        name: Its name in data, runs and ``--kinds``.
        title: Heading of its tables.
        tests: What it tests, in one phrase.
        true: When the accepted answers are true: only ``after`` the edit, or ``before`` it already.
        about: Which facts it asks about: the ``edited`` ones, or ``others``, which no edit should change.
        scored_by: By what an answer is scored: its ``text``, by every scorer, or which of the ``options`` it
            names, by ``mlake.analysis.choices`` and by no scorer, or its ``style``, by the scorers that say
            how a text is written.
        tokens: How many new tokens an answer has, whatever would end it; None for at most as many as the run
            allows.
        lower_is_better: Whether an accepted answer is the wrong one to give.
    """

    name: str
    title: str
    tests: str
    true: Literal["before", "after"] = "after"
    about: Literal["edited", "others"] = "edited"
    scored_by: Literal["text", "options", "style"] = "text"
    tokens: int | None = None
    lower_is_better: bool = False

    @property
    def heading(self) -> str:
        """The title, and which way is better where that is not the usual one."""
        return f"{self.title} (lower is better)" if self.lower_is_better else self.title

    @property
    def states_fact(self) -> bool:
        """Whether a right answer states the fact in its text."""
        return self.scored_by == "text" and not self.lower_is_better


_ROWS = (
    QuestionKind(name="direct", title="Direct questions", tests="the edited question itself"),
    QuestionKind(
        name="multihop",
        title="Two-hop questions",
        tests="a question over two hops whose first hop was edited: the answer after the edit",
    ),
    QuestionKind(
        name="multihop_before",
        title="Two-hop questions, answers before the edit",
        tests="a question over two hops, with the answer before any edit",
        true="before",
    ),
    QuestionKind(
        name="bridge",
        title="Second hops alone",
        tests="the second hop alone, which is true before and after: does the model know it?",
        true="before",
    ),
    QuestionKind(name="paraphrase", title="Rephrased questions", tests="the edited question in other words"),
    QuestionKind(
        name="locality",
        title="Questions about other facts",
        tests="a question whose answer the edit should not change",
        true="before",
        about="others",
    ),
    QuestionKind(
        name="choice",
        title="Multiple choice",
        tests="a question with options; asked freely, it is not scored",
        scored_by="options",
    ),
    QuestionKind(
        name="negation",
        title="Negated questions",
        tests="the edited question inside one that asks for what is not its answer",
        lower_is_better=True,
    ),
    QuestionKind(
        name="writing",
        title="Long answers",
        tests="how the model writes 100 tokens behind the edited question, where nothing ends the answer",
        scored_by="style",
        tokens=100,  # as in ROME's evaluation
    ),
)
KINDS: dict[str, QuestionKind] = {row.name: row for row in _ROWS}
"""Name to kind, in the order of reports."""


def question_kind(name: str) -> QuestionKind:
    """The kind with this name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in KINDS:
        raise UnknownNameError("kind of question", name, KINDS)
    return KINDS[name]

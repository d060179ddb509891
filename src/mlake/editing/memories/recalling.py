"""What memories in the prompt share: facts as text, found again by a retriever."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.memory import Entry, MemoryEdit
from mlake.editing.method import Method, Progress
from mlake.editing.prompts import need_facts
from mlake.editing.retrieval.table import RETRIEVERS
from mlake.errors import EditError, UnknownNameError
from mlake.models.lm import LM
from mlake.records import Exchange, Statement

__all__ = ["Recalling", "ordinary_questions"]

_MARK = "{question}"
_ORDINARY = 128  # questions that say what is ordinary


@dataclass(frozen=True, slots=True)
class Recalling(Method):
    """Facts as text. What is near enough to be shown is for those that derive from it.

    Attributes:
        retriever: How questions are compared, a row of ``RETRIEVERS``; empty for the first that is there.
    """

    family: ClassVar[str] = "prompt memory"
    weighs: ClassVar[str] = "the text of each fact, and a vector where it is looked up"
    only_asks: ClassVar[bool] = True
    mergeable: ClassVar[bool] = False

    retriever: str = ""

    def passes(self) -> float:
        """Its questions are read once at most."""
        return RETRIEVERS[self.retriever].passes() if self.retriever else 0.0

    def prompts(self) -> int:
        """None at once."""
        return 0

    def shown(self, statements: Sequence[Statement], /) -> Sequence[str]:
        """The facts, each as a sentence."""
        return list(map(_sentence, statements))

    def checked(self) -> Self:
        """The method, if there is such a retriever.

        Raises:
            UnknownNameError: No retriever has this name.
        """
        if self.retriever and self.retriever not in RETRIEVERS:
            raise UnknownNameError("retriever", self.retriever, RETRIEVERS)
        return self

    def fitted(self, lm: LM, /) -> Self:
        """The method with its retriever named.

        Raises:
            EditError: The retriever is not installed, or cannot read this model.
        """
        names: list[Any] = [self.retriever] if self.retriever else list(RETRIEVERS)
        missing = {name: RETRIEVERS[name].missing(lm) for name in names}
        there = [name for name in names if missing[name] is None]
        if not there:
            raise EditError(str(missing[names[0]]))
        return replace(self, retriever=there[0])

    def refusal(self, lm: LM, statement: Statement, /) -> str | None:
        """That its text would be taken for the place of the question."""
        if _MARK in _sentence(statement):
            return f"fact {statement.fact!r} in {statement.lang!r} holds {_MARK}; write it without"
        return None

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> MemoryEdit:
        """Keep these facts. The model is left as it was.

        Args:
            lm: The model.
            statements: The facts, each in the language it is edited in; one fact may stand in several.
            text: Ordinary text, whose questions say what is ordinary.
            history: Not used: memories on top of each other are one once they are in force.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: No facts, one that cannot be shown, or no scope is known and none can be told.
        """
        method = self.fitted(lm)
        need_facts(statements)
        for one in statements:
            why = self.refusal(lm, one)
            if why:
                raise EditError(why)
        row = RETRIEVERS[method.retriever]
        entries = tuple(_entry(one) for one in statements)
        questions = [one.question for one in entries]
        state = row.state(lm, [*questions, *ordinary_questions(text)])
        made = MemoryEdit(entries, row.embed(lm, questions, state), state, row.name, row.version())
        progress(len(statements))
        return method.finished(lm, made, statements, text)

    @abstractmethod
    def finished(
        self, lm: LM, made: MemoryEdit, statements: Sequence[Statement], text: Sequence[str]
    ) -> MemoryEdit:
        """The memory with what says when a fact is shown, and how.

        Args:
            lm: The model.
            made: The facts.
            statements: The same as they were given.
            text: Ordinary text.

        Raises:
            EditError: Nothing says when.
        """

    def report(
        self, lm: LM, statements: Sequence[Statement], scope: Mapping[str, Any], notes: Sequence[str] = ()
    ) -> dict[str, Any]:
        """What the edit says of itself.

        Args:
            lm: The model.
            statements: The facts.
            scope: What is near enough, and where that is from.
            notes: What is missing.
        """
        return {
            "method": self.config(),
            "model": lm.name,
            "model_revision": lm.revision,
            "retriever": {"name": self.retriever, "version": RETRIEVERS[self.retriever].version()},
            "scope": dict(scope),
            "notes": list(notes),
            "facts": [{"fact": one.fact, "lang": one.lang} for one in statements],
        }


def ordinary_questions(text: Sequence[str]) -> list[str]:
    """Some of the questions in a text, evenly spread over it."""
    questions = [str(one) for one in text if isinstance(one, Exchange)]
    step = max(1, len(questions) // _ORDINARY)
    return questions[::step][:_ORDINARY]


def _entry(statement: Statement) -> Entry:
    names = tuple(dict.fromkeys(name for name in (statement.subject, *statement.names) if name))
    return Entry(statement.fact, statement.lang, statement.question, _sentence(statement), names)


def _sentence(statement: Statement) -> str:
    """The fact as it is shown."""
    return " ".join((statement.new_sentence or f"{statement.question} {statement.new}").split())

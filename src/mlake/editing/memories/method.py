"""In-context editing: nothing is trained, the facts are kept as text and shown where they are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.memory import Entry, MemoryEdit
from mlake.editing.memories.scope import Scope, scope_of
from mlake.editing.memories.wording import MOST, without_demonstrations, wordings
from mlake.editing.method import Method, Progress, Range
from mlake.editing.retrieval.retriever import Retriever
from mlake.editing.retrieval.table import RETRIEVERS
from mlake.errors import EditError, UnknownNameError
from mlake.models.lm import LM
from mlake.records import Exchange, Statement

__all__ = ["Memory"]

_MARK = "{question}"
_ORDINARY = 128  # questions that say what is ordinary


@dataclass(frozen=True, slots=True)
class Memory(Method):
    """Facts as text, of which the nearest one is shown before a question.

    Attributes:
        retriever: How questions are compared, a row of ``RETRIEVERS``; empty for the first that is there.
        naming: What is added to the cosine of a question and a fact where the question names its subject.
        scope: What is near enough: ``always``, ``calibrated`` on facts that no report uses, or the least
            such sum.
        demonstrations: Answered questions before the fact, 8 at most: an eighth copy a fact, three eighths
            ask for it in other words, and half are about something else.
    """

    retriever: str = ""
    naming: float = 0.5
    scope: Literal["always", "calibrated"] | float = "calibrated"
    demonstrations: int = 0

    def search(self) -> Mapping[str, Range]:
        """How near is near enough, where that counts."""
        return {} if self.scope == "always" else {"scope": Range(0.6, 1.4, "linear", 17, cheap=True)}

    def passes(self) -> float:
        """Its questions are read once at most."""
        return RETRIEVERS[self.retriever].passes() if self.retriever else 0.0

    def prompts(self) -> int:
        """None at once."""
        return 0

    def checked(self) -> Self:
        """The method, if there are such a retriever and as many demonstrations.

        Raises:
            UnknownNameError: No retriever has this name.
            EditError: There are fewer demonstrations.
        """
        if self.retriever and self.retriever not in RETRIEVERS:
            raise UnknownNameError("retriever", self.retriever, RETRIEVERS)
        if self.demonstrations > MOST:
            raise EditError(f"demonstrations={self.demonstrations} are not there; expected {MOST} at most")
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

    def warning(self, batches: Sequence[Any], /) -> str | None:
        """That it is no oracle, where it is meant as one."""
        most = max(map(len, batches), default=0)
        if self.scope != "always" or most < 2:
            return None
        return (
            f"{self.name} shows the nearest of up to {most} facts before every question; with --batch-size 1 "
            "it is the question's own fact"
        )

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
            history: Not used: earlier memories go on showing what they know.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: No facts, one that cannot be shown, or no scope is known and none can be told.
        """
        method = self.fitted(lm)
        if not statements:
            raise EditError("no facts to edit; give at least one")
        for one in statements:
            why = self.refusal(lm, one)
            if why:
                raise EditError(why)
        row = RETRIEVERS[method.retriever]
        entries = tuple(_entry(one) for one in statements)
        questions = [one.question for one in entries]
        ordinary = _ordinary(text)
        state = row.state(lm, [*questions, *ordinary])
        embeddings = row.embed(lm, questions, state)
        progress(len(statements))
        made = MemoryEdit(entries, embeddings, state, row.name, row.version(), method.naming)
        scope = method._scope(lm, made, ordinary)
        shown = wordings(method.demonstrations, list(dict.fromkeys(one.lang for one in entries)))
        report = method._report(lm, statements, row, scope)
        return replace(made, scope=scope.least, wordings=shown, report=report)

    def _scope(self, lm: LM, made: MemoryEdit, ordinary: Sequence[str]) -> Scope:
        if self.scope == "always":
            return Scope(None, "always")
        if self.scope == "calibrated":
            return scope_of(lm, made, ordinary)
        return Scope(float(self.scope), "set")

    def _report(
        self, lm: LM, statements: Sequence[Statement], row: Retriever, scope: Scope
    ) -> dict[str, Any]:
        return {
            "method": self.config(),
            "model": lm.name,
            "model_revision": lm.revision,
            "retriever": {"name": row.name, "version": row.version()},
            "scope": {"least": scope.least, "source": scope.source},
            "notes": self._notes(),
            "facts": [{"fact": one.fact, "lang": one.lang} for one in statements],
        }

    def _notes(self) -> list[str]:
        if not self.demonstrations:
            return []
        return [f"no demonstrations for questions in {', '.join(without_demonstrations())}"]


def _entry(statement: Statement) -> Entry:
    subject = statement.subject or ""
    return Entry(statement.fact, statement.lang, statement.question, subject, _sentence(statement))


def _sentence(statement: Statement) -> str:
    """The fact as it is shown."""
    return " ".join((statement.new_sentence or f"{statement.question} {statement.new}").split())


def _ordinary(text: Sequence[str]) -> list[str]:
    """Some of the questions in a text, evenly spread over it."""
    questions = [str(one) for one in text if isinstance(one, Exchange)]
    step = max(1, len(questions) // _ORDINARY)
    return questions[::step][:_ORDINARY]

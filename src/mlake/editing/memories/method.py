"""In-context editing: nothing is trained, the facts are kept as text and shown where they are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from mlake.editing.edits.memory import MemoryEdit
from mlake.editing.memories.recalling import Recalling, ordinary_questions
from mlake.editing.memories.scope import Scope, scope_of
from mlake.editing.memories.wording import MOST, without_demonstrations, wordings
from mlake.editing.method import Range
from mlake.errors import EditError
from mlake.models.lm import LM
from mlake.records import Statement

__all__ = ["Memory"]


@dataclass(frozen=True, slots=True)
class Memory(Recalling):
    """Facts as text, of which the nearest one is shown before a question.

    Attributes:
        naming: What is added to the cosine of a question and a fact where the question names its subject.
        scope: What is near enough: ``always``, ``calibrated`` on facts that no report uses, or the least
            such sum.
        demonstrations: Answered questions before the fact, 8 at most: an eighth copy a fact, three eighths
            ask for it in other words, and half are about something else.
    """

    naming: float = 0.5
    scope: Literal["always", "calibrated"] | float = "calibrated"
    demonstrations: int = 0

    def search(self) -> Mapping[str, Range]:
        """How near is near enough, where that counts."""
        return {} if self.scope == "always" else {"scope": Range(0.6, 1.4, "linear", 17, cheap=True)}

    def shown(self, statements: Sequence[Statement], /) -> Sequence[str]:
        """The facts, each as a sentence behind the demonstrations of its language."""
        around = wordings(self.demonstrations, list(dict.fromkeys(one.lang for one in statements)))
        before = {lang: one.before for lang, one in around.items()}
        sentences = Recalling.shown(self, statements)
        return [
            "\n".join((*before.get(one.lang, ()), sentence))
            for one, sentence in zip(statements, sentences, strict=True)
        ]

    def checked(self) -> Self:
        """The method, if there are such a retriever and as many demonstrations.

        Raises:
            UnknownNameError: No retriever has this name.
            EditError: There are fewer demonstrations.
        """
        Recalling.checked(self)
        if self.demonstrations > MOST:
            raise EditError(f"demonstrations={self.demonstrations} are not there; expected {MOST} at most")
        return self

    def warning(self, batches: Sequence[Any], /) -> str | None:
        """That it is no oracle, where it is meant as one."""
        most = max(map(len, batches), default=0)
        if self.scope != "always" or most < 2:
            return None
        return (
            f"{self.name} shows the nearest of up to {most} facts before every question; with --batch-size 1 "
            "it is the question's own fact"
        )

    def finished(
        self, lm: LM, made: MemoryEdit, statements: Sequence[Statement], text: Sequence[str]
    ) -> MemoryEdit:
        """The memory with its scope and demonstrations.

        Raises:
            EditError: No scope is known and none can be told.
        """
        made = replace(made, naming=self.naming)
        scope = self._scope(lm, made, ordinary_questions(text))
        shown = wordings(self.demonstrations, list(dict.fromkeys(one.lang for one in made.entries)))
        notes = []
        if self.demonstrations:
            notes = [f"no demonstrations for questions in {', '.join(without_demonstrations())}"]
        report = self.report(lm, statements, {"least": scope.least, "source": scope.source}, notes)
        return replace(made, scope=scope.least, wordings=shown, report=report)

    def _scope(self, lm: LM, made: MemoryEdit, ordinary: Sequence[str]) -> Scope:
        if self.scope == "always":
            return Scope(None, "always")
        if self.scope == "calibrated":
            return scope_of(lm, made, ordinary)
        return Scope(float(self.scope), "set")

"""What an edit costs: everything is asked before and after it, and scored as a run scores it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from mlake.analysis.perplexity import ability_rows, held_out_langs
from mlake.analysis.store import HELD_OUT_NLL, held_out_row
from mlake.evaluation.unedited import Known
from mlake.evaluation.units import Question
from mlake.models.generate import answers, identity
from mlake.models.lm import LM, UNPINNED
from mlake.pricing.questions import SOME, Asking, price_questions
from mlake.pricing.shown import price_text
from mlake.records import Answer, Asked, Fact
from mlake.report.tidy import TidyRow, tidy
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import score_all

__all__ = ["Price", "Unpriced", "price"]

_SHOWN = ("contains", "old_kept", "unchanged", HELD_OUT_NLL)
_Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Price:
    """What an edit costs.

    Attributes:
        asking: What was asked.
        asked: Every answer, the unedited model's first.
        scored: Scores of every answer, and the likelihood of held-out text.
        rows: Means with 95 % intervals over facts, with the names that ``mlake run`` reports.
    """

    asking: Asking
    asked: Sequence[Asked]
    scored: Sequence[ScoredRow]
    rows: Sequence[TidyRow]

    def record(self) -> dict[str, Any]:
        """The price as plain JSON values: the means, and every answer before and after."""
        after = [one for one in self.asked if one.before is not None]
        return {
            "facts": self.asking.count,
            "facts_asked_about": self.asking.facts,
            "left_out": self.asking.left_out,
            "rows": list(self.rows),
            "answers": [
                {
                    "probe": one.probe.id,
                    "kind": one.kind,
                    "lang": one.probe.lang,
                    "question": one.probe.text,
                    "before": one.before.text if one.before else "",
                    "after": one.answer.text,
                }
                for one in after
            ],
        }

    def __repr__(self) -> str:
        return f"Price(facts: {self.asking.count}, answers: {len(self.asked)}, means: {len(self.rows)})"

    def __str__(self) -> str:
        return price_text(self.scored, self.asking)


@dataclass(frozen=True, slots=True)
class Unpriced:
    """What a model says before it is edited.

    Attributes:
        lm: The unedited model.
        lang: Language that it will be edited in, or set of languages.
        asking: What was asked.
        before: The answers, in the order of ``asking.every``.
        held_out: Likelihood of held-out text; nothing where nothing but the edited questions was asked.
        max_new_tokens: Longest answer.
    """

    lm: LM
    lang: str
    asking: Asking
    before: Sequence[Answer]
    held_out: Sequence[ScoredRow]
    max_new_tokens: int

    @classmethod
    def of(
        cls,
        lm: LM,
        lang: str,
        asking: Asking,
        *,
        max_new_tokens: int,
        progress: _Progress = lambda done: None,
    ) -> Self:
        """Ask an unedited model, unless it was asked before.

        Args:
            lm: The model.
            lang: Language that it will be edited in, or set of languages.
            asking: What to ask.
            max_new_tokens: Longest answer in tokens.
            progress: Called with the number of questions answered since the last call.

        Raises:
            ModelError: A question does not fit into the model's positions.
        """

        def ask(model: Any, questions: Sequence[str], done: _Progress) -> list[Answer]:
            return answers(model, questions, max_new_tokens=max_new_tokens, progress=done)

        known = None if lm.revision == UNPINNED else Known.of(identity(lm, max_new_tokens))
        said = (known.before(ask) if known else ask)(lm, _texts(asking.every), progress)
        return cls(lm, lang, asking, said, _held_out(lm, None, asking), max_new_tokens)

    def priced(self, edited: LM, progress: _Progress = lambda done: None) -> Price:
        """Ask the edited model the same.

        Args:
            edited: The model that the edit gives while it is in force.
            progress: Called with the number of questions answered since the last call.

        Raises:
            ModelError: As ``of``; an edit can lengthen prompts.
        """
        every = self.asking.every
        after = answers(edited, _texts(every), max_new_tokens=self.max_new_tokens, progress=progress)
        asked = [
            *(_asked(None, *pair, None) for pair in zip(every, self.before, strict=True)),
            *(_asked(self.lang, *three) for three in zip(every, after, self.before, strict=True)),
        ]
        held_out = [*self.held_out, *_held_out(edited, self.lang, self.asking)]
        scored = [row for row in score_all(asked) if row.scorer in _SHOWN] + held_out
        return Price(self.asking, asked, scored, self._rows(scored))

    def _rows(self, scored: Sequence[ScoredRow]) -> list[TidyRow]:
        langs = dict.fromkeys(row.test_lang for row in scored)
        spec = {"model": self.lm.name, "method": "edit", "edit_langs": [self.lang], "test_langs": list(langs)}
        return tidy(spec, scored)


def price(
    lm: LM, edit: Any, facts: Sequence[Fact], lang: str, *, many: int | None = SOME, max_new_tokens: int = 128
) -> Price:
    """What an edit costs: what a model says, before and after it, about its facts and about others.

    Asked are the edited questions, in all languages of the edit; of ``many`` of the facts, rephrased
    questions and the same question in every other language that states it; and ``many`` packaged questions
    about other facts in each of their languages. Held-out text is read in every language that has some. What
    the unedited model says is kept for the next time.

    Args:
        lm: The model, unedited.
        edit: The edit, not in force.
        facts: The facts that it edits.
        lang: Language that they are edited in, or set of languages such as ``en+de``.
        many: How many facts and packaged questions a language; None for all.
        max_new_tokens: Longest answer in tokens.

    Raises:
        DataError: A fact is not stated in the language, or in none of the set.
        EditError: The edit does not fit the model.
        ModelError: A question does not fit into the model's positions.

    Examples:
        >>> lm, facts = mlake.load_model("demo"), mlake.load("mini").facts[:2]
        >>> edit = mlake.editor("rome", lm, steps=1).edit(lm, [fact.stated("en") for fact in facts])
        >>> found = mlake.price(lm, edit, facts, "en", max_new_tokens=4)
        >>> print(found)  # doctest: +ELLIPSIS
        asked in ...
    """
    asking = price_questions(facts, lang, many)
    unpriced = Unpriced.of(lm, lang, asking, max_new_tokens=max_new_tokens)
    with edit.applied(lm) as edited:
        return unpriced.priced(edited)


def _texts(questions: Sequence[Question]) -> list[str]:
    return [one.probe.text for one in questions]


def _asked(edit_lang: str | None, question: Question, answer: Answer, before: Answer | None) -> Asked:
    batch = None if edit_lang is None else 0
    return Asked(edit_lang, batch, question.kind, question.probe, answer, before)


def _held_out(lm: LM, edit_lang: str | None, asking: Asking) -> list[ScoredRow]:
    """Likelihood of held-out text in the languages that are asked in; none of a model on a server."""
    if not lm.at_hand:
        return []
    langs = {one.probe.lang for one in asking.others}
    batch = None if edit_lang is None else 0
    return [
        held_out_row(edit_lang, batch, row.test_lang, row.sentence, row.nll)
        for row in ability_rows(lm, edit_lang, batch, [one for one in held_out_langs() if one in langs])
    ]

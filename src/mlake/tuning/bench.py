"""Measuring settings: edit whole batches with them, and ask about some of the facts and about others."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from mlake.analysis.perplexity import ability_rows, held_out_langs
from mlake.editing import editor
from mlake.editing.locate.value_files import keeping_values
from mlake.editing.method import Method
from mlake.evaluation.session import as_before
from mlake.evaluation.unedited import Known
from mlake.models.generate import answers, identity
from mlake.models.lm import LM, UNPINNED
from mlake.records import Answer, Fact, Probe
from mlake.tuning.questions import Item, Questions, hit, others_asked
from mlake.tuning.trial import Measured

__all__ = ["Bench"]


@dataclass
class Bench:
    """A model and what is asked of it.

    Attributes:
        lm: The unedited model.
        method: Name of the method.
        fixed: Settings that are the same in all trials, as ``editor`` takes them.
        questions: The facts and what is asked about them.
        text: Ordinary text for second moments, without the edited facts.
        batch_size: Facts that are edited together.
        seed: Seed of all random draws.
        max_new_tokens: Longest answer in tokens.
        values: Folder in which values are kept.
        known: The questions about other facts that the unedited model answers as it should, the first ones
            in each language.
        said: What the unedited model answers to ``known``, by id of the question.
        before: Language to the mean negative log-likelihood of held-out text before any edit.
    """

    lm: LM
    method: str
    fixed: Mapping[str, Any]
    questions: Questions
    text: Sequence[str]
    batch_size: int
    seed: int
    max_new_tokens: int
    values: Path
    known: Sequence[Item] = field(init=False)
    said: Mapping[str, Answer] = field(init=False)
    before: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        items = self.questions.of_others()
        told = {item.probe.id: said for item, said in zip(items, self._unedited(items), strict=True)}
        right = [item for item in items if hit(item, told[item.probe.id])]
        most = others_asked(len(self.questions.edited))
        self.known = [item for lang in self.questions.test_langs for item in _of(right, lang)[:most]]
        self.said = {item.probe.id: told[item.probe.id] for item in self.known}
        self.before = self._held_out(self.lm)

    def measured(self, settings: Mapping[str, Any], many: int, told: Callable[[], object]) -> Measured:
        """Edit with some settings and ask about the first facts.

        Args:
            settings: The settings.
            many: How many edited facts to ask about, and half as many others a language.
            told: Called now and then.

        Raises:
            MlakeError: No edit can be made with these settings, or it breaks the model.
        """
        method = editor(self.method, self.lm, **self.fixed, **settings)
        marks: dict[str, dict[str, str]] = {}
        rises: dict[str, list[float]] = {}
        batches = [self.questions.edited[at : at + self.batch_size] for at in range(0, many, self.batch_size)]
        others = [item for lang in self.questions.test_langs for item in self._others(lang, many)]
        asked = self.questions.of_edited(many)
        with keeping_values(self.values) as files:
            for number, batch in enumerate(batches):
                ids = {fact.id for fact in batch}
                items = [item for item in asked if item.fact in ids] + others[number :: len(batches)]
                with self._edited(method, batch, told) as edited:
                    said = self._under(method, edited, [item.probe for item in items], told)
                    for lang, nll in self._held_out(edited).items():
                        rises.setdefault(lang, []).append(nll - self.before[lang])
                for item, answer in zip(items, said, strict=True):
                    goal = marks.setdefault(item.goal, {})
                    goal[item.lang] = goal.get(item.lang, "") + str(int(hit(item, answer)))
        held_out = {lang: fmean(values) for lang, values in rises.items()}
        return Measured(marks, held_out, values=files.made)

    def _edited(
        self, method: Method, facts: Sequence[Fact], told: Callable[[], object]
    ) -> AbstractContextManager[LM]:
        torch.manual_seed(self.seed)
        statements = self.questions.statements(facts)
        made = method.edit(self.lm, statements, text=self.text, progress=lambda done: told())
        applied: AbstractContextManager[LM] = made.applied(self.lm)
        return applied

    def _under(
        self, method: Method, edited: LM, probes: Sequence[Probe], told: Callable[[], object]
    ) -> list[Answer]:
        """Answers under an edit; one that leaves a question as it was has the unedited answer, if known."""
        same = {
            one.id
            for one in probes
            if one.id in self.said and method.only_asks and as_before(self.lm, edited, one.text)
        }
        new = iter(self._answers(edited, [one.text for one in probes if one.id not in same], told))
        return [self.said[one.id] if one.id in same else next(new) for one in probes]

    def _others(self, lang: str, many: int) -> Sequence[Item]:
        return _of(self.known, lang)[: others_asked(many)]

    def _answers(self, lm: LM, texts: Sequence[str], told: Callable[[], object]) -> Sequence[Answer]:
        return answers(lm, texts, max_new_tokens=self.max_new_tokens, progress=lambda done: told())

    def _unedited(self, items: Sequence[Item]) -> Sequence[Answer]:
        """Answers of the unedited model, where no earlier run or search has them."""
        texts = [item.probe.text for item in items]
        if self.lm.revision == UNPINNED:
            return self._answers(self.lm, texts, lambda: None)
        known = Known.of(identity(self.lm, self.max_new_tokens))
        ask = known.before(lambda lm, some, progress: self._answers(lm, some, lambda: None))
        return ask(self.lm, texts, lambda done: None)

    def _held_out(self, lm: LM) -> dict[str, float]:
        langs = held_out_langs(self.questions.test_langs)
        rows = ability_rows(lm, None, None, langs)
        return {lang: fmean(row.nll for row in rows if row.test_lang == lang) for lang in langs}


def _of(items: Sequence[Item], lang: str) -> list[Item]:
    return [item for item in items if item.lang == lang]

"""How far answers move from the unedited model's: all of it, not only right and wrong (Figure 5).

==================  ==================================================================================
``similarity``      How much of the text is as before, 0 to 1: twice the words (characters, in scripts
                    without spaces) in common blocks, over those of both texts.
``old_kept``        Where the unedited model gave the answer that was true before the edit: 1 if the
                    edited model still gives it, 0 if it is lost. Nothing where it did not.
==================  ==================================================================================

The share of answers that stay identical, character for character, which Figure 5 draws, is the scorer
``unchanged`` of ``mlake.scorers.names``.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache

from mlake.languages import language
from mlake.records import Asked, Kind
from mlake.scorers.names import contains, old
from mlake.scorers.refused import value_of
from mlake.scorers.row import ScoredRow, scored
from mlake.text import normalise

__all__ = ["DRIFT", "Drift", "drift_matrix", "drift_rows", "old_kept", "similarity", "unchanged"]


@dataclass(frozen=True, slots=True)
class Drift:
    """The values of one measure for one pair of languages.

    Attributes:
        edit_lang: Language the model was edited in.
        test_lang: Language of the questions.
        scorer: Name of the measure.
        values: One value an answer.
        clusters: The fact of each answer (its question where there is none), as
            ``mlake.report.statistics.bootstrap.clustered_mean`` takes them.
    """

    edit_lang: str
    test_lang: str
    scorer: str
    values: tuple[float, ...]
    clusters: tuple[str, ...]

    @property
    def mean(self) -> float:
        """The share, or the mean."""
        return sum(self.values) / len(self.values)


def unchanged(asked: Asked) -> float | None:
    """1 if the text is the unedited model's; None for the unedited model."""
    if asked.kind == "choice" or asked.before is None:
        return None
    return float(asked.answer.text == asked.before.text)


def similarity(asked: Asked) -> float | None:
    """Likeness of the text to the unedited model's; None for the unedited model and multiple choice.

    Texts are compared in the form of ``mlake.text.normalise``. Two empty texts are alike.
    """
    if asked.kind == "choice" or asked.before is None:
        return None
    return _ratio(asked.before.text, asked.answer.text, asked.probe.lang)


def old_kept(asked: Asked) -> float | None:
    """1 if what was true before the edit is still given; None where the unedited model did not give it.

    What was true is the old answer, or the accepted one of questions that no edit should touch (second
    hops, questions before the edit, locality questions of a data set's own).
    """
    if asked.before is None or asked.kind in _NO_FACT:
        return None
    holds = contains if asked.probe.kind in _TRUE_BEFORE else old
    return holds(asked) if holds(replace(asked, answer=asked.before)) else None


DRIFT = {"similarity": similarity, "old_kept": old_kept}
"""Measures by name."""


def drift_rows(asked: Iterable[Asked]) -> list[ScoredRow]:
    """Every measure of ``DRIFT`` for every answer of an edited model, in the order given.

    Raises:
        UnknownNameError: A question is in a language that mlake does not know.
    """
    return [
        scored(one, name, value_of(name, measure, one))
        for one in asked
        if one.before is not None
        for name, measure in DRIFT.items()
    ]


def drift_matrix(
    rows: Iterable[ScoredRow], scorer: str = "unchanged", *, kinds: Collection[Kind] | None = None
) -> list[Drift]:
    """One measure for each pair of languages, over several kinds of questions.

    Args:
        rows: Scores of a run; ``unchanged`` is among them, ``drift_rows`` adds the others.
        scorer: Name of the measure.
        kinds: Kinds of questions to take; ``("locality",)`` for what no edit should touch, None for all.

    Returns:
        The pairs that have answers, in the order in which they are first met.
    """
    groups: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for row in rows:
        wanted = row.scorer == scorer and (kinds is None or row.kind in kinds)
        if wanted and row.edit_lang is not None and row.value is not None:
            cluster = f"probe {row.probe}" if row.fact is None else f"fact {row.fact}"
            groups.setdefault((row.edit_lang, row.test_lang), []).append((row.value, cluster))
    return [
        Drift(*pair, scorer, *(tuple(part) for part in zip(*group, strict=True)))
        for pair, group in groups.items()
    ]


_TRUE_BEFORE: frozenset[Kind] = frozenset({"bridge", "locality", "multihop_before"})
_NO_FACT: frozenset[Kind] = frozenset({"choice", "negation"})  # their answers do not state the fact


@lru_cache(maxsize=4096)
def _ratio(before: str, after: str, lang: str) -> float:
    if before == after:
        return 1.0
    first, second = (_parts(text, lang) for text in (before, after))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _parts(text: str, lang: str) -> list[str]:
    """Words, or characters where words are not set apart."""
    plain = normalise(text, lang)
    return plain.split() if language(lang).spaced else list(plain.replace(" ", ""))

"""SCORERS and MODEL_MEASURES: a measure is a row."""

from collections.abc import Callable, Iterable

from mlake.errors import UnknownNameError
from mlake.records import Asked
from mlake.scorers.drift import old_kept, similarity, unchanged
from mlake.scorers.fluency import empty, entropy, length, repetition
from mlake.scorers.language import confusion, language_unknown, other_language
from mlake.scorers.names import contains, exact, old, old_paper, paper
from mlake.scorers.refusal import refused
from mlake.scorers.refused import value_of
from mlake.scorers.row import Measure, ScoredRow, Scorer, scored

__all__ = ["MODEL_MEASURES", "SCORERS", "SHARES", "measure", "measures", "score_all", "signature"]


def _cut(asked: Asked) -> float:
    return float(not asked.answer.stopped)


def _of_text(function: Callable[[str], float | None]) -> Callable[[Asked], float | None]:
    return lambda asked: function(asked.answer.text)


_SCORERS = (
    Scorer(
        "contains",
        3,
        "The new answer stands in the text and no old answer does.",
        higher_is_better=True,
        function=contains,
    ),
    Scorer(
        "paper",
        2,
        "The new answer or an alias is a substring of the raw text, as in the paper.",
        higher_is_better=True,
        function=paper,
    ),
    Scorer(
        "exact", 3, "The answer is the new answer and nothing else.", higher_is_better=True, function=exact
    ),
    Scorer("old", 3, "The old answer still stands in the text.", higher_is_better=False, function=old),
    Scorer(
        "old_paper",
        2,
        "The old answer or an alias is a substring of the raw text.",
        higher_is_better=False,
        function=old_paper,
    ),
    Scorer("unchanged", 2, "The text is the unedited model's, character for character.", function=unchanged),
    Scorer(
        "old_kept",
        2,
        "Where the unedited model gave what was true before the edit: the edited model still gives it.",
        function=old_kept,
    ),
    Scorer(
        "similarity", 2, "How much of the text is as before the edit.", "share of words", function=similarity
    ),
    Scorer(
        "language",
        2,
        "The answer is in the language asked in, as far as that can be told.",
        higher_is_better=True,
        function=confusion,
        style=True,
    ),
    Scorer(
        "cut",
        1,
        "The answer was cut off at the limit of new tokens.",
        higher_is_better=False,
        function=_cut,
    ),
    Scorer(
        "other_language",
        1,
        "The answer is in another language than asked in, as far as that can be told.",
        higher_is_better=False,
        function=other_language,
    ),
    Scorer(
        "language_unknown", 1, "Which language the answer is in cannot be told.", function=language_unknown
    ),
    Scorer(
        "refused",
        1,
        "The answer says that it cannot or will not answer.",
        higher_is_better=False,
        function=refused,
    ),
    Scorer(
        "entropy",
        2,
        "Bi- and trigram entropy of the answer; repetitive text has less.",
        "bits",
        higher_is_better=True,
        function=_of_text(entropy),
        style=True,
    ),
    Scorer(
        "repetition",
        2,
        "How many of the answer's trigrams repeat an earlier one.",
        "share of trigrams",
        higher_is_better=False,
        function=_of_text(repetition),
        style=True,
    ),
    Scorer(
        "length",
        2,
        "Words of the answer; characters or syllables in scripts without spaces.",
        "words",
        function=_of_text(length),
        style=True,
    ),
    Scorer(
        "empty",
        2,
        "The answer has neither letter nor digit.",
        higher_is_better=False,
        function=_of_text(empty),
    ),
)
SCORERS: dict[str, Scorer] = {row.name: row for row in _SCORERS}
"""What a stored answer gives by itself, by name, in the order of reports."""

SHARES = {
    "cut": "cut off at the token limit",
    "other_language": "in another language",
    "refused": "refused",
}
"""Scorers whose shares say why an accuracy may be low, with what they say of answers in a few words."""

_MODEL_MEASURES = (
    Measure(
        "fluency", 1, "How fluent the answer is to a judge.", "rating from 1 to 5", higher_is_better=True
    ),
    Measure(
        "nll",
        1,
        "Negative log-likelihood of the answer under the unedited model.",
        "nats per token",
        higher_is_better=False,
    ),
    Measure(
        "heldout_nll",
        1,
        "Negative log-likelihood of text that no edit is about.",
        "nats per token",
        higher_is_better=False,
    ),
    Measure("choice_likelihood", 1, "The accepted answer's letter is the likeliest.", higher_is_better=True),
    Measure("choice_generated", 2, "The answer names the accepted answer's option.", higher_is_better=True),
    Measure("choice_likelihood_old", 1, "The old answer's letter is the likeliest.", higher_is_better=False),
    Measure("choice_generated_old", 2, "The answer names the old answer's option.", higher_is_better=False),
    Measure("choice_unread", 2, "The answer names no option, or several.", higher_is_better=False),
    Measure(
        "efficacy_tf", 1, "Teacher-forced: the new answer is likelier than the old.", higher_is_better=True
    ),
    Measure(
        "paraphrase_tf",
        1,
        "Teacher-forced, rephrased: the new answer is likelier than the old.",
        higher_is_better=True,
    ),
    Measure(
        "neighbourhood_tf",
        1,
        "Teacher-forced, other facts: the true answer is likelier than the new.",
        higher_is_better=True,
    ),
    Measure(
        "rewrite_acc_tf",
        1,
        "Teacher-forced: how much of the new answer is the likeliest.",
        "share of tokens",
        higher_is_better=True,
    ),
    Measure(
        "rephrase_acc_tf",
        1,
        "Teacher-forced, rephrased: how much of the new answer is the likeliest.",
        "share of tokens",
        higher_is_better=True,
    ),
    Measure(
        "locality_acc_tf",
        1,
        "Teacher-forced, other facts: how much of what is likeliest is as before the edit.",
        "share of tokens",
        higher_is_better=True,
    ),
    Measure("subject_tokens", 1, "Tokens of the subject, encoded alone.", "tokens"),
    Measure("subject_tokens_in", 1, "Tokens of the question that hold a part of the subject.", "tokens"),
    Measure(
        "neuron_overlap",
        1,
        "Neurons that the edits of two languages have in common, of those that each changed most.",
        "share of neurons",
    ),
)
MODEL_MEASURES: dict[str, Measure] = {row.name: row for row in _MODEL_MEASURES}
"""What needs a model or a tokenizer (``mlake.analysis``), by name."""


def measures() -> dict[str, Measure]:
    """Every measure by name: the scorers, then what needs a model."""
    return {**SCORERS, **MODEL_MEASURES}


def measure(name: str) -> Measure:
    """The measure with this name.

    Raises:
        UnknownNameError: There is none.
    """
    known = measures()
    if name not in known:
        raise UnknownNameError("scorer", name, known)
    return known[name]


def signature(name: str) -> str:
    """Name and version of a measure, such as ``contains|v1``: what a published number should state.

    Raises:
        UnknownNameError: No measure has this name.
    """
    return measure(name).signature


def score_all(asked: Iterable[Asked]) -> list[ScoredRow]:
    """Every scorer's value for every answer, answers in the order given, scorers in the order of ``SCORERS``.

    Raises:
        UnknownNameError: A question is in a language, or of a kind, that mlake does not know.
    """
    return [
        scored(one, name, value_of(name, scorer.score, one))
        for one in asked
        for name, scorer in SCORERS.items()
    ]

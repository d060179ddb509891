"""Perplexity: how likely answers are to the unedited model, and what ability an edited one has kept.

Two measures, both mean negative log-likelihoods a token in nats; exp of one is a perplexity:

- ``nll`` of an answer: how the *unedited* model rates what an edited one said to the same question. The
  end of the answer is not counted.
- the ability kept: how the model as it is now, edited or not, rates held-out text that no edit is about.
  The text is twelve everyday sentences a language, written for mlake, the same ones in every language.

Tokens differ between languages and between models, so compare a number only with the same language and
model before the edit.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mlake.analysis.reading import read
from mlake.kinds import question_kind
from mlake.languages import LANGUAGES, lacking, language
from mlake.models.lm import LM
from mlake.models.spans import encode
from mlake.models.tokens import token_ids
from mlake.records import Asked
from mlake.scorers.row import ScoredRow, scored

__all__ = ["AbilityRow", "ability_rows", "held_out", "held_out_langs", "perplexity_rows"]


@dataclass(frozen=True, slots=True)
class AbilityRow:
    """How likely one held-out sentence is to a model.

    Attributes:
        edit_lang: Language the model was edited in; None for the unedited model.
        batch: Index of the batch of edits in force; None for the unedited model.
        test_lang: Language of the sentence.
        sentence: Its number from 0; the same number is the same sentence in every language.
        tokens: Tokens that were predicted.
        nll: Mean negative log-likelihood a token, in nats.
    """

    edit_lang: str | None
    batch: int | None
    test_lang: str
    sentence: int
    tokens: int
    nll: float


def perplexity_rows(
    lm: LM, asked: Iterable[Asked], progress: Callable[[int], object] = lambda done: None
) -> list[ScoredRow]:
    """``nll`` of every answer but those to multiple choice, in the order given; None for an empty answer.

    The same answer to the same question is read once.

    Args:
        lm: The unedited model.
        asked: Answers of any model, edited or not.
        progress: Called with the number of different answers read since the last call.

    Raises:
        UnknownNameError: A question is in a language that mlake does not know.
        ModelError: A question and its answer do not fit into the model's positions.
    """
    every = [one for one in asked if question_kind(one.kind).scored_by != "options"]
    pairs = list(dict.fromkeys(map(_pair, (one for one in every if one.answer.text.strip()))))
    encoded = [
        encode(lm, lm.style.prompt(question), target=answer, special=not lm.style.chat)
        for question, answer in ((question, lm.style.joint(space) + text) for question, space, text in pairs)
    ]
    said = read(lm, [(one.ids, one.target) for one in encoded], progress)
    found = dict(zip(pairs, (one.nll for one in said), strict=True))
    return [scored(one, "nll", found.get(_pair(one))) for one in every]


def held_out_langs(langs: Iterable[str] | None = None) -> tuple[str, ...]:
    """Languages that there is held-out text in, all or those among some."""
    chosen = LANGUAGES if langs is None else langs
    return tuple(sorted(code for code in set(chosen) if language(code).held_out))


def held_out(lang: str) -> tuple[str, ...]:
    """The held-out sentences in a language; those with the same number say the same in every language.

    Raises:
        LanguageError: There is no text in this language.
        UnknownNameError: The language is not known.
    """
    found = language(lang).held_out
    if not found:
        raise lacking("held-out sentences", lang, "choose other languages")
    return found


def ability_rows(lm: LM, edit_lang: str | None, batch: int | None, langs: Sequence[str]) -> list[AbilityRow]:
    """How likely the held-out sentences are to a model, without any prompt.

    The first token is predicted only where the tokenizer puts one before it.

    Args:
        lm: The model as it is now, edited or not.
        edit_lang: Language of the edit in force; None for none. Only written into the rows.
        batch: Index of the batch of the edit in force; None for none.
        langs: Languages to read.

    Raises:
        LanguageError: There is no held-out text in one of the languages.
        UnknownNameError: A language is not known.
        ModelError: A sentence does not fit into the model's positions.
    """
    texts = [(lang, number, text) for lang in langs for number, text in enumerate(held_out(lang))]
    ids = token_ids(lm, [text for *_, text in texts])
    said = read(lm, [(one, len(one) - 1) for one in ids])
    return [
        AbilityRow(edit_lang, batch, lang, number, len(one) - 1, value.nll)
        for (lang, number, _), one, value in zip(texts, ids, said, strict=True)
    ]


def _pair(asked: Asked) -> tuple[str, str, str]:
    """What an answer's likelihood depends on: question, the space before the answer, answer."""
    return asked.probe.text, language(asked.probe.lang).space, asked.answer.text

"""How far answers move from the unedited model's: all of it, not only right and wrong (Figure 5).

==================  ==================================================================================
``unchanged``       1 if the text is as before, character for character: what Figure 5 draws.
``similarity``      How much of the text is as before, 0 to 1: twice the words (characters, in scripts
                    without spaces) in common blocks, over those of both texts.
``old_kept``        Where the unedited model gave the answer that was true before the edit: 1 if the
                    edited model still gives it, 0 if it is lost. Nothing where it did not.
==================  ==================================================================================

None of them says anything of the unedited model itself.
"""

from dataclasses import replace
from difflib import SequenceMatcher
from functools import lru_cache

from mlake.kinds import question_kind
from mlake.languages import language
from mlake.records import Asked
from mlake.scorers.names import contains, old
from mlake.text import normalise

__all__ = ["old_kept", "similarity", "unchanged"]


def unchanged(asked: Asked) -> float | None:
    """1 if the text is the unedited model's; None for the unedited model."""
    if asked.before is None:
        return None
    return float(asked.answer.text == asked.before.text)


def similarity(asked: Asked) -> float | None:
    """Likeness of the text to the unedited model's; None for the unedited model.

    Texts are compared in the form of ``mlake.text.normalise``. Two empty texts are alike.
    """
    if asked.before is None:
        return None
    return _ratio(asked.before.text, asked.answer.text, asked.probe.lang)


def old_kept(asked: Asked) -> float | None:
    """1 if what was true before the edit is still given; None where the unedited model did not give it.

    What was true is the old answer, or the accepted one of questions that no edit should touch (second
    hops, questions before the edit, locality questions of a data set's own).
    """
    if asked.before is None or not question_kind(asked.kind).states_fact:
        return None
    holds = contains if question_kind(asked.probe.kind).true == "before" else old
    return holds(asked) if holds(replace(asked, answer=asked.before)) else None


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

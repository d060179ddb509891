"""Which names an answer gives: pure functions, so a run can be scored again without a model.

Each maps an ``Asked`` to 1 or 0, or to None where it says nothing:

==============  =====================================================================================
``contains``    The new answer stands in the text, and no old answer stands beside it.
``paper``       The new answer or an alias is a substring of the raw text, case and all, as in the paper.
``exact``       The first line is a new answer and nothing else.
``old``         The old answer stands in the text: what the edit should have removed.
``old_paper``   The old answer or an alias is a substring of the raw text: the paper's rule for the old
                answer, which is how its Table 4 counts direct questions to unedited models.
==============  =====================================================================================

Names are found by the rules of ``mlake.text``. Where they are not tested in a language's script, the scorers
that need them refuse it (``LanguageError``), lest a right answer count as a wrong one; ``paper``,
``old_paper`` and ``unchanged`` need none.

An answer that gives both the old and the new answer does not commit to the new one, so ``contains`` gives it
no credit; ``paper``, reported next to it, does. Two exceptions keep that strictness fair. An old name inside
a new one is not counted ("football" in "Gaelic football"). Nor is an old name that already stands in the
question, which many answers merely repeat.

A question about a fact outside the batch (kind ``locality``, but asked from a ``direct`` probe) has its
*new* answer in ``accept``, which nobody has edited in: only ``old`` and ``old_paper`` say something there.
A probe that is a locality question by itself has the true answer in ``accept`` and gets all of them.
"""

from collections.abc import Iterable
from functools import lru_cache

from mlake.kinds import question_kind
from mlake.records import Asked, Probe
from mlake.text import check_tested, find_names, says_only

__all__ = ["contains", "exact", "old", "old_paper", "paper"]


def contains(asked: Asked) -> float | None:
    """1 if a new answer stands in the text and no old one outside it."""
    if not _has_answer(asked):
        return None
    gives_new, gives_old = _given(asked)
    return float(gives_new and not gives_old)


def paper(asked: Asked) -> float | None:
    """1 if a new answer is a substring of the raw text."""
    if not _has_answer(asked):
        return None
    return float(_holds(asked.answer.text, asked.probe.accept))


def exact(asked: Asked) -> float | None:
    """1 if the first line that is not empty is a new answer, up to case and punctuation.

    Articles count: "the United States" is not "United States". What is ``exact`` and holds no old answer is
    ``contains`` too, also where the answer is an alias that is too short to be looked for in a longer text.
    """
    if not _has_answer(asked):
        return None
    check_tested(asked.probe.lang)
    return float(_says_only(asked, asked.probe.accept))


def old(asked: Asked) -> float | None:
    """1 if an old answer stands in the text, outside any new one.

    None if no old answer is known, or if the question itself gives all its names.
    """
    if set(asked.probe.reject) <= _echoes(asked.probe):
        return None
    return float(_given(asked)[1])


def old_paper(asked: Asked) -> float | None:
    """1 if an old answer is a substring of the raw text; None if no old answer is known.

    Names that the question holds count too, as in ``paper``.
    """
    if not asked.probe.reject:
        return None
    return float(_holds(asked.answer.text, asked.probe.reject))


def _has_answer(asked: Asked) -> bool:
    """Whether ``accept`` holds what the model should say here."""
    about_others = question_kind(asked.kind).about == "others"
    not_edited_in = about_others and question_kind(asked.probe.kind).true == "after"
    return bool(asked.probe.accept) and not not_edited_in


def _holds(text: str, names: Iterable[str]) -> bool:
    return any(name and name in text for name in names)


def _given(asked: Asked) -> tuple[bool, bool]:
    """Whether the text gives a new answer, and whether it gives an old one outside any new one."""
    probe, text = asked.probe, asked.answer.text
    check_tested(probe.lang)
    new = find_names(text, probe.accept, probe.lang)
    given = [one for one in find_names(text, probe.reject, probe.lang) if one.name not in _echoes(probe)]
    outside = any(not any(one.start <= span.start and span.end <= one.end for one in new) for span in given)
    only_new = not new and _says_only(asked, probe.accept)
    only_old = not (new or only_new or outside) and _says_only(asked, probe.reject)
    only_old = only_old and _says_only(asked, set(probe.reject) - _echoes(probe))
    return bool(new) or only_new, outside or only_old


def _says_only(asked: Asked, names: Iterable[str]) -> bool:
    """Whether the first line that is not empty is one of the names and nothing else."""
    line = next(iter(asked.answer.text.strip().splitlines()), "")
    return says_only(line, names, asked.probe.lang)


@lru_cache(maxsize=16384)
def _echoes(probe: Probe) -> frozenset[str]:
    """Old names that stand in the question."""
    return frozenset(span.name for span in find_names(probe.text, probe.reject, probe.lang))

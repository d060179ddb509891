"""How many tokens a subject takes (Table 3 of the MLaKE paper).

Two measures, each a scorer name of the rows that come out:

======================  =============================================================================
``subject_tokens``      The subject encoded alone, as it is written, without special tokens. A tokenizer
                        that puts a space before any text (SentencePiece) does so here too.
``subject_tokens_in``   The tokens of the question that hold a character of the subject, by their
                        character offsets: one that also holds a neighbour counts, a space before the
                        subject does not count by itself.
======================  =============================================================================

``subject_tokens`` is what Table 3 counts: on the release it gives the paper's numbers (docs/analysis.md).
``subject_tokens_in`` is what a model reads when it is asked.
"""

from collections.abc import Sequence
from typing import Any

from mlake.errors import SubjectError, UnknownNameError
from mlake.languages import language
from mlake.records import Benchmark, Statement
from mlake.scorers.row import ScoredRow

__all__ = ["ALONE", "WITHIN", "tokens_per_subject"]

ALONE, WITHIN = "subject_tokens", "subject_tokens_in"


def tokens_per_subject(tokenizer: Any, benchmark: Benchmark, langs: Sequence[str]) -> list[ScoredRow]:
    """Tokens of the subject of every fact, by both measures.

    ``mlake.report.tidy.tidy({"model": …}, rows)`` makes the table of means with intervals over facts.

    Args:
        tokenizer: A fast Hugging Face tokenizer.
        benchmark: The data set.
        langs: Languages to count in.

    Returns:
        Two rows for each statement, by language and fact; without a value where no subject is known.

    Raises:
        SubjectError: A subject does not stand in its question.
        UnknownNameError: No fact is stated in a language, or mlake does not know it.
    """
    rows: list[ScoredRow] = []
    for lang in langs:
        language(lang)
        if lang not in benchmark.langs:
            raise UnknownNameError(f"language of {benchmark.name!r}", lang, benchmark.langs)
        stated = [fact.statements[lang] for fact in benchmark.facts if lang in fact.statements]
        known = [one for one in stated if one.subject is not None]
        alone = dict(zip(known, _alone(tokenizer, known), strict=True))
        within = dict(zip(known, _within(tokenizer, known), strict=True))
        for one in stated:
            rows += [_row(one, ALONE, alone.get(one)), _row(one, WITHIN, within.get(one))]
    return rows


def _row(statement: Statement, scorer: str, value: int | None) -> ScoredRow:
    return ScoredRow(
        edit_lang=None,
        batch=None,
        kind="direct",
        probe=f"{statement.fact}/{statement.lang}",
        fact=statement.fact,
        test_lang=statement.lang,
        scorer=scorer,
        value=None if value is None else float(value),
    )


def _alone(tokenizer: Any, statements: Sequence[Statement]) -> list[int]:
    if not statements:
        return []
    encoded = tokenizer([one.subject for one in statements], add_special_tokens=False)
    return [len(ids) for ids in encoded["input_ids"]]


def _within(tokenizer: Any, statements: Sequence[Statement]) -> list[int]:
    if not statements:
        return []
    encoded = tokenizer(
        [one.question for one in statements], add_special_tokens=False, return_offsets_mapping=True
    )
    counts = []
    for one, offsets in zip(statements, encoded["offset_mapping"], strict=True):
        start = one.question.find(str(one.subject))
        if start < 0:
            raise SubjectError(
                f"fact {one.fact!r}: its subject {one.subject!r} does not stand in its question in "
                f"{one.lang!r}; write it as the question does"
            )
        end = start + len(str(one.subject))
        counts.append(sum(first < end and last > start for first, last in offsets))
    return counts

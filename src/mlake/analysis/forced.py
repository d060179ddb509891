"""Teacher-forced scores, as CounterFact's authors and EasyEdit print them, on mlake's questions.

What a model would say to given answers, without letting it speak; so these are never set beside scores of
answers that it gave. Prompts are mlake's own; the answers follow them as they do when edits are made.

CounterFact (``experiments/py/eval_utils_counterfact.py`` and ``summarize.py`` of Meng et al. 2022): an
answer's likelihood is the mean over its tokens.

====================  =================================================================================
``efficacy_tf``       Direct questions: 1 if the new answer is likelier than the old one.
``paraphrase_tf``     The same for rephrased questions.
``neighbourhood_tf``  Questions about other facts: 1 if the true answer is likelier than the new one.
====================  =================================================================================

EasyEdit (``test_prediction_acc`` of ``easyeditor/evaluate/evaluate_utils.py``): the share of an answer's
tokens that are the likeliest at their place, each after the tokens before it.

====================  =================================================================================
``rewrite_acc_tf``    Direct questions, of the new answer's tokens.
``rephrase_acc_tf``   The same for rephrased questions.
``locality_acc_tf``   Questions about other facts: at the places of the true answer's tokens, the share of
                      likeliest tokens that are those of the unedited model.
====================  =================================================================================

The new answer to a question about another fact is the one that nobody has edited in. A question that is
about no edited fact by itself, and has but its true answer, is set against the new answer of the fact that
it belongs to, as CounterFact does. Where an answer is missing there is no score.
"""

from collections.abc import Callable, Mapping, Sequence

from mlake.analysis.reading import Read, read
from mlake.analysis.store import FORCED
from mlake.evaluation.units import Question
from mlake.kinds import question_kind
from mlake.languages import language
from mlake.models.lm import LM
from mlake.models.spans import encode
from mlake.records import Benchmark, Probe
from mlake.scorers.row import ScoredRow

__all__ = ["Answers", "Forced", "answers_of", "forced", "forced_rows", "new_answers"]

Answers = tuple[str | None, str | None]
"""New and old answer of a question; None where there is none."""

Forced = tuple[Read | None, Read | None]
"""What a model thinks of them."""


def new_answers(benchmark: Benchmark) -> dict[tuple[str | None, str], str]:
    """Id and language of each statement to its new answer."""
    return {(fact.id, lang): one.new for fact in benchmark.facts for lang, one in fact.statements.items()}


def answers_of(probe: Probe, new: Mapping[tuple[str | None, str], str]) -> Answers:
    """The answers that a question is forced to.

    Args:
        probe: The question.
        new: What ``new_answers`` gives for its data set.
    """
    first, other = (names[0] if names else None for names in (probe.accept, probe.reject))
    if question_kind(probe.kind).true == "after":
        return first, other
    return other or new.get((probe.fact, probe.lang)), first


def forced(
    lm: LM,
    questions: Sequence[tuple[Probe, Answers]],
    progress: Callable[[int], object] = lambda done: None,
) -> list[Forced]:
    """What a model thinks of the answers to questions, each right after its prompt.

    Args:
        lm: The model, edited or not.
        questions: Questions with their answers; equal ones are read once.
        progress: Called with the number of different answers read since the last call.

    Raises:
        ModelError: A question and its answer do not fit into the model's positions.
        UnknownNameError: A question is in a language that mlake does not know.
    """
    pairs = [(probe.text, _following(lm, probe, one)) for probe, both in questions for one in both]
    wanted = list(dict.fromkeys(pair for pair in pairs if pair[1]))
    rows = [
        encode(lm, lm.style.prompt(text), target=said, special=not lm.style.chat) for text, said in wanted
    ]
    found = dict(zip(wanted, read(lm, [(one.ids, one.target) for one in rows], progress), strict=True))
    every = iter([found.get(pair) for pair in pairs])
    return list(zip(every, every, strict=True))


def _following(lm: LM, probe: Probe, answer: str | None) -> str:
    return lm.style.joint(language(probe.lang).space) + answer if answer else ""


def forced_rows(
    questions: Sequence[Question],
    said: Sequence[Forced],
    before: Mapping[str, Forced],
    *,
    edit_lang: str | None,
    batch: int | None,
) -> list[ScoredRow]:
    """Two scores a question, of kinds that have them.

    Args:
        questions: Questions.
        said: What the model thinks of the answers to each.
        before: Id of a question to what the unedited model thinks of them.
        edit_lang: Language of the edit in force; None for none.
        batch: Index of the batch of the edit in force; None for none.
    """
    rows = []
    for (kind, probe), now in zip(questions, said, strict=True):
        if kind not in FORCED:
            continue
        first = None if edit_lang is None else before[probe.id]
        values = _of_others(now, first) if kind == "locality" else _of_edited(now)
        rows += [
            ScoredRow(edit_lang, batch, kind, probe.id, probe.fact, probe.lang, name, value)
            for name, value in zip(FORCED[kind], values, strict=True)
        ]
    return rows


def _of_edited(now: Forced) -> tuple[float | None, float | None]:
    new, old = now
    likelier = None if new is None or old is None else float(new.nll < old.nll)
    return likelier, None if new is None else _match(new.best, new.tokens)


def _of_others(now: Forced, before: Forced | None) -> tuple[float | None, float | None]:
    new, old = now
    first = None if before is None else before[1]
    likelier = None if new is None or old is None else float(old.nll < new.nll)
    return likelier, None if old is None or first is None else _match(old.best, first.best)


def _match(best: Sequence[int], wanted: Sequence[int]) -> float:
    """Share of tokens that agree."""
    return sum(one == other for one, other in zip(best, wanted, strict=True)) / len(wanted)

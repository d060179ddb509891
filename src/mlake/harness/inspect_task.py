"""What Inspect loads: ``inspect eval mlake/questions`` asks a data set's questions, and mlake scores them."""

from collections.abc import Sequence
from math import nan
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, grouped, mean, scorer
from inspect_ai.solver import TaskState, generate

from mlake.data import load
from mlake.evaluation.spec import DEFAULTS
from mlake.harness.questions import Chosen, documents, scores, told
from mlake.templates import STOPS, filled, stop_told

__all__ = ["measures", "questions"]

_ALONE = "{question}"


@task
def questions(
    data: str = "mini",
    mirror: str | None = None,
    facts: str | int = "all",
    test_lang: str | Sequence[str] = "all",
    kinds: str | Sequence[str] = DEFAULTS.kinds,
    locality: int = DEFAULTS.locality,
    template: str = _ALONE,
    stop: str | None = None,
    max_new_tokens: int = DEFAULTS.max_new_tokens,
) -> Task:
    """The questions that ``mlake run`` asks whose facts are edited in one batch.

    Args:
        data: Name of a data set, or a file of your own facts.
        mirror: Folder that holds the data set already.
        facts: The facts that were edited: ``200``, ``200:300`` or ``all``.
        test_lang: Languages to ask in, or ``all``.
        kinds: Kinds of questions.
        locality: Questions about other facts, in each language.
        template: Text with one ``{question}``: what the user says.
        stop: Where answers end: ``line`` or ``end``; None for what follows from the template.
        max_new_tokens: Longest answer in tokens.

    Raises:
        MlakeError: A name is wrong, or the data cannot be loaded.
    """
    langs = () if test_lang == "all" else _names(test_lang)
    chosen = Chosen(facts=str(facts), langs=langs, kinds=_names(kinds), locality=locality)
    samples = [
        Sample(
            input=filled(template, row["text"]),
            target=row["accept"],
            id=row["id"],
            metadata=row | {"cell": f"{row['kind']} {row['lang']}"},
        )
        for row in documents(load(data, mirror=None if mirror is None else Path(mirror)), chosen)
    ]
    ends = STOPS[stop_told(template, stop)]
    return Task(
        dataset=MemoryDataset(samples, name=data),
        solver=generate(),
        scorer=measures(ends),
        config=GenerateConfig(
            temperature=0.0, max_tokens=max_new_tokens, stop_seqs=None if ends is None else [ends]
        ),
    )


@scorer(metrics={"*": [grouped(mean(), "cell", all=False)]})
def measures(ends: str | None = None) -> Scorer:
    """What mlake scores; a scorer that says nothing of an answer leaves it unscored.

    Args:
        ends: What ends an answer: some models hand it back, with what else is in its token.
    """

    async def score(state: TaskState, target: Target) -> Score:
        answer, reason = state.output.completion, state.output.stop_reason
        if ends is not None:
            answer = answer.partition(ends)[0]
        values = scores(state.metadata, answer, cut=None if reason == "unknown" else reason == "max_tokens")
        return Score(value={name: values.get(name, nan) for name in (*told(), "cut")}, answer=answer.strip())

    return score


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    """Names with commas, from either form."""
    return tuple(map(str.strip, given.split(","))) if isinstance(given, str) else tuple(given)

"""Table 10: examples, chosen by a rule, with every answer as it was given."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mlake.errors import DataError
from mlake.kinds import KINDS
from mlake.languages.sets import members
from mlake.records import Benchmark, Fact, Probe
from mlake.report.paper.compare import HOPS, filled, labels, model_of, signatures
from mlake.report.rundata import RunData
from mlake.report.table import Cell, Table
from mlake.report.tidy import UNEDITED

__all__ = ["table10"]

_EXAMPLES = 3
_LONGEST = 200
_RULE = (
    f"facts: of those that every run edited in all its languages and that have a two-hop question, in the "
    f"order of the data set, the one in the middle of each of {_EXAMPLES} equal parts; no answer is looked at"
)
_READING = (
    f"answers are as the model gave them, cut after {_LONGEST} characters; an empty cell is an empty answer, "
    "a dash means not asked; of several questions of a kind the first stands"
)

_Answers = Mapping[tuple[str | None, str], str]
"""Language edited in (None: unedited) and id of the question to the answer."""


@dataclass(frozen=True, slots=True)
class _View:
    """A column of answers.

    Attributes:
        title: Its heading.
        answers: Where the answers are.
        edit: Language edited in; None for the unedited model, "" for the language asked in.
    """

    title: str
    answers: _Answers
    edit: str | None

    def answer(self, probe: Probe) -> str | None:
        """The answer to a question; None if it was not asked."""
        text = self.answers.get((probe.lang if self.edit == "" else self.edit, probe.id))
        return text if text is None or len(text) <= _LONGEST else text[:_LONGEST] + "…"


def table10(runs: Sequence[RunData], benchmark: Benchmark) -> tuple[Table, ...]:
    """A few facts with their questions, old and new answers, and what each model answered.

    The facts are chosen by a rule that looks at no answer; a note of the table states it. Questions and
    answers are the data set's and the models' own text: mind the licence of the data before you publish it.

    Args:
        runs: Runs of one model or several.
        benchmark: The data set that they were made from.

    Raises:
        DataError: A run was made from other data.
    """
    for run in runs:
        if run.spec["data_sha256"] != benchmark.sha256:
            raise DataError(
                f"run {run.folder.name} was made from other data than {benchmark.name!r} as loaded; give the "
                f"data {run.spec['data']!r} with sha256 {str(run.spec['data_sha256'])[:12]}…"
            )
    answers = [_answers(run) for run in runs]
    edited = [
        fact
        for fact in benchmark.facts
        if any(one.kind == "multihop" for one in fact.probes)
        and all(_edited(fact, run, own) for run, own in zip(runs, answers, strict=True))
    ]
    views = list(_views(runs, answers))
    langs = tuple(dict.fromkeys(lang for run in runs for lang in run.spec["test_langs"]))
    rows = (
        (fact.id, KINDS[kind].heading, lang, *_texts(probe), *(view.answer(probe) for view in views))
        for fact in _spread(edited)
        for kind in HOPS
        for lang in langs
        for probe in [one for one in fact.probes if (one.kind, one.lang) == (kind, lang)][:1]
    )
    columns = ("fact", "questions", "language", "question", "old answer", "new answer")
    titles = tuple(view.title for view in views)
    notes = (_RULE, _READING, *signatures(runs, ()))
    return filled(Table("table10", "Table 10: examples", columns + titles, tuple(rows), notes))


def _answers(run: RunData) -> _Answers:
    """Answers to what was asked for its own sake, not as a question about another fact."""
    return {(one.edit_lang, one.probe.id): one.answer.text for one in run.asked if one.kind == one.probe.kind}


def _edited(fact: Fact, run: RunData, answers: _Answers) -> bool:
    direct = [one.id for one in fact.probes if one.kind == "direct"]
    return all(any((lang, one) in answers for one in direct) for lang in run.spec["edit_langs"])


def _spread(facts: Sequence[Fact]) -> list[Fact]:
    """The fact in the middle of each of ``_EXAMPLES`` equal parts; all if there are not more."""
    if len(facts) <= _EXAMPLES:
        return list(facts)
    return [facts[(2 * part + 1) * len(facts) // (2 * _EXAMPLES)] for part in range(_EXAMPLES)]


def _views(runs: Sequence[RunData], answers: Sequence[_Answers]) -> Iterator[_View]:
    """The unedited answers of each model, then each run's: one column where it edits in all languages."""
    models: set[tuple[str, ...]] = set()
    for run, label, own in zip(runs, labels(runs), answers, strict=True):
        model = str(run.spec["model"])
        if (name := model_of(run.spec)) not in models:
            models.add(name)
            yield _View(f"{model}, {UNEDITED}", own, None)
        edits = run.spec["edit_langs"]
        if set(run.spec["test_langs"]) <= set(edits):
            yield _View(f"{model}, {label}, edited in the same language", own, "")
            edits = [edit for edit in edits if len(members(edit)) > 1]
        yield from (_View(f"{model}, {label}, edited in {edit}", own, edit) for edit in edits)


def _texts(probe: Probe) -> tuple[Cell, ...]:
    """Question, old and new answer."""
    return (probe.text, next(iter(probe.reject), None), next(iter(probe.accept), None))

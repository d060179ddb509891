"""What views need, each with how to tell that it is there."""

from collections.abc import Callable

from mlake.languages.sets import is_other, is_own
from mlake.report.figures.fluency import MEASURES
from mlake.report.paper.compare import WITHOUT_SUBJECT
from mlake.report.tidy import TidyRow
from mlake.report.view import Given, Need

__all__ = [
    "ACROSS",
    "DATA",
    "DIRECT",
    "EDITED",
    "EXAMINED",
    "KEYS",
    "MULTIHOP",
    "OWN_LANGUAGE",
    "SEQUENCE",
    "TOKENS",
    "UNEDITED",
    "WRITTEN",
    "measured",
    "run_of",
]

_HOPS = ("direct", "multihop")


def _answers(what: str, remedy: str, fits: Callable[[TidyRow], bool]) -> Need:
    """A need of scored answers, of which one at least must fit."""
    return Need(
        what, remedy, lambda given: any(row["n"] and fits(row) for run in given.runs for row in run.rows)
    )


def _keys(given: Given) -> set[str | None]:
    """Where the runs' methods take their keys."""
    return {run.spec.get("editor", {}).get("key") for run in given.runs}


DATA = Need(
    "the data set, which stored runs do not hold",
    "make it with `mlake reproduce`",
    lambda given: given.benchmark is not None,
)
TOKENS = Need(
    "the tokens of every subject, which a tokenizer counts",
    "make it with `mlake reproduce`",
    lambda given: bool(given.tokens),
)
EDITED = _answers(
    "direct or two-hop questions to an edited model",
    "run a method with --kinds direct,multihop",
    lambda row: row["kind"] in _HOPS and row["edit_lang"] is not None,
)
OWN_LANGUAGE = _answers(
    "direct or two-hop questions in the language edited in",
    "run with the same languages in --edit-lang and --test-lang",
    lambda row: row["kind"] in _HOPS and is_own(row["edit_lang"], row["test_lang"]),
)
ACROSS = _answers(
    "direct questions in other languages than the one edited in",
    "run with more languages in --test-lang",
    lambda row: row["kind"] == "direct" and is_other(row["edit_lang"], row["test_lang"]),
)
DIRECT = _answers(
    "direct questions to an edited model",
    "run a method with --kinds direct",
    lambda row: row["kind"] == "direct" and row["edit_lang"] is not None,
)
MULTIHOP = _answers(
    "two-hop questions to an edited model",
    "run a method with --kinds direct,multihop",
    lambda row: row["kind"] == "multihop" and row["edit_lang"] is not None,
)
SEQUENCE = Need(
    "edits that come on top of each other",
    "run a method with --sequence batches",
    lambda given: any(run.spec.get("sequence") is not None for run in given.runs),
)
UNEDITED = _answers(
    "answers of the unedited model",
    "run a method, or none",
    lambda row: row["edit_lang"] is None,
)
WRITTEN = _answers(
    f"any of the measures {', '.join(MEASURES)} of an edited model's answers",
    "run a method on more facts",
    lambda row: row["scorer"] in MEASURES and row["edit_lang"] is not None,
)
EXAMINED = Need(
    "edits in two languages or more",
    "run with more languages in --edit-lang",
    lambda given: any(len(run.spec.get("edit_langs", ())) > 1 for run in given.runs),
)


KEYS = Need(
    "runs with and without the subject",
    "run the method a second time with --no-subject",
    lambda given: "subject" in _keys(given) and not _keys(given).isdisjoint(WITHOUT_SUBJECT),
)


def run_of(method: str) -> Need:
    """A run of a method, or of a variant of it such as ``stableke-lora``."""
    return Need(
        f"a run of {method}",
        f"run with --method {method}",
        lambda given: any(str(run.spec.get("method")).split("-")[0] == method for run in given.runs),
    )


def measured(name: str, kind: str, remedy: str) -> Need:
    """Values of a score or measure on one kind of question."""
    return _answers(
        f"{name!r} on {kind} questions", remedy, lambda row: (row["scorer"], row["kind"]) == (name, kind)
    )

"""The table of docs/choose.md: the best method for each wish, and those that cannot be told from it."""

from pathlib import Path

from benchmarks.choose import WISHES, answers, filled
from tests.report.made import rows, run_of, share

from mlake.report.findings.trade import Trade, trades
from mlake.report.rundata import RunData


def _run(method: str, own: float, rephrased: float, other: float, kept: float) -> RunData:
    scored = [
        *rows({("en", "en"): share(own), ("en", "de"): share(other)}),
        *rows({("en", "en"): share(rephrased)}, kind="paraphrase"),
        *rows({("en", "en"): share(kept)}, "old_kept", "locality"),
    ]
    return run_of(scored, Path(f"runs/{method}"), method=method, edit_langs=["en"])


def _points() -> list[Trade]:
    runs = [
        _run("memit", 0.9, 0.8, 0.25, 0.95),
        _run("ft", 1.0, 0.5, 0.3, 0.05),
        _run("grace", 0.98, 0.1, 0.0, 1.0),
        _run("kn", 0.02, 0.02, 0.0, 0.99),
    ]
    return trades(runs)


def _taken() -> dict[str, tuple[str, str]]:
    return {str(row[0]): (str(row[1]), str(row[-1] or "")) for row in answers(_points()).rows}


def test_each_wish_has_the_method_that_does_it_best() -> None:
    taken = [method for method, _ in _taken().values()]
    assert taken == ["ft", "memit", "ft", "grace", "memit"]
    asked = [wish for wish in WISHES if "two hops" not in wish]
    assert list(_taken()) == asked, "a wish that no run asked about has no row"


def test_methods_that_cannot_be_told_from_the_best_stand_beside_it() -> None:
    taken = _taken()
    assert taken["new answers to the very question, in its language"] == ("ft", "grace")
    assert taken["also to rephrased questions"] == ("memit", "")


def test_a_method_that_edits_nothing_is_no_answer_to_other_facts_kept() -> None:
    """KN keeps as much as GRACE here, and no more than one in fifty of its edits took."""
    assert _taken()["other facts kept, with half of the best's new answers"] == ("grace", "memit")


def test_the_page_keeps_its_words() -> None:
    page = "Before.\n\n<!-- methods -->\n\nstale\n\n<!-- /methods -->\n\nAfter.\n"
    made = filled(page, _points())
    assert made.startswith("Before.\n") and made.endswith("<!-- /methods -->\n\nAfter.\n")
    assert "| memit |" in made and "stale" not in made
    assert filled(made, _points()) == made and "Not filled yet" in filled(made, [])

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from tests.report.made import LANGS, Cells, rows, run_of, share

from mlake.languages.distance import distance
from mlake.report.findings import ranks
from mlake.report.findings.already_known import already, already_known, without_known
from mlake.report.findings.finding import Finding
from mlake.report.findings.hypotheses import HYPOTHESES, Outcome, hypotheses, outcomes
from mlake.report.paper.compare import INTERVAL
from mlake.report.rundata import RunData
from mlake.report.statistics.intervals import DIFFERENCE, clustered_mean
from mlake.scorers.row import ScoredRow

CLAIMED = {0: 0.6, 1: 0.5, 3: 0.3, 4: 0.1}
"""Accuracy by distance in a run that is as the paper concludes."""

BEFORE = {"en": 0.9, "de": 0.5, "fr": 0.7, "ja": 0.3, "zh": 0.1, "xx": 0.05}
AFTER = {"en": 0.95, "de": 0.8, "fr": 0.85, "ja": 0.75, "zh": 0.7, "xx": 0.65}


SIX = (*LANGS, "xx")
"""Languages on a line, each as far from the next: two orders of 720 leave all distances as they are."""


def on_a_line(one: str, other: str) -> int:
    return abs(SIX.index(one) - SIX.index(other))


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "distance", on_a_line)


def crossed(value: Callable[[int], float], own: Callable[[str], float]) -> Cells:
    """100 facts, edited and asked in all languages; a share by distance, or of the language itself."""
    return {
        (edit, test): share(own(edit) if edit == test else value(distance(edit, test)))
        for edit, test in product(LANGS, repeat=2)
    }


def as_claimed(**spec: Any) -> RunData:
    """A run in five languages in which all six conclusions are right."""
    return claimed(LANGS, lambda *pair: CLAIMED[distance(*pair)], **spec)


def in_six(**spec: Any) -> RunData:
    """The same in six languages on a line."""
    return claimed(SIX, lambda *pair: 0.6 - 0.1 * on_a_line(*pair), **spec)


def claimed(langs: Sequence[str], carried: Callable[[str, str], float], **spec: Any) -> RunData:
    pairs = list(product(langs, repeat=2))
    return run_of(
        [
            *rows({(None, lang): share(BEFORE[lang]) for lang in langs}, "old"),
            *rows({(None, lang): share(0.0) for lang in langs}),
            *rows({(a, b): share(AFTER[a] if a == b else carried(a, b)) for a, b in pairs}),
            *rows({(a, b): share(0.0 if a == b else 1 - carried(a, b)) for a, b in pairs}, "unchanged"),
            *rows({(None, lang): [4.0] * 100 for lang in langs}, "fluency"),
            *rows({(a, b): [4.0 - carried(a, b)] * 100 for a, b in pairs}, "fluency"),
        ],
        **spec,
    )


def _fluency() -> Cells:
    return {
        (edit, test): [4.0 - CLAIMED[distance(edit, test)]] * 100 for edit, test in product(LANGS, repeat=2)
    }


def turned_round(run: RunData) -> RunData:
    """The same with 1 - x for every score of an edited model."""
    edited = [replace(row, value=1 - (row.value or 0)) for row in run.scored if row.edit_lang is not None]
    return replace(run, scored=[*(row for row in run.scored if row.edit_lang is None), *edited])


def of(number: int, *runs: RunData) -> Outcome:
    return outcomes(runs)[number - 1]


def finding(number: int, *runs: RunData) -> Finding:
    return of(number, *runs).finding


@pytest.mark.usefixtures("line")
def test_every_conclusion_is_supported_where_it_is_right() -> None:
    results = outcomes([in_six(), in_six(method="rome"), in_six(model="other")])
    assert [one.verdict for one in results] == ["supported"] * 6
    assert [one.hypothesis.number for one in results] == [1, 2, 3, 4, 5, 6]
    assert all(one.corrected is not None and one.corrected < 0.05 for one in results)


@pytest.mark.usefixtures("line")
def test_every_conclusion_is_contradicted_where_the_opposite_is_right() -> None:
    results = outcomes([turned_round(in_six()), turned_round(in_six(model="other"))])
    assert [one.verdict for one in results] == ["contradicted"] * 6


def test_effects_are_what_was_put_in() -> None:
    run = as_claimed()
    english = finding(1, run)
    assert (english.basis, english.unit) == ("100 facts", "percentage points")
    assert english.effect == pytest.approx(95 - (80 + 85 + 75 + 70) / 4)
    # per fact: 1, less a quarter for each other language that is right too
    differences = [
        100 * (float(at < 95) - np.mean([at < 100 * AFTER[lang] for lang in LANGS[1:]])) for at in range(100)
    ]
    estimate = clustered_mean([one / 100 for one in differences], range(100), DIFFERENCE)
    assert (english.low, english.high, english.n, english.effective) == pytest.approx(
        (100 * (estimate.low or 0), 100 * (estimate.high or 0), 100, 100)
    )
    lost = finding(3, run)
    away = [np.mean([CLAIMED[distance(one, other)] for other in LANGS if other != one]) for one in LANGS]
    assert lost.effect == pytest.approx(100 * np.mean([AFTER[lang] for lang in LANGS]) - 100 * np.mean(away))
    assert [finding(number, run).effect for number in (2, 4, 5, 6)] == pytest.approx([1, 1, 1, 1])
    assert finding(2, run).basis == "5 languages of one model"
    assert finding(4, run).basis == "10 pairs of languages"


def test_five_languages_cannot_tell_what_closeness_does() -> None:
    results = outcomes([as_claimed()])
    assert [one.verdict for one in results[:3]] == ["supported"] * 3
    for one in results[3:]:  # 4 of the 120 orders leave all distances as they are
        assert one.verdict.startswith(
            "cannot be tested here: 5 languages cannot tell: relabelling them can give no p below 0.033, "
            "and 3 conclusions are tested so; edit and ask in more languages"
        )
        assert (one.finding.effect, one.finding.p, one.corrected) == (pytest.approx(1), None, None)


def test_what_was_counted_is_said() -> None:
    table = hypotheses([as_claimed()])
    assert [row[2] for row in table.rows] == [
        *("100 facts", "5 languages of one model", "100 facts"),
        *["10 pairs of languages"] * 3,
    ]
    notes = " ".join(table.notes)
    assert "the points are 5 languages of one model" in notes
    assert "fluency is measured by 'fluency'" in notes


@pytest.mark.usefixtures("line")
def test_a_language_in_which_all_edits_fail_is_no_matter_of_closeness() -> None:
    """The outermost languages get nothing whatever is edited: far pairs look bad for them alone."""
    bad = ("en", "xx")
    cells = {
        (one, other): share(0.6 - 0.2 * ((one in bad) + (other in bad)))
        for one, other in product(SIX, repeat=2)
    }
    found = of(4, run_of(rows(cells)))
    assert found.finding.effect is None
    assert found.verdict == (
        "cannot be tested here: 15 pairs of languages leave nothing to rank when each language's own level "
        "is removed; edit and ask in more languages"
    )


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_floor_and_ceiling_cannot_tell(number: int, value: float) -> None:
    """All wrong or all right: an effect of exactly 0 that says nothing against the others."""
    stuck = run_of(rows({pair: [value] * 100 for pair in product(LANGS, repeat=2)}), method="mend")
    alone = of(number, stuck)
    assert alone.verdict.startswith(
        "cannot be tested here: on both sides every answer is wrong, or every one"
    )
    both, without = of(number, as_claimed(), stuck), of(number, as_claimed())
    assert both.verdict == "supported"
    assert (both.finding.effect, both.finding.series) == (without.finding.effect, 1)
    assert (
        f"Conclusion {number}: 1 of 2 runs or methods cannot tell and are left out" in both.finding.notes[0]
    )


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize(("number", "scorer"), [(2, "contains"), (4, "contains"), (5, "unchanged")])
def test_methods_at_the_floor_have_no_rank(number: int, scorer: str) -> None:
    before = rows({(None, lang): share(BEFORE[lang]) for lang in SIX}, "old")
    floor = rows({pair: [0.0] * 100 for pair in product(SIX, repeat=2)}, scorer)
    found = of(number, in_six(), run_of([*before, *floor], method="mend"))
    assert (found.verdict, found.finding.series) == ("supported", 1)
    assert f"Conclusion {number}: 1 of 2 runs or methods cannot tell" in " ".join(found.finding.notes)


def test_no_effect_that_is_no_floor_still_disagrees() -> None:
    same = run_of(rows({pair: share(0.5) for pair in product(LANGS, repeat=2)}), method="mend")
    assert of(3, *[as_claimed(method=name) for name in ("rome", "memit", "stableke")], same).verdict == (
        "not supported: 1 of 4 runs or methods disagree"
    )


def test_two_directions_of_a_pair_are_one_point() -> None:
    cells = dict(crossed(CLAIMED.__getitem__, AFTER.__getitem__))
    for one, other in product(LANGS, repeat=2):
        if LANGS.index(one) < LANGS.index(other):
            cells[other, one] = [None] * 100
    assert finding(4, run_of(rows(cells))).effect == pytest.approx(1)


@pytest.mark.parametrize(("measure", "scale"), [("nll", 1), ("entropy", -1), ("repetition", 0.1)])
def test_fluency_without_a_judge(measure: str, scale: float) -> None:
    start = 0.3 if measure == "repetition" else 3.0
    before = {(None, lang): [start] * 20 for lang in LANGS}
    after = {
        (edit, test): [start + scale * CLAIMED[distance(edit, test)]] * 20
        for edit, test in product(LANGS, repeat=2)
    }
    found = finding(6, run_of(rows(before | after, measure)))
    assert (found.effect, found.basis) == (pytest.approx(1), "10 pairs of languages")
    assert f"measured by '{measure}'" in found.notes[0]


def test_fluency_needs_the_unedited_model() -> None:
    assert of(6, run_of(rows(_fluency(), "fluency"))).verdict.startswith(
        "cannot be tested here: no run has a measure of fluency"
    )


def test_one_run_that_disagrees_is_enough() -> None:
    most = [as_claimed(method=name) for name in ("rome", "memit", "mend")]
    other = turned_round(as_claimed(method="stableke"))
    found = of(3, *most, other)
    assert found.finding.effect is not None and found.finding.effect > 0
    assert found.corrected is not None and found.corrected < 0.05
    assert found.verdict == "not supported: 1 of 4 runs or methods disagree"


@pytest.mark.parametrize(
    ("number", "cells", "reason"),
    [
        (1, {("de", "de"): [1] * 9, ("zh", "zh"): [0] * 9}, "no run edits and asks facts in English and"),
        (1, {("en", "en"): [1] * 9}, "no run edits and asks facts in English and in another language"),
        (1, {("en", "en"): [1, None], ("zh", "zh"): [None, 1]}, "no run edits and asks facts in English"),
        (1, {("en", "en"): [1] * 5, ("zh", "zh"): [0] * 5}, "5 facts cannot give a p-value of 0.05; edit 6"),
        (3, {("ja", "ja"): [1] * 9}, "no run asks in the language of the edit and in another one"),
        (3, {("ja", "ja"): [1], ("ja", "zh"): [0]}, "1 fact cannot give a p-value of 0.05; edit 6 or more"),
        (4, {("en", "en"): [1] * 9}, "no run edits in one language and asks in another"),
        (
            4,
            {("en", lang): [1] * 9 for lang in LANGS},
            "the measure is the same for all 4 pairs of languages",
        ),
        (
            4,
            {("en", lang): share(BEFORE[lang]) for lang in LANGS},
            "4 pairs of languages leave nothing to rank when each language's own level is removed; edit and",
        ),
        (4, crossed(lambda far: 0.0, lambda lang: 1.0), "the measure is the same for all 10 pairs"),
        (5, {("en", "de"): [1] * 9}, "no run edits in one language and asks in another; ask in more"),
        (2, {("en", "en"): [1] * 9}, "no run asks in a language before and after it edits in it"),
        (2, {}, "no run asks in a language before and after it edits in it"),
    ],
)
def test_what_cannot_be_tested_says_why(number: int, cells: Cells, reason: str) -> None:
    found = of(number, run_of(rows(cells)))
    assert found.verdict.startswith(f"cannot be tested here: {reason}")
    assert (found.finding.effect, found.finding.p, found.corrected) == (None, None, None)


def test_unedited_runs_and_no_runs() -> None:
    unedited = run_of(rows({(None, lang): share(0.5) for lang in LANGS}, "old"), method="none")
    for runs in ([], [unedited]):
        assert all(one.verdict.startswith("cannot be tested here: ") for one in outcomes(runs))


def test_languages_are_counted_once_whatever_the_number_of_models() -> None:
    def run(model: str, langs: tuple[str, ...]) -> RunData:
        before = {(None, lang): share(BEFORE[lang]) for lang in langs}
        after = {(lang, lang): share(AFTER[lang]) for lang in langs}
        return run_of([*rows(before, "old"), *rows(after)], model=model)

    few = finding(2, run("a", LANGS[:4]))
    assert few.reason.startswith(
        "4 languages of one model cannot tell: rearranging them can give no p below 0.083"
    )
    assert finding(2, run("a", LANGS)).p == pytest.approx(2 / 120)
    both = finding(2, run("a", LANGS), run("b", LANGS))
    assert (both.basis, both.series, both.effect) == ("5 languages of 2 models", 1, pytest.approx(1))
    assert both.p == pytest.approx(2 / 120)  # the same languages are no more of them
    assert finding(2, run("a", LANGS), run("b", LANGS[:3])).basis == "3 languages of 2 models"
    apart = finding(2, run("a", ("en", "de")), run("b", ("ja", "zh")))
    assert apart.reason == "2 models share no language; edit the same languages in all"


def test_missing_answers_are_left_out_of_pairs() -> None:
    cells: Cells = {
        ("en", "en"): [1] * 10 + [None] * 5,
        ("de", "de"): [0] * 8 + [None] * 2 + [1] * 5,
    }
    found = finding(1, run_of(rows(cells)))
    assert (found.basis, found.effect, found.p) == ("8 facts", 100, 2 / 2**8)


def test_only_direct_questions_count() -> None:
    other: list[ScoredRow] = rows(crossed(lambda far: 0.9, lambda lang: 0.1), kind="multihop")
    run = as_claimed()
    assert outcomes([replace(run, scored=[*run.scored, *other])]) == outcomes([run])


def test_the_table_is_complete_free_of_nan_and_the_same_each_time() -> None:
    thin = run_of(rows({("en", "en"): [1, None]}), model="b")
    runs = [as_claimed(), thin, turned_round(as_claimed(model="c"))]
    table = hypotheses(runs)
    assert table == hypotheses(runs)
    assert [row[0] for row in table.rows] == [f"{row.number}. {row.claim}" for row in HYPOTHESES]
    for row in table.rows:
        assert len(row) == len(table.columns)
        assert all(cell == cell for cell in row)  # NaN is not itself
        assert "nan" not in " ".join(map(str, row)).lower()
    assert INTERVAL in table.columns


def test_corrected_p_is_holms() -> None:
    results = outcomes([as_claimed(), as_claimed(model="other")])
    lowest = min(one.finding.p or 1 for one in results)
    assert min(one.corrected or 1 for one in results) == pytest.approx(
        3 * lowest
    )  # of 1, 2 and 3: five languages cannot tell 4 to 6
    assert max(one.corrected or 0 for one in results) >= max(one.finding.p or 0 for one in results)


def test_what_the_unedited_model_gives_already_is_counted_and_left_out() -> None:
    run = run_of(
        [
            *rows({(None, "en"): [1, 0, 0], (None, "zh"): [0, 1, None]}),
            *rows({("en", "en"): [1, 1, 0], ("en", "zh"): [0, 1, 0]}),
            *rows({("en", "en"): [1, 0, 0]}, "old", "locality"),
        ]
    )
    known = {("f0", "en"), ("f1", "zh")}
    assert already_known(run) == known
    assert [row[2:] for row in already([run, run]).rows] == [
        ("en", 3, 1, pytest.approx(100 / 3)),
        ("zh", 2, 1, 50.0),
    ]
    left = without_known(run)
    assert already_known(left) == set()
    direct = [row for row in left.scored if row.kind == "direct"]
    assert len(direct) == 12 - 4
    assert not known & {(row.fact, row.test_lang) for row in direct}
    assert [row for row in left.scored if row.kind == "locality"] == run.scored[-3:]
    means = {(row["edit_lang"], row["test_lang"], row["kind"]): row["value"] for row in left.rows}
    assert [means[edit, test, "direct"] for edit in (None, "en") for test in ("en", "zh")] == [0, 0, 0.5, 0]
    assert left.notes[0].startswith("left out: 2 facts and languages whose new answer the unedited model")
    assert "all runs: 2." in hypotheses([run]).notes[-1]

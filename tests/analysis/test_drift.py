"""Drift from the unedited model, by hand."""

from typing import Any

import pytest

from mlake.errors import UnknownNameError
from mlake.records import Answer, Asked, Kind, Probe
from mlake.report.statistics.bootstrap import clustered_mean
from mlake.scorers.drift import drift_matrix, drift_rows, old_kept, similarity
from mlake.scorers.table import score_all


def asked(
    after: str,
    before: str | None,
    *,
    lang: str = "en",
    kind: Kind = "direct",
    probe_kind: Kind | None = None,
    old: tuple[str, ...] = ("Paris",),
    edit: str = "en",
    fact: str | None = "f0",
    name: str = "p",
) -> Asked:
    probe = Probe(name, fact, probe_kind or kind, lang, "?", ("Rome",), old)
    if before is None:
        return Asked(None, None, kind, probe, Answer(name, after, True), None)
    return Asked(edit, 0, kind, probe, Answer(name, after, True), Answer(name, before, True))


@pytest.mark.parametrize(
    ("lang", "before", "after", "expected"),
    [
        ("en", "It is in Paris", "It is in Rome", 2 * 3 / 8),
        ("en", "It is in Paris", "it  is in PARIS", 1),
        ("de", "Es liegt in Köln", "Es liegt nahe Köln", 2 * 3 / 8),
        ("fr", "à Paris", "À Rome", 2 / 4),
        ("ja", "東京です", "京都です", 2 * 3 / 8),  # 京, then です
        ("zh", "在北京", "在 东京", 2 * 2 / 6),
        ("zh", "北京", "", 0),
        ("en", "", "", 1),
    ],
)
def test_similarity_by_hand(lang: str, before: str, after: str, expected: float) -> None:
    assert similarity(asked(after, before, lang=lang)) == pytest.approx(expected)


def test_similarity_does_not_tire_of_frequent_words() -> None:
    """difflib's own shortcut drops words that recur in long texts."""
    before = " ".join(f"the {number}" for number in range(150))
    assert similarity(asked(f"{before} end", before)) == pytest.approx(2 * 300 / 601)


@pytest.mark.parametrize(
    ("lang", "old", "before", "after", "expected"),
    [
        ("en", ("Paris",), "In Paris.", "Paris, I think", 1),
        ("en", ("Paris",), "In Paris.", "In Rome.", 0),
        ("en", ("Paris",), "In Lyon.", "In Paris.", None),
        ("de", ("Köln",), "Köln", "Nein, in Bonn", 0),
        ("fr", ("Italie",), "en Italie", "l’Italie", 1),
        ("ja", ("東京",), "東京です", "京都です", 0),
        ("zh", ("巴黎",), "在巴黎。", "巴黎", 1),
        ("en", (), "In Paris.", "In Paris.", None),
    ],
)
def test_the_old_answer_is_kept_or_lost(
    lang: str, old: tuple[str, ...], before: str, after: str, expected: float | None
) -> None:
    assert old_kept(asked(after, before, lang=lang, old=old)) == expected


def test_questions_that_no_edit_should_touch_keep_their_accepted_answer() -> None:
    for kind in ("bridge", "locality", "multihop_before"):
        assert old_kept(asked("Rome", "in Rome", kind=kind, old=())) == 1
        assert old_kept(asked("Oslo", "in Rome", kind=kind, old=())) == 0
        assert old_kept(asked("Rome", "in Oslo", kind=kind, old=())) is None
    # A direct question about another fact accepts the new answer, which nobody has edited in.
    assert old_kept(asked("Rome", "Rome", kind="locality", probe_kind="direct")) is None
    assert old_kept(asked("Paris", "Paris", kind="locality", probe_kind="direct")) == 1


@pytest.mark.parametrize("kind", ["choice", "negation"])
def test_kinds_whose_answer_does_not_state_the_fact(kind: Kind) -> None:
    assert old_kept(asked("Paris", "Paris", kind=kind)) is None


def test_rows_are_of_edited_answers_only() -> None:
    rows = drift_rows([asked("x", None), asked("Rome", "Paris"), asked("A", "A", kind="choice")])
    assert [(row.scorer, row.value) for row in rows] == [
        ("similarity", 0.0),
        ("old_kept", 0.0),
        ("similarity", None),
        ("old_kept", None),
    ]
    assert {(row.edit_lang, row.batch, row.test_lang, row.fact) for row in rows} == {("en", 0, "en", "f0")}


def test_matrix_takes_unchanged_from_the_scores() -> None:
    """Two facts in de, asked in ja: one answer stays, one of three goes; locality stays."""
    answers: list[dict[str, Any]] = [
        {"after": "東京", "before": "東京", "fact": "f0"},
        {"after": "東京。", "before": "東京", "fact": "f0", "kind": "multihop"},
        {"after": "大阪", "before": "東京", "fact": "f1"},
        {"after": "京都", "before": "京都", "fact": None, "kind": "locality", "probe_kind": "direct"},
    ]
    every = [
        asked(one.pop("after"), one.pop("before"), lang="ja", edit="de", name=str(number), **one)
        for number, one in enumerate(answers)
    ]
    rows = score_all([asked("東京", None, lang="ja"), *every])
    (overall,) = drift_matrix(rows)
    assert (overall.edit_lang, overall.test_lang, overall.scorer) == ("de", "ja", "unchanged")
    assert overall.values == (1.0, 0.0, 0.0, 1.0)
    assert overall.clusters == ("fact f0", "fact f0", "fact f1", "probe 3")
    assert overall.mean == 0.5
    assert clustered_mean(overall.values, overall.clusters).clusters == 3
    (locality,) = drift_matrix(rows, kinds=("locality",))  # type: ignore[arg-type]
    assert locality.mean == 1.0
    (similar,) = drift_matrix(drift_rows(every), "similarity", kinds=("direct",))  # type: ignore[arg-type]
    assert similar.values == (1.0, 0.0)


def test_a_run_without_edits_has_no_drift() -> None:
    assert drift_rows([asked("Paris", None)]) == []
    assert drift_matrix(score_all([asked("Paris", None)])) == []


def test_unknown_language() -> None:
    with pytest.raises(UnknownNameError, match="unknown language 'xx'"):
        drift_rows([asked("a", "b", lang="xx")])

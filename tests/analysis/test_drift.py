"""Drift from the unedited model, by hand."""

import pytest

from mlake.errors import UnknownNameError
from mlake.records import Answer, Asked, Kind, Probe
from mlake.scorers.drift import old_kept, similarity
from mlake.scorers.table import score_all


def asked(
    after: str,
    before: str | None,
    *,
    lang: str = "en",
    kind: Kind = "direct",
    probe_kind: Kind | None = None,
    old: tuple[str, ...] = ("Paris",),
) -> Asked:
    probe = Probe("p", "f0", probe_kind or kind, lang, "?", ("Rome",), old)
    if before is None:
        return Asked(None, None, kind, probe, Answer(after, True), None)
    return Asked("en", 0, kind, probe, Answer(after, True), Answer(before, True))


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


def test_the_unedited_model_and_multiple_choice_have_no_drift() -> None:
    rows = score_all([asked("x", None), asked("Rome", "Paris"), asked("A", "A", kind="choice")])
    assert [
        (row.scorer, row.value) for row in rows if row.scorer in ("unchanged", "old_kept", "similarity")
    ] == [
        ("unchanged", None),
        ("old_kept", None),
        ("similarity", None),
        ("unchanged", 0.0),
        ("old_kept", 0.0),
        ("similarity", 0.0),
        ("unchanged", None),
        ("old_kept", None),
        ("similarity", None),
    ]


def test_unknown_language() -> None:
    with pytest.raises(UnknownNameError, match="unknown language 'xx'"):
        similarity(asked("a", "b", lang="xx"))

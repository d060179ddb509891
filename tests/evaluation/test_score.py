import pytest

from mlake.errors import UnknownNameError
from mlake.records import Answer, Asked, Kind, Probe
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import SCORERS, score_all, signature

NAMES = ("contains", "paper", "exact", "old", "old_paper", "unchanged")
ACCEPT = ("Gaelic football", "GAA football")
REJECT = ("football", "soccer", "US")


def asked(
    text: str,
    *,
    accept: tuple[str, ...] = ACCEPT,
    reject: tuple[str, ...] = REJECT,
    lang: str = "en",
    question: str = "Which sport does he play?",
    kind: Kind = "direct",
    probe_kind: Kind | None = None,
    before: str | None = None,
) -> Asked:
    probe = Probe("p1", "f1", probe_kind or kind, lang, question, accept, reject)
    earlier = None if before is None else Answer(before, True)
    edited, batch = (None, None) if earlier is None else ("en", 0)
    return Asked(edited, batch, kind, probe, Answer(text, True), earlier)


def value(scorer: str, one: Asked) -> float | None:
    return SCORERS[scorer].score(one)


@pytest.mark.parametrize(
    ("text", "contains", "paper", "exact", "old"),
    [
        ("Gaelic football", 1, 1, 1, 0),
        ("He plays gaelic football.", 1, 0, 0, 0),
        ("It is Gaelic football, no longer soccer.", 0, 1, 0, 1),
        ("Soccer", 0, 0, 0, 1),
        ("Gaelic football, a kind of football", 0, 1, 0, 1),
        ("GAA football!\nWhat else?", 1, 1, 1, 0),
        ("chess, as used before", 0, 0, 0, 0),
        ("", 0, 0, 0, 0),
    ],
)
def test_the_rules_on_one_question(text: str, contains: int, paper: int, exact: int, old: int) -> None:
    got = {name: value(name, asked(text)) for name in ("contains", "paper", "exact", "old")}
    assert got == {"contains": contains, "paper": paper, "exact": exact, "old": old}


@pytest.mark.parametrize(
    ("lang", "accept", "reject", "text", "contains", "old"),
    [
        ("en", ("Austria",), ("United States", "US"), "Austria uses the euro", 1, 0),
        ("de", ("Vereinigtes Königreich",), ("Deutschland",), "Teil des Vereinigten Königreichs", 1, 0),
        ("de", ("Kanada",), ("Vereinigte Staaten",), "aus den Vereinigten Staaten", 0, 1),
        ("fr", ("Italie",), ("France",), "Il vient de l’Italie.", 1, 0),
        ("fr", ("Italie",), ("France",), "de la France à l'Italie", 0, 1),
        ("ja", ("カナダ",), ("アメリカ合衆国", "アメリカ", "米"), "カナダ（米の隣）", 1, 0),
        ("ja", ("カナダ",), ("アメリカ合衆国", "アメリカ"), "アメリカです", 0, 1),
        ("zh", ("盖尔式足球",), ("足球",), "他踢盖尔式足球。", 1, 0),
        ("zh", ("意大利",), ("法国",), "不是意大利，是法国。", 0, 1),
    ],
)
def test_all_languages(
    lang: str, accept: tuple[str, ...], reject: tuple[str, ...], text: str, contains: int, old: int
) -> None:
    one = asked(text, accept=accept, reject=reject, lang=lang)
    assert (value("contains", one), value("old", one)) == (contains, old)


def test_old_names_that_the_question_gives_do_not_count() -> None:
    question = "In which city is the University of Cambridge now?"
    reject = ("Cambridge", "Silicon Fen")
    text = "The University of Cambridge is in Oslo"
    repeats = asked(text, accept=("Oslo",), reject=reject, question=question)
    assert value("contains", repeats) == 1
    assert value("old", repeats) == 0
    other = asked("Oslo, not the Silicon Fen", accept=("Oslo",), reject=reject, question=question)
    assert (value("contains", other), value("old", other)) == (0, 1)
    blind = asked("Cambridge", accept=("Oslo",), reject=("Cambridge",), question=question)
    assert value("old", blind) is None


def test_unchanged_compares_raw_texts() -> None:
    assert value("unchanged", asked("Rome")) is None
    assert value("unchanged", asked("Rome", before="Rome")) == 1
    assert value("unchanged", asked("Rome", before="rome")) == 0


def test_what_a_question_without_names_can_tell() -> None:
    bare = asked("Rome", accept=(), reject=(), before="Rome")
    assert [value(name, bare) for name in NAMES] == [None, None, None, None, None, 1]


def test_a_fact_outside_the_batch_has_no_right_answer_but_an_old_one() -> None:
    outside = asked("soccer", kind="locality", probe_kind="direct", before="soccer")
    assert {name: value(name, outside) for name in NAMES} == {
        "contains": None,
        "paper": None,
        "exact": None,
        "old": 1,
        "old_paper": 1,
        "unchanged": 1,
    }


def test_a_locality_question_of_its_own_is_scored_by_its_answers() -> None:
    own = asked("Paris.", kind="locality", accept=("Paris",), reject=(), before="Paris")
    assert [value(name, own) for name in NAMES] == [1, 1, 1, None, None, 0]


def test_multiple_choice_is_not_scored() -> None:
    assert {value(name, asked("A", kind="choice", before="A")) for name in SCORERS} == {None}


def test_paper_is_raw_containment() -> None:
    assert value("paper", asked("used", accept=("United States", "us"))) == 1
    assert value("paper", asked("USED", accept=("us",))) == 0
    assert value("paper", asked("anything", accept=("", "x y"))) == 0


@pytest.mark.parametrize(
    ("lang", "reject", "text", "scored"),
    [
        ("en", ("United Kingdom", "UK"), "in the UK", 1),
        ("en", ("United Kingdom", "us"), "used", 1),
        ("de", ("Vereinigtes Königreich",), "des Vereinigten Königreichs", 0),
        ("fr", ("Royaume-Uni",), "au royaume-uni", 0),
        ("ja", ("タイ",), "スタイル", 1),
        ("zh", ("英国", "联合王国"), "他来自联合王国。", 1),
        ("zh", ("", "英国"), "法国", 0),
    ],
)
def test_old_paper_is_raw_containment_of_the_old_answer(
    lang: str, reject: tuple[str, ...], text: str, scored: int
) -> None:
    assert value("old_paper", asked(text, accept=("Rome",), reject=reject, lang=lang)) == scored


def test_old_paper_counts_what_the_question_gives() -> None:
    one = asked("Cambridge", accept=("Oslo",), reject=("Cambridge",), question="Where is Cambridge?")
    assert (value("old", one), value("old_paper", one)) == (None, 1)


def test_exact_keeps_articles() -> None:
    assert value("exact", asked("the United States", accept=("United States",))) == 0
    assert value("exact", asked('\n\n"united states."', accept=("United States",))) == 1


def test_score_all_keeps_order_and_keys() -> None:
    rows = score_all([asked("soccer", before="chess"), asked("chess")])
    assert rows[0] == ScoredRow("en", 0, "direct", "p1", "f1", "en", "contains", 0.0)
    assert [row.scorer for row in rows] == [*SCORERS, *SCORERS]
    assert rows[0].asked is not None and rows[0].asked.answer.text == "soccer"
    (same,) = [row for row in rows[len(SCORERS) :] if row.scorer == "unchanged"]
    assert (same.value, same.edit_lang) == (None, None)
    assert score_all([]) == []


def test_signatures() -> None:
    assert [signature(name) for name in ("contains", "entropy", "nll")] == [
        "contains|v3",
        "entropy|v2",
        "nll|v1",
    ]
    with pytest.raises(UnknownNameError, match=r"unknown scorer 'contain'.*Did you mean 'contains'"):
        signature("contain")

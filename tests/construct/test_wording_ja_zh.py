"""The Japanese and Chinese wording: marks of punctuation, titles, two hops, towns of a famous name."""

import re

import pytest

from mlake.construct.kinds import ENTITY_KINDS
from mlake.construct.relations import read_relations
from mlake.construct.wording import Named, read_wording

PERSON = Named("Q1", "person", "甲")
HAMLET = Named("Q3", "book", "ハムレット")
HARVARD, CAMBRIDGE = Named("Q13371", "school", "ハーバード大学"), Named("Q49111", "city", "ケンブリッジ")


def templates(lang: str) -> list[tuple[str, str]]:
    """What a wording holds: questions and sentences, each with what it must end in."""
    rows = read_wording(lang).relations.values()
    questions = [text for row in rows for text in (row.question, row.hop, *row.paraphrases)]
    return [(text, "？") for text in questions] + [(row.sentence, "。") for row in rows]


@pytest.mark.parametrize("lang", ["ja", "zh"])
def test_every_text_ends_as_the_script_wants_it_and_has_no_blank_or_ascii_mark(lang: str) -> None:
    for text, end in templates(lang):
        assert text.endswith(end), text
        assert not re.search(r"[ ,.?!:;()\"']", re.sub(r"\{\w+\}", "", text)), text


@pytest.mark.parametrize("lang", ["ja", "zh"])
def test_no_two_questions_about_a_fact_are_the_same(lang: str) -> None:
    for (relation, kind), row in read_wording(lang).relations.items():
        asked = (row.question, *row.paraphrases)
        assert len(asked) == 3 == len(set(asked)), (relation, kind)


def test_works_stand_in_the_brackets_of_titles() -> None:
    assert read_wording("ja").question("P50", HAMLET) == "『ハムレット』の作者は誰ですか？"
    assert read_wording("zh").question("P50", HAMLET) == "《ハムレット》的作者是谁？"
    series = Named("Q4803535", "game", "マリオシリーズ")
    assert read_wording("ja").question("P178", series) == "マリオシリーズを開発した企業はどこですか？"


def test_questions_over_two_hops_hold_the_first_as_a_noun_phrase() -> None:
    japanese, chinese = read_wording("ja"), read_wording("zh")
    assert (
        japanese.two_hop("P50", HAMLET, "P20", "person")
        == "『ハムレット』の作者はどの都市で亡くなりましたか？"
    )
    assert japanese.two_hop("P19", PERSON, "P17", "city") == "甲の出生地は、現在のどの国にありますか？"
    assert chinese.two_hop("P108", PERSON, "P159", "school") == "甲工作过的单位位于哪座城市？"
    assert chinese.two_hop("P108", PERSON, "P159", "company") == "甲工作过的单位的总部位于哪座城市？"


def test_towns_and_bands_whose_name_says_too_little_carry_a_word() -> None:
    assert read_wording("ja").sentence("P131", HARVARD, CAMBRIDGE) == (
        "ハーバード大学はマサチューセッツ州ケンブリッジにあります。"
    )
    the_who = Named("Q93346", "band", "谁人")
    assert read_wording("zh").sentence("P463", PERSON, the_who) == "甲是谁人乐队的成员。"


@pytest.mark.parametrize("lang", ["ja", "zh"])
def test_every_relation_is_worded_and_every_kind_is_one(lang: str) -> None:
    wording = read_wording(lang)
    assert [one for one in read_relations() if not wording.has(one)] == []
    named = {kind for _, kind in wording.relations if kind} | set(wording.kinds)
    assert named <= set(ENTITY_KINDS)

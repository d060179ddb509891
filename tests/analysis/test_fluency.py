import math

import pytest

from mlake.scorers.fluency import empty, entropy, length, repetition, units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The US, in 1990.", ["The", "US", ",", "in", "1990", "."]),
        ("Jürgens US-Auto kostet 10 €", ["Jürgens", "US-Auto", "kostet", "10", "€"]),
        ("l’Italie d'E\u0301tretat !", ["l’Italie", "d'Étretat", "!"]),
        ("NHKは東京です。", ["NHK", "は", "東", "京", "で", "す", "。"]),
        ("他住在纽约，BBC说", ["他", "住", "在", "纽", "约", "，", "BBC", "说"]),
        ("ｶﾅ ー 々\u200b〇", ["ｶ", "ﾅ", "ー", "々", "〇"]),
        ("한국 Россия 🙂🙂 _", ["한국", "Россия", "🙂", "🙂", "_"]),
        (" \n\u200b", []),
        ("वह हिन्दी में है।", ["वह", "हिन्दी", "में", "है", "।"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("বাংলা ভাষা", ["বাংলা", "ভাষা"]),
        ("كَتَبَ الكِتاب", ["كَتَبَ", "الكِتاب"]),
        ("เมืองไทย BBC", ["เมื", "อ", "ง", "ไท", "ย", "BBC"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("ភាសាខ្មែរ", ["ភា", "សា", "ខ្", "មែ", "រ"]),
    ],
)
def test_units_of_every_script(text: str, expected: list[str]) -> None:
    assert units(text) == expected


def test_entropy_by_hand() -> None:
    # "a b a b a": bigrams ab 2/4, ba 2/4; trigrams aba 2/3, bab 1/3
    h2 = 1.0
    h3 = -(2 / 3) * math.log2(2 / 3) - (1 / 3) * math.log2(1 / 3)
    assert entropy("a b a b a") == pytest.approx((2 / 3 * h2 + 4 / 3 * h3) / 2)
    # all different: log2 of how many there are
    assert entropy("one two three four five") == pytest.approx((math.log2(4) + 2 * math.log2(3)) / 3)
    assert entropy("no no no no no no") == 0


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("one two three four", 0),
        ("no no no no no", 2 / 3),  # three trigrams, one of them new
        ("BBC, BBC, BBC", 1 / 3),
        ("小さな小さな", 1 / 4),
        ("纽约州纽约州纽约州", 4 / 7),
        ("der Hund der Hund der Hund", 2 / 4),
        ("l'île, l'île, l'île", 1 / 3),
    ],
)
def test_repetition_by_hand(text: str, share: float) -> None:
    assert repetition(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", " ", "Paris", "Los Angeles", "東京", "。", "\ud800"])
def test_nothing_is_said_of_short_answers(text: str) -> None:
    assert entropy(text) is None and repetition(text) is None


@pytest.mark.parametrize(("text", "count"), [("東京です", 4), ("...", 3), ("Paris, France", 3), ("", 0)])
def test_length_counts_units(text: str, count: int) -> None:
    assert length(text) == count


@pytest.mark.parametrize(("text", "is_empty"), [("", 1), ("?!", 1), ("🙂", 1), ("5", 0), ("鳥", 0), ("é", 0)])
def test_empty_is_without_letter_and_digit(text: str, is_empty: int) -> None:
    assert empty(text) == is_empty

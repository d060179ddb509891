import pytest

from mlake.data.subjects.recover import Clues, recover, version
from mlake.data.subjects.words import tokenise
from mlake.languages import language


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (
            "en",
            "Was Mimi Rogers' wife Hilbert's?",
            ["was", "mimi", "rogers", "'", "wife", "hilbert", "'s", "?"],
        ),
        ("en", "Burton Albion F.C. and Windows 3.1x", ["burton", "albion", "f.c.", "and", "windows", "3.1x"]),
        ("de", "Papst Urban VII., der „Fromme“", ["papst", "urban", "vii", ",", "der", '"', "fromme", '"']),
        ("fr", "D’où vient l'équipe de N'Zogbia", ["d'", "où", "vient", "l'", "équipe", "de", "n'zogbia"]),
        ("ja", "ジャック・カービーはFCの3世", ["ジャック・カービー", "は", "fc", "の", "3", "世"]),
        ("zh", "图-95是Ju 88？", ["图", "-", "95", "是", "ju", "88", "？"]),
    ],
)
def test_tokens(code, text, expected):
    found = tokenise(text, language(code))
    assert [token.text for token in found] == expected


def test_tokens_keep_their_place_and_skip_invisible_marks():
    text = "\u200e東京\u200fは"
    assert [text[token.start : token.end] for token in tokenise(text, language("ja"))] == ["東", "京", "は"]


TEMPLATES = {
    "en": [
        ("Where was {} born?", "{} was born in {}."),
        ("Which country does {} come from?", "{} comes from {}."),
    ],
    "de": [
        ("Wo wurde {} geboren?", "{} wurde in {} geboren."),
        ("Aus welchem Land stammt {}?", "{} stammt aus {}."),
    ],
    "fr": [
        ("Où {} est-il né ?", "{} est né à {}."),
        ("De quel pays {} est-il citoyen ?", "{} est citoyen de {}."),
    ],
    "ja": [
        ("{}が生まれた場所はどこですか？", "{}が生まれた場所は{}です。"),
        ("{}の出身国は何ですか？", "{}の出身国は{}です。"),
    ],
    "zh": [("{}的出生地是哪个城市？", "{}的出生地是{}。"), ("{}来自哪个国家？", "{}来自{}。")],
}
LATIN = [
    "Ada Quill", "Bo van Lind", "Cyra", "Dorn Abel Vask", "Eno of Marle", "Fen Otis", "Gil Rask", "Hale IX",
    "Ivo Tarn", "Jun Pell", "Kai Orme", "Lio Fenn", "Mara Stoll", "Nils Ek", "Ola Brandt", "Pia Voss",
]  # fmt: skip
KANA = [
    "エイダ・クイル", "ボー・リンド", "サイラ", "ドーン・ヴァスク", "荒木健二", "フェン・オティス",
    "ギル・ラスク", "ヘイル9世", "山口花子", "ジュン・ペル", "カイ・オーム", "リオ・フェン",
    "マラ・ストール", "ニルス・エク", "オラ・ブラント", "ピア・ヴォス",
]  # fmt: skip
HAN = [
    "艾达·奎尔", "博·林德", "赛拉", "多恩·瓦斯克", "王小明", "芬·奥蒂斯", "吉尔·拉斯克", "黑尔九世",
    "伊沃·塔恩", "俊·佩尔", "凯·奥姆", "里奥·芬恩", "玛拉·斯托尔", "尼尔斯·埃克", "奥拉·布兰特", "皮娅·福斯",
]  # fmt: skip
NAMES = {"en": LATIN, "de": LATIN, "fr": LATIN, "ja": KANA, "zh": HAN}


def clues(code: str) -> list[Clues]:
    listed = []
    for number, name in enumerate(NAMES[code]):
        question, sentence = TEMPLATES[code][number % 2]
        answers = ("Oslo", "Rome")
        listed.append(
            Clues(
                question.format(name), tuple(sentence.format(name, answer) for answer in answers), (), answers
            )
        )
    return listed


@pytest.mark.parametrize("code", ["en", "de", "fr", "ja", "zh"])
def test_names_in_shared_templates_are_found(code):
    found = recover({code: clues(code)})[code]
    right = [got.subject == name for got, name in zip(found, NAMES[code], strict=True)]
    assert sum(right) >= 15


def test_it_is_deterministic_and_verbatim():
    everything = {code: clues(code) for code in NAMES}
    first = recover(everything)
    assert first == recover(everything)
    for code, listed in everything.items():
        for got, one in zip(first[code], listed, strict=True):
            assert got.subject is not None
            assert got.subject in one.question


def test_articles_honorifics_and_quotes_stay_outside():
    extra = {
        "en": [Clues('Who wrote "The Grey Gull"?', ('"The Grey Gull" was written by Ann.',), (), ("Ann",))],
        "ja": [
            Clues(
                "マラ・ケルンさんの出身国は何ですか？",
                ("マラ・ケルンさんの出身国は日本です。",),
                (),
                ("日本",),
            )
        ],
    }
    found = recover({code: clues(code) + extra[code] for code in extra})
    assert found["en"][-1].subject == "The Grey Gull"
    assert found["ja"][-1].subject == "マラ・ケルン"


def test_related_questions_decide():
    question, sentence = "Which city hosts the Vask Lark tower?", "The Vask Lark tower stands in Oslo."
    row = Clues(question, (sentence,), ("Who built the Vask Lark tower?",), ("Oslo", "Rome"))
    assert "Vask Lark" in str(recover({"en": [*clues("en"), row]})["en"][-1].subject)


def test_a_question_without_a_name_is_never_sure():
    row = Clues("what is it?", ("it is here.",), (), ("here", "there"))
    assert not recover({"en": [*clues("en"), row]})["en"][-1].sure


def test_empty_input():
    assert recover({"en": [Clues("?")], "zh": [Clues("？")]})["en"][0].subject is None


def test_version_follows_the_languages():
    assert version(("en",)) != version(("en", "de"))

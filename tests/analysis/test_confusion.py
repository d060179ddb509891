from dataclasses import replace

import pytest

from mlake.analysis.perplexity import held_out
from mlake.errors import UnknownNameError
from mlake.languages import LANGUAGES
from mlake.languages.identify import in_language, told
from mlake.records import Answer, Asked, Probe
from mlake.scorers.language import confusion

LANGS = ("en", "de", "fr", "ja", "zh")


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("The capital is Paris.", "en"),
        ("He was born in München.", "en"),
        ("the United States of America", "en"),
        ("It’s in the north", "en"),
        ("Er wurde in New York geboren", "de"),
        ("die Hauptstadt des Landes", "de"),
        ("Sie ist Schauspielerin", "de"),
        ("DIE STADT IST GROSS", "de"),
        ("La capitale de la France est Paris.", "fr"),
        ("Dans le pays de la mer", "fr"),
        ("L’auteur est né à Tours", "fr"),
        ("カナダ", "ja"),
        ("東京です", "ja"),
        ("ｶﾅﾀﾞ", "ja"),
        ("Anna BergはBobの友人", "ja"),
        ("他の目的で存在していました", "ja"),
        ("駅", "ja"),
        ("纽约", "zh"),
        ("他在法国出生，是作家", "zh"),
        ("Anna的朋友是Bob，他是医生", "zh"),
        ("這是他們的城市", "zh"),  # either way of writing
        ("這是他们的城市", "zh"),  # or both
    ],
)
def test_told_of_all(text: str, lang: str) -> None:
    assert told(text) == lang
    assert [in_language(text, one) for one in LANGS] == [one == lang for one in LANGS]


@pytest.mark.parametrize(
    "text",
    ["", " ", "🙂🙂", "1990", "10.5 %", "…?!", "\ud800", "�"],
)
def test_nothing_to_tell(text: str) -> None:
    assert [in_language(text, lang) for lang in LANGS] == [None] * 5


@pytest.mark.parametrize(
    "name",
    [
        "Paris", "BBC", "Los Angeles", "Ursula von der Leyen", "Rio de la Plata", "Charles de Gaulle",
        "Jürgen Müller", "Die Hard", "Le Monde", "O'Brien", "Stan Lee, Stan Lee, Stan Lee, Stan Lee",
    ],
)  # fmt: skip
def test_latin_names_may_be_any_language(name: str) -> None:
    assert [in_language(name, lang) for lang in ("en", "de", "fr")] == [None] * 3


def test_short_latin_names_may_stand_in_unspaced_text() -> None:
    for lang in ("ja", "zh"):
        assert in_language("BBC", lang) is None
        assert in_language("Google, Google, Google, Google, Google", lang) is None
        assert in_language("San Antonio, Texas, United States", lang) is False
        assert in_language("The Beatles は" if lang == "ja" else "The Beatles 乐队", lang) is True


@pytest.mark.parametrize("name", ["中国", "東京", "王毅", "1990年10月"])
def test_shared_ideographs_tell_only_the_script(name: str) -> None:
    assert in_language(name, "ja") is None and in_language(name, "zh") is None
    assert [in_language(name, lang) for lang in ("en", "de", "fr")] == [False] * 3


@pytest.mark.parametrize("text", ["Россия", "서울", "القاهرة"])
def test_other_scripts_are_no_language_of_ours(text: str) -> None:
    assert [in_language(text, lang) for lang in LANGS] == [False] * 5


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("In der Stadt und the capital of", "de", None),
        ("Es ist the United States of America", "de", None),
        ("Le pays, in which he was born, est un", "fr", None),
        ("アメリ is the country of the people, which was", "ja", None),
        ("Acme Incorporated的开发人员", "zh", True),
        ("医生、老师、画家", "ja", False),
        ("The answer is 東京", "en", True),
        ("The answer is 東京", "ja", False),
    ],
)
def test_mixed(text: str, lang: str, expected: bool | None) -> None:
    assert in_language(text, lang) is expected


@pytest.mark.parametrize("lang", LANGS)
def test_ordinary_sentences(lang: str) -> None:
    """All held-out sentences are told right, or not at all."""
    found = [told(text) for text in held_out(lang)]
    assert set(found) <= {lang, None} and found.count(lang) >= 11


def test_a_language_without_words_is_told_by_script_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = replace(LANGUAGES["fr"], code="it", words=(), particles=(), elisions=())
    monkeypatch.setitem(LANGUAGES, "it", bare)
    in_language.cache_clear()
    assert in_language("La capitale de la France est Paris", "it") is None
    assert in_language("東京です", "it") is False
    assert in_language("La capitale de la France est Paris", "fr") is True
    in_language.cache_clear()


def test_values() -> None:
    def asked(text: str) -> Asked:
        probe = Probe("p1", "f1", "direct", "de", "?", ("x",))
        return Asked("zh", 2, "direct", probe, Answer(text, True), None)

    assert [confusion(asked(text)) for text in ("Er ist es", "He is it", "Bonn")] == [1, 0, None]


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="unknown language 'xx'"):
        in_language("text", "xx")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_everyday_sentence_is_told_to_be_in_another_language(lang: str) -> None:
    found = [told(text) for text in held_out(lang)]
    assert set(found) <= {lang, None} and found.count(lang) >= 6
    assert not [text for text in held_out(lang) if in_language(text, lang) is False]


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("La ville de Lyon, en France.", "fr", True),  # French or Spanish by its small words
        ("La ville de Lyon, en France.", "de", False),
        ("Vive en La Habana.", "es", True),
        ("Hij is in Amsterdam.", "nl", True),
        ("Hij is in Amsterdam.", "en", False),
        ("Die Arbeit in der Stadt", "de", True),
        ("เมืองหลวงคือปารีส", "th", True),
        ("เมืองหลวงคือปารีส", "en", False),
        ("수도는 파리입니다", "ko", True),
        ("수도는 파리입니다", "ja", False),
        ("The answer is 서울", "en", True),
        ("वह दिल्ली में रहता है।", "hi", True),
        ("ولد في القاهرة عام 1950", "ar", True),
        ("القاهرة", "ar", None),
        ("Он родился в Москве", "ru", True),
        ("Москва", "ru", None),  # Ukrainian and others are written so too
        ("Helsinki on Suomen pääkaupunki", "fi", None),  # no file: only the script tells
        ("東京です", "fi", False),
    ],
)
def test_further_languages(text: str, lang: str, expected: bool | None) -> None:
    assert in_language(text, lang) is expected

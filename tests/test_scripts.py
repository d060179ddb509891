"""Names in scripts, by rows of no more than endings: the cases behind ``Script.tested``."""

import re
from itertools import chain
from pathlib import Path

import pytest

from mlake.errors import LanguageError, UnknownNameError
from mlake.languages import LANGUAGES, Language
from mlake.records import Answer, Asked, Probe
from mlake.scorers.names import contains, exact, old, paper
from mlake.scorers.table import score_all
from mlake.scripts import SCRIPTS
from mlake.text import contains_name, find_names, same_name

ROWS = {
    "th": Language("th", "Thai", "Thai"),
    "ko": Language("ko", "Korean", "Kore"),
    "ru": Language("ru", "Russian", "Cyrl", endings=("а", "е", "у", "ом", "ы", "и", "й", "ей")),
    "el": Language("el", "Greek", "Grek", endings=("ς", "υ", "ν")),
    "zht": Language("zht", "Traditional Chinese", "Hant"),
    "bn": Language("bn", "Bengali", "Beng"),
    "ar": Language("ar", "Arabic", "Arab"),
    "hi": Language("hi", "Hindi", "Deva"),
}

FOUND = {
    "th": [
        ("เมืองหลวงคือปารีสครับ", "ปารีส"),
        ("ปารีส", "ปารีส"),
        ("กรุงปารีสเป็นเมืองหลวงของฝรั่งเศส", "ฝรั่งเศส"),
        ("เขาเกิดที่ประเทศจีนในปี 1990", "จีน"),
        ("ลาวและไทย", "ลาว"),
        ("ลาวและไทย", "ไทย"),
        ("เขาทำงานที่BBCครับ", "BBC"),
        ("คำตอบ: “โตเกียว”", "โตเกียว"),
        ("บารัก โอบามา เป็นประธานาธิบดี", "บารัก โอบามา"),
        ("ปา\u200bรีส", "ปารีส"),
        ("ประเทศญี่ปุ่นค่ะ", "ญี่ปุ่น"),
        ("ในกัมพูชา(เขมร)", "กัมพูชา"),
        ("ประเทศน\u0e4d\u0e32", "น\u0e33"),
        ("มหาวิทยาลัยฮาร์วาร์ดในสหรัฐอเมริกา", "ฮาร์วาร์ด"),
    ],
    "ko": [
        ("파리입니다", "파리"),
        ("파리", "파리"),
        ("수도는 파리이다.", "파리"),
        ("수도는 파리다.", "파리"),
        ("그는 파리에서 태어났다", "파리"),
        ("파리에서는 그렇다", "파리"),
        ("파리의 수도", "파리"),
        ("한국과 일본은", "한국"),
        ("한국과 일본은", "일본"),
        ("BBC에서 일한다", "BBC"),
        ("미국으로부터", "미국"),
        ("버락 오바마는 대통령이었다", "버락 오바마"),
        ("정답: “서울”", "서울"),
        ("서울(首尔)이에요", "서울"),
        ("파리".encode().decode() + "\u200b입니다", "파리"),
        ("\u1111\u1161\u1105\u1175입니다", "파리"),
    ],
    "ru": [
        ("Париж.", "Париж"),
        ("Столица — париж", "Париж"),
        ("Он родился в Париже", "Париж"),
        ("с Парижем и Лондоном", "Лондон"),
        ("ПАРИЖ!", "Париж"),
        ("Санкт-Петербург", "Санкт-Петербург"),
        ("«Москва»", "Москва"),
        ("В Нью-Йорке", "Нью-Йорк"),
        ("Он работает в BBC.", "BBC"),
        ("Ответ:Париж", "Париж"),
        ("СССР распался", "СССР"),
        ("и\u0306од — это Йод", "йод"),
        ("в Кот-д’Ивуаре", "Кот-д'Ивуар"),
    ],
    "el": [
        ("Η πρωτεύουσα είναι το Παρίσι.", "Παρίσι"),
        ("ΠΑΡΊΣΙ", "Παρίσι"),
        ("του Παρισιού", "Παρισιού"),
        ("ο Σωκράτης", "Σωκράτης"),
        ("Ο ΣΩΚΡΆΤΗΣ", "Σωκράτης"),
        ("στη Νέα Υόρκη;", "Νέα Υόρκη"),
        ("«Ελλάδα»", "Ελλάδα"),
        ("της Γερμανίας", "Γερμανία"),
        ("στο BBC", "BBC"),
        ("Αι\u0301γυπτος", "Αίγυπτος"),
    ],
    "zht": [
        ("首都是巴黎。", "巴黎"),
        ("他是義大利人", "義大利"),
        ("貝拉克·歐巴馬", "貝拉克歐巴馬"),
        ("貝拉克歐巴馬", "貝拉克・歐巴馬"),
        ("在BBC工作", "BBC"),
        ("義\u200b大利", "義大利"),
        ("出生於臺灣（中華民國）", "臺灣"),
        ("守門員（冰球）。", "守門員(冰球)"),
    ],
    "ar": [
        ("ولد في باريس.", "باريس"),
        ("بين لندن وباريس", "باريس"),
        ("يعيش بباريس", "باريس"),
        ("سافر لباريس", "باريس"),
        ("في القاهرة", "القاهرة"),
        ("سافر للقاهرة", "القاهرة"),
        ("وبالقاهرة", "القاهرة"),
        ("يعمل في BBC", "BBC"),
    ],
    "hi": [
        ("राजधानी पेरिस है।", "पेरिस"),
        ("दिल्ली में", "दिल्ली"),
        ("चीन का", "चीन"),
        ("उत्तर: “भारत”", "भारत"),
        ("वह BBC में है", "BBC"),
        ("रूस।", "रूस"),
    ],
}
MISSED = {
    "th": [
        ("ลาวา", "ลาว"),  # lava
        ("จีนี่", "จีน"),  # a genie
        ("เกาหลี", "กา"),
        ("แคนาดา", "คน"),
        ("ประเทศไท", "ไทย"),
        ("ในCBBC", "BBC"),
        ("โตเกียว", "กัมพูชา"),
        ("โรมาเนีย", "โรม"),
    ],
    "ko": [
        ("파리채를 샀다", "파리"),  # a fly swatter
        ("인도네시아", "인도"),
        ("미국인이다", "미국"),
        ("북한국가", "한국"),
        ("서울대학교", "서울"),
        ("남아프리카", "아프리카"),
        ("한국은행", "한국"),
        ("CBBC에서", "BBC"),
        ("도쿄입니다", "교토"),
    ],
    "ru": [
        ("Парижанин", "Париж"),
        ("парижский", "Париж"),
        ("ПодПариж", "Париж"),
        ("СССРовский", "СССР"),
        ("Римма", "Рим"),
        ("Римом", "Рим"),  # a name of three letters takes no ending
        ("Индонезия", "Индия"),
        ("ABBC", "BBC"),
    ],
    "el": [("Παρισινός", "Παρίσι"), ("Ινδονησία", "Ινδία"), ("Ρωμαίος", "Ρώμη"), ("υπερΕλλάδα", "Ελλάδα")],
    "zht": [("在CBBC工作", "BBC"), ("義大", "義大利"), ("北京", "東京")],
    "ar": [("هو إيراني", "إيران"), ("في رومانيا", "روما"), ("العثمانيين", "عمان")],
    "hi": [
        ("चीनी", "चीन"),
        ("रोमानिया", "रोम"),
        ("प्राचीन", "चीन"),
        ("भारतीय", "भारत"),
        ("दिल्लीवाला", "दिल्ली"),
    ],
}


@pytest.fixture(autouse=True)
def languages(monkeypatch: pytest.MonkeyPatch) -> None:
    for code, row in ROWS.items():
        monkeypatch.setitem(LANGUAGES, code, row)


def cases(table: dict[str, list[tuple[str, str]]]) -> list[tuple[str, str, str]]:
    return [(lang, *case) for lang, rows in table.items() for case in rows]


@pytest.mark.parametrize(("lang", "text", "name"), cases(FOUND))
def test_a_name_is_found(lang: str, text: str, name: str) -> None:
    assert contains_name(text, [name], lang)


@pytest.mark.parametrize(("lang", "text", "name"), cases(MISSED))
def test_a_name_is_not_found_in_another(lang: str, text: str, name: str) -> None:
    assert not contains_name(text, [name], lang)


def test_every_tested_script_has_cases() -> None:
    here = {ROWS[lang].script for lang in chain(FOUND, MISSED)}
    in_text = {LANGUAGES[lang].script for lang in ("en", "de", "fr", "ja", "zh")}
    assert {code for code, row in SCRIPTS.items() if row.tested} == here | in_text
    assert all(len(FOUND[lang]) + len(MISSED[lang]) >= 10 for lang in FOUND)


@pytest.mark.parametrize(
    ("lang", "text", "alias", "found"),
    [
        ("ko", "미국입니다", "미국", True),
        ("ko", "김입니다", "김", False),
        ("th", "จีนครับ", "จีน", True),
        ("ru", "в РФ", "РФ", False),
        ("hi", "चीन में", "चीन", True),
        ("ar", "في صن", "صن", False),
    ],
)
def test_which_aliases_are_too_short(lang: str, text: str, alias: str, found: bool) -> None:
    assert contains_name(text, ["something else", alias], lang) is found


def test_a_main_name_of_one_syllable_stands_alone() -> None:
    assert contains_name("김이 말했다", ["김"], "ko") and not contains_name("김치", ["김"], "ko")


def test_names_alone_and_where_they_stand() -> None:
    assert same_name("「ปารีส」", "ปารีส", "th") and same_name("파리.", "파리", "ko")
    assert not same_name("파리입니다", "파리", "ko")
    assert [span[:2] for span in find_names("파리와 파리는", ["파리"], "ko")] == [(0, 3), (4, 7)]


def asked(lang: str, text: str, new: str, before: str = "") -> Asked:
    probe = Probe("p", "f", "direct", lang, "?", (new,), (before,) if before else ())
    return Asked(lang, 0, "direct", probe, Answer(text, True), Answer("", True))


def test_scorers_refuse_what_is_not_tested(caplog: pytest.LogCaptureFixture) -> None:
    one = asked("bn", "রাজধানী প্যারিস", "প্যারিস", "রোম")
    why = (
        "^names cannot be told in Bengali .bn.: no tested rule says how they are bounded in Bengali script; "
    )
    for scorer in (contains, exact, old):
        with pytest.raises(LanguageError, match=why) as caught:
            scorer(one)
        assert "\n" not in str(caught.value)
    assert paper(one) == 1
    named = ("contains", "paper", "exact", "old", "old_paper", "unchanged")
    values = {row.scorer: row.value for row in score_all([one, one]) if row.scorer in named}
    assert values == {
        "contains": None, "paper": 1, "exact": None, "old": None, "old_paper": 0, "unchanged": 0,
    }  # fmt: skip
    said = [record.getMessage() for record in caplog.records]
    assert [text.split(" names ")[0] for text in said] == [
        "contains says nothing:", "exact says nothing:", "old says nothing:", "old_kept says nothing:",
    ]  # fmt: skip


def test_a_language_without_a_file_is_refused_and_asked_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = asked("fi", "Hän asuu Helsingissä.", "Helsinki", "Turku")
    values = {row.scorer: row.value for row in score_all([one])}
    assert (values["contains"], values["exact"], values["old"], values["paper"]) == (None, None, None, 0)
    why = "names cannot be told in Finnish (fi): it has no file that says how they are inflected; score by"
    assert f"contains says nothing: {why}" in caplog.text


@pytest.mark.parametrize(("lang", "text", "new"), [("th", "คือปารีสครับ", "ปารีส"), ("ko", "파리입니다", "파리")])
def test_what_is_tested_is_scored(lang: str, text: str, new: str) -> None:
    assert {row.scorer: row.value for row in score_all([asked(lang, text, new)])}["contains"] == 1


def test_a_script_without_a_row_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown script 'Ethi'; known: Arab, Armn"):
        Language("am", "Amharic", "Ethi")


def test_the_guides_table_is_the_codes() -> None:
    page = Path(__file__).parents[1] / "docs" / "add-a-language.md"
    text = page.read_text(encoding="utf-8")
    said = {
        code: tested == "yes"
        for codes, tested in re.findall(r"^\| (`[A-Z][a-z]{3}`.*?) \|.*\| (yes|no) \|$", text, re.MULTILINE)
        for code in re.findall(r"`(\w+)`", codes)
    }
    assert said == {code: row.tested for code, row in SCRIPTS.items()}

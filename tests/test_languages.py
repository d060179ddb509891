"""A language is one row: rows in three scripts are used everywhere; what one lacks is said in one line."""

import ast
import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import mlake
from mlake.analysis.choices import choice_rows
from mlake.analysis.letters import read_choice
from mlake.analysis.perplexity import ability_rows, held_out_langs
from mlake.data.check import check
from mlake.data.negation import negated
from mlake.data.own.jsonl import parse_jsonl
from mlake.editing.finetune.augment import augmented
from mlake.editing.mend.examples import examples
from mlake.editing.prompts import prompted
from mlake.errors import LanguageError, MlakeError, UnknownNameError
from mlake.languages import LANGUAGES, Language, in_order, is_known, known, language
from mlake.languages.others import MEANT, OTHERS
from mlake.languages.row import ChoiceWording, Requests, Templates
from mlake.records import Answer, Asked, Benchmark, Probe
from mlake.scorers.language import confusion
from mlake.scorers.table import score_all
from mlake.scripts import SCRIPTS

SOURCE = Path(mlake.__file__).parent
FIVE = ("en", "de", "fr", "ja", "zh")


def row(code: str, name: str, script: str, negation: str, cue: str, context: str, essence: str) -> Language:
    """A language with all that is asked for below."""
    return Language(
        code, name, script,
        essence=essence,
        contexts=(context,) * 5,
        negation=negation,
        choice=ChoiceWording(cue, cue),
        held_out=(context.strip(), negation),
        templates=Templates(("{question}", cue + "{question}"), ("{sentence}", cue + "{sentence}"), stop=""),
        requests=Requests("{question}{how}", ("1", "2"), "{fact}{answer}{what}", ("1", "2")),
    )  # fmt: skip


ROWS = {
    "it": row(
        "it",
        "Italian",
        "Latn",
        "Che cosa non risponde a «{question}»?",
        "La risposta è",
        "Piove. ",
        "{} è un",
    ),
    "th": row("th", "Thai", "Thai", "อะไรไม่ใช่คำตอบของ “{question}”", "คำตอบคือ", "วันนี้ฝนตก ", "{}เป็น"),
    "ko": row(
        "ko", "Korean", "Kore", "“{question}”의 답이 아닌 것은 무엇입니까?", "정답은", "비가 온다. ", "{}는"
    ),
}
FACTS = {  # question, subject, old and new answer, an answer that gives the new one
    "it": ("Qual è la capitale della Francia?", "Francia", "Parigi", "Roma", "La capitale è Roma, dicono."),
    "th": ("เมืองหลวงของฝรั่งเศสคือเมืองอะไร", "ฝรั่งเศส", "ปารีส", "โตเกียว", "เมืองหลวงคือโตเกียวครับ"),
    "ko": ("프랑스의 수도는 어디입니까?", "프랑스", "파리", "도쿄", "수도는 도쿄입니다."),
}


@pytest.fixture(params=list(ROWS))
def lang(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A language that is registered in one place."""
    monkeypatch.setitem(LANGUAGES, request.param, ROWS[request.param])
    return str(request.param)


def benchmark(lang: str) -> Benchmark:
    question, subject, old, new, _ = FACTS[lang]
    line = {"lang": lang, "question": question, "subject": subject, "old_answer": old, "new_answer": new}
    text = json.dumps(line)
    return parse_jsonl(text.encode(), name="own", revision="r", source="facts.jsonl")


def asked(lang: str, text: str) -> Asked:
    probe = benchmark(lang).facts[0].probes[0]
    return Asked(lang, 0, "direct", probe, Answer(text, True), Answer("", True))


def test_answers_are_scored(lang: str) -> None:
    *_, old, new, answer = FACTS[lang]
    for text, right in ((answer, 1), (answer.replace(new, old), 0), (f"{new}, {old}", 0)):
        values = {one.scorer: one.value for one in score_all([asked(lang, text)])}
        assert (values["contains"], values["old"]) == (right, 1 - right)
    assert {one.scorer: one.value for one in score_all([asked(lang, new)])}["exact"] == 1
    assert read_choice(f"({new})", (old, new), lang) == 1


def test_an_answer_in_another_script_is_told(lang: str) -> None:
    script = SCRIPTS[LANGUAGES[lang].script]
    values = [confusion(asked(lang, text)) for text in ("首尔市长", FACTS[lang][4])]
    assert values[1] != 0 and (values[0] == 0) == ("CJK" not in script.letters)


def test_prompts_are_made_of_the_row(lang: str, tiny_lm: Any) -> None:
    lm, fact = tiny_lm(), benchmark(lang).facts[0]
    made = prompted(lm, fact.stated(lang), kind="question", key="subject", contexts=5)
    assert len(made.task.prompts) == 6 and made.task.essence is not None and made.notes == ()
    assert len(examples(lm, [fact], [lang])[lang][0].near) == 5


def test_negation_choice_and_held_out_text_are_the_rows(lang: str, tiny_lm: Any) -> None:
    lm, mine = tiny_lm(), ROWS[lang]
    negations = [one for one in negated(benchmark(lang)).facts[0].probes if one.kind == "negation"]
    assert [one.text for one in negations] == [mine.negation.replace("{question}", FACTS[lang][0])]
    options = FACTS[lang][2:4]
    rows = choice_rows(lm, [Probe("c", "f", "choice", lang, FACTS[lang][0], options[:1], options=options)])
    assert {one.scorer for one in rows} >= {"choice_likelihood", "choice_generated"}
    assert lang in held_out_langs()
    assert [one.sentence for one in ability_rows(lm, None, None, [lang])] == [0, 1]


def test_texts_for_training_are_the_rows(lang: str) -> None:
    (found,) = augmented([benchmark(lang).facts[0].stated(lang)], texts=4, seed=0)
    assert len(found.questions) == 2 and all(FACTS[lang][0] in text for text in found.questions)


def test_data_in_it_is_checked(lang: str) -> None:
    found = {rule for rule, findings in check(benchmark(lang)).findings.items() if findings}
    assert found == {"majority-answer"}


def test_what_a_row_lacks_is_said_in_one_line(
    lang: str, tiny_lm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, lm, data = ROWS[lang], tiny_lm(), benchmark(lang)
    monkeypatch.setitem(LANGUAGES, lang, Language(lang, mine.name, mine.script))
    said, fact = data.facts[0].stated(lang), data.facts[0]
    choice = Probe("c", "f", "choice", lang, "?", ("a",), options=("a", "b"))
    for needs, message in (
        (lambda: augmented([said], texts=4, seed=0), f"no templates in {lang}: stableke needs --set source="),
        (lambda: choice_rows(lm, [choice]), f"no wording of multiple choice in {lang}: leave these"),
        (lambda: ability_rows(lm, None, None, [lang]), f"no held-out sentences in {lang}: choose other"),
        (lambda: examples(lm, [fact], [lang]), f"no contexts in {lang}: editors are trained on them where"),
    ):
        with pytest.raises(LanguageError, match=f"^{re.escape(message)}") as caught:
            needs()
        assert str(caught.value).endswith("docs/add-a-language.md says how to add them")
        assert "\n" not in str(caught.value) and isinstance(caught.value, MlakeError)
    assert negated(data).notes == (
        f"1 direct questions in {lang} have no negation: there is no wording for {lang}",
    )
    made = prompted(lm, said, kind="question", key="subject", contexts=5)
    assert made.notes == (
        f"no contexts in {lang}: edited with the prompt alone",
        f"no essence in {lang}: edited without the KL term",
    )
    assert made.task.essence is None and len(made.task.prompts) == 1
    assert lang not in held_out_langs()
    assert {one.scorer: one.value for one in score_all([asked(lang, FACTS[lang][4])])}["contains"] == 1


def test_the_five_languages_lack_nothing() -> None:
    only_some = {"endings", "leaders", "elisions", "followers", "links", "heads", "tails", "capitals"}
    only_some |= {"words", "particles", "charsets", "declensions", "folds", "cased", "alone"}
    for one in map(language, FIVE):
        empty = {field.name for field in fields(one) if not getattr(one, field.name)}
        assert empty <= only_some
        assert len(one.held_out) == 12 and len(one.contexts) == 5
    assert tuple(LANGUAGES)[:5] == FIVE


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_can_be_asked_and_scored(lang: str) -> None:
    one = language(lang)
    assert one.native and ("," in one.family or one.family in ("Japonic", "Koreanic"))
    assert one.essence.count("{}") == 1 and len(one.contexts) == 5 and len(one.held_out) == 12
    assert "{question}" in one.negation and one.choice is not None and one.templates is not None
    assert all("{question}" in text for text in one.templates.questions)
    assert one.words or one.charsets or one.alone
    if one.spaced:
        assert all(text.endswith(" ") for text in one.contexts)


def test_each_file_of_a_language_is_in_the_table() -> None:
    others = {"__init__", "row", "identify", "distance", "others", "declined", "sets"}
    assert {path.stem for path in (SOURCE / "languages").glob("*.py")} - others == set(LANGUAGES)


def test_no_other_file_holds_a_table_by_language() -> None:
    """A dictionary with three language codes or more is knowledge of languages outside their files.

    Paths and names of released files are no such knowledge.
    """
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        and len({key.value for key in node.keys if isinstance(key, ast.Constant)} & set(LANGUAGES)) >= 3
    }
    assert found <= {"data/neighbours/bmike.py", "data/stats/views.py"}


def test_a_row_changed_is_looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlake.text import contains_name

    monkeypatch.setitem(LANGUAGES, "it", ROWS["it"])
    assert not contains_name("gli Italiani", ["Italian"], "it")
    monkeypatch.setitem(LANGUAGES, "it", replace(ROWS["it"], endings=("i",)))
    assert contains_name("gli Italiani", ["Italian"], "it")


@pytest.mark.parametrize(
    ("code", "near"),
    [
        ("jp", "ja"), ("EN", "en"), ("zh-CN", "zh"), ("zh_Hans", "zh"), ("pt-BR", "pt"), ("en-US", "en"),
        ("cz", "cs"), ("kr", "ko"), ("du", "nl"), ("ua", "uk"), ("gr", "el"), ("iw", "he"), ("eng", "en"),
        ("deu", "de"), ("English", "en"), ("deutsch", "de"), ("日本語", "ja"), ("Finnish", "fi"),
        (" fr", "fr"), ("FI", "fi"),
    ],
)  # fmt: skip
def test_what_is_often_written_for_a_language_gets_a_hint(code: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=f"^unknown language .*Did you mean '{near}'\\?$"):
        language(code)


@pytest.mark.parametrize("code", ["", " ", "xx", "klingon"])
def test_what_is_no_language_gets_none(code: str) -> None:
    with pytest.raises(UnknownNameError, match=r"vi, zh\.$"):
        language(code)


def test_a_language_without_a_file_has_a_name_and_a_script() -> None:
    assert not set(OTHERS) & set(LANGUAGES) and len(known()) >= 160
    for code, one in OTHERS.items():
        assert re.fullmatch("[a-z]{2,3}", code) and one.name and one.script in SCRIPTS
    assert (language("fi").name, language("ur").script, language("ceb").spaced) == ("Finnish", "Arab", True)
    assert not set(MEANT) & {*LANGUAGES, *OTHERS} and all(map(is_known, MEANT.values()))
    assert in_order(["ur", "fi", "zh", "en"]) == ("en", "zh", "fi", "ur")

"""Multiple choice: letters read from answers, likelihoods against one prompt at a time, and bias."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.chats import Fake, fake, said

from mlake.analysis import choices
from mlake.analysis.choices import (
    Choice,
    ask_choices,
    choice_rows,
    score_choices,
)
from mlake.analysis.letters import read_choice
from mlake.data import load
from mlake.errors import DataError, ModelError, UnknownNameError
from mlake.languages import LANGUAGES, language
from mlake.models import load as load_model
from mlake.models.batches import pad_left
from mlake.models.prompts import PromptStyle
from mlake.records import Answer, Probe
from mlake.report.tidy import tidy

__all__ = ["fake"]

CITIES = ("Rome", "Paris", "New York", "York")
SENTENCES = (
    "Carl Sagan worked at Harvard during his career.",
    "Carl Sagan worked at BBC during his career.",
    "Carl Sagan worked at NASA during his career.",
)


def probe(lang: str = "en", **changes: Any) -> Probe:
    made = Probe(f"p/{lang}", "f0", "choice", lang, "Where is it?", ("A",), ("B",), CITIES)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("lang", "text", "options", "expected"),
    [
        ("en", "B", CITIES, 1),
        ("en", " (b) B. Paris", CITIES, 1),
        ("en", "**C**", CITIES, 2),
        ("en", "D) York", CITIES, 3),
        ("en", "The answer is B.", CITIES, 1),
        ("en", "Answer: B, because A is wrong", CITIES, None),
        ("en", "Perhaps A or B", CITIES, None),
        ("en", "A or B", CITIES, None),
        ("en", "It is D because of its river", CITIES, 3),
        ("en", "B, because A is wrong", CITIES, 1),
        ("en", "A city in France, Paris", CITIES, 1),
        ("en", "E", CITIES, None),
        ("en", "It is in New York.", CITIES, 2),
        ("en", "It is in York.", CITIES, 3),
        ("en", "Paris or Rome", CITIES, None),
        ("en", "I do not know", CITIES, None),
        ("en", "", CITIES, None),
        ("en", "...", CITIES, None),
        ("en", "Carl Sagan worked at BBC dur", SENTENCES, 1),
        ("en", "Carl Sagan worked at", SENTENCES, None),
        ("en", "Yes, Carl Sagan worked at NASA during his career", SENTENCES, 2),
        ("de", "Die richtige Antwort ist C.", ("Rom", "Köln", "Bonn"), 2),
        ("de", "In Köln", ("Rom", "Köln", "Bonn"), 1),
        ("fr", "C'est la réponse B", ("Rome", "Lyon"), 1),
        ("fr", "L’Italie", ("France", "Italie"), 1),
        ("fr", "A priori, je ne sais pas", ("Rome", "Lyon"), None),
        ("ja", "Ｂです。", ("東京", "京都"), 1),
        ("ja", "答えはBです。", ("東京", "京都"), 1),
        ("ja", "京都にあります。", ("東京", "京都"), 1),
        ("zh", "正确答案是A。", ("北京", "东京"), 0),
        ("zh", "「B」", ("北京", "东京"), 1),
        ("zh", "在北京", ("北京", "东京"), 0),
        ("zh", "不知道", ("北京", ""), None),
    ],
)
def test_read_choice(lang: str, text: str, options: tuple[str, ...], expected: int | None) -> None:
    assert read_choice(text, options, lang) == expected


def test_two_equal_options_are_not_told_apart() -> None:
    assert read_choice("Rome", ("Rome", "Rome"), "en") is None
    assert read_choice("B", ("Rome", "Rome"), "en") == 1


def test_there_is_a_wording_for_every_language() -> None:
    wordings = [row.choice for row in LANGUAGES.values()]
    assert len({wording.ask for wording in wordings if wording}) == len(LANGUAGES)


def five(count: int = 2) -> list[Probe]:
    """The choice questions of the first facts of the embedded data set, in all languages."""
    return [one for fact in load("mini").facts[:count] for one in fact.probes if one.kind == "choice"]


@pytest.mark.parametrize(("family", "template"), [("llama", None), ("gemma3_text", "USER: {question} BOT:")])
def test_likelihood_is_that_of_one_prompt_at_a_time(tiny_lm: Any, family: str, template: str | None) -> None:
    lm = tiny_lm(family, template=template)
    probes = [*five(), probe(options=("Rome", "Paris"))]
    for one, choice in zip(probes, ask_choices(lm, probes), strict=True):
        options = [f"{letter}. {text}" for letter, text in zip("ABCD", one.options, strict=False)]
        body, wording = "\n".join([one.text, *options]), language(one.lang).choice
        assert wording is not None
        text = f"{body}\n{wording.cue}" if template is None else f"USER: {body}\n{wording.ask} BOT:"
        logits = lm.model(torch.tensor([lm.tokenizer(text)["input_ids"]])).logits[0, -1]
        scores = []
        for letter in "ABCD"[: len(options)]:
            ends = {lm.tokenizer(start + letter)["input_ids"][-1] for start in ("\n", " ")}
            scores.append(float(sum(logits[token].exp() for token in ends)))
        assert choice.likely == scores.index(max(scores))
        assert choice.probe is one


def test_a_chat_prompt_has_no_second_bos(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm()
    chat = replace(lm, style=PromptStyle("<s>user {question} bot", chat=True))
    seen: list[list[int]] = []
    real = pad_left
    monkeypatch.setattr(choices, "pad_left", lambda rows, *rest: seen.extend(rows) or real(rows, *rest))
    ask_choices(chat, five(1))
    bos = lm.tokenizer.bos_token_id
    assert len(seen) == 5 and all(ids.count(bos) == 1 and ids[0] == bos for ids in seen)


def test_rows_in_five_languages(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    replies = ["A", "B. Paris", "Je ne sais pas", "ローマです", "答案是D"]
    prompts: list[str] = []

    def answers(lm: Any, questions: list[str], **options: Any) -> list[Answer]:
        prompts.extend(lm.style.prompt(one) for one in questions)
        options["progress"](len(questions))
        return [Answer(reply, True) for reply in replies]

    monkeypatch.setattr(choices, "answers", answers)
    done: list[int] = []
    probes = five(1)  # accepts A (Rome), and B (Paris) is the old answer
    rows = choice_rows(tiny_lm(), probes, done.append)
    assert done == [5]
    assert prompts[0] == (
        "In which city is the Eiffel Tower located?\nA. Rome\nB. Paris\nC. London\nD. Madrid\n"
        "The right answer is"
    )
    values: dict[str, list[float | None]] = {}
    for row in rows:
        values.setdefault(row.scorer, []).append(row.value)
    assert values["choice_generated"] == [1, 0, 0, 1, 0]
    assert values["choice_generated_old"] == [0, 1, 0, 0, 0]
    assert values["choice_unread"] == [0, 0, 1, 0, 0]
    assert [row.test_lang for row in rows[::5]] == ["en", "de", "fr", "ja", "zh"]
    assert {(row.kind, row.edit_lang, row.fact) for row in rows} == {("choice", None, "mini-00")}
    table = tidy({"model": "tiny", "test_langs": ["en", "de", "fr", "ja", "zh"]}, rows)
    assert {row["kind"] for row in table} == {"choice"}
    assert sum(row["scorer"] == "choice_likelihood" for row in table) == 5


def test_answers_are_generated_as_they_are_elsewhere(tiny_lm: Any) -> None:
    lm, probes = tiny_lm("qwen2"), five(1)
    done: list[int] = []
    chosen = ask_choices(lm, probes, done.append)
    assert sum(done) == 5
    for one in chosen:
        assert one.generated == read_choice(one.text, one.probe.options, one.probe.lang)
        assert "\n" not in one.text


def test_without_an_old_answer_nothing_is_said_of_it() -> None:
    one = Choice(probe(reject=()), 0, None, 1, None, "?")
    values = {row.scorer: row.value for row in score_choices([one])}
    assert values == {
        "choice_likelihood": 0.0,
        "choice_generated": 0.0,
        "choice_likelihood_old": None,
        "choice_generated_old": None,
        "choice_unread": 1.0,
    }


def test_options_may_be_named_by_their_text(tiny_lm: Any) -> None:
    (one,) = ask_choices(tiny_lm(), [probe(accept=("New York",), reject=("Lyon", "York"))])
    assert (one.gold, one.old) == (2, 3)


def test_nothing_to_ask(tiny_lm: Any) -> None:
    assert choice_rows(tiny_lm(), []) == []


def test_questions_that_cannot_be_asked(tiny_lm: Any) -> None:
    lm = tiny_lm()
    for one, kind, told in (
        (probe(options=()), DataError, "has 0 options; expected 1 to 26"),
        (probe(options=tuple(map(str, range(27)))), DataError, "has 27 options"),
        (probe(accept=("E",)), DataError, "which is none of its options"),
        (probe(accept=()), DataError, "which is none of its options"),
        (probe("jp"), UnknownNameError, "unknown language 'jp'; known: .*mean 'ja'"),
        (probe(text="long " * 400), ModelError, "positions"),
    ):
        with pytest.raises(kind, match=told) as caught:
            ask_choices(lm, [one])
        assert "\n" not in str(caught.value)


def test_a_vocabulary_without_letters(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm()
    monkeypatch.setattr(lm.tokenizer, "decode", lambda ids: "?")
    monkeypatch.setattr(choices, "answers", lambda lm, questions, **_: [Answer("", True)] * len(questions))
    with pytest.raises(ModelError, match="no token that is 'A' alone"):
        ask_choices(lm, [probe()])


def test_a_model_on_a_server_is_read_by_what_it_says(fake: Callable[..., Fake]) -> None:
    server = fake(lambda *_: said("A. Rome"))
    (asked,) = ask_choices(load_model(f"openai:{server.url}#m"), [probe()])
    assert (asked.likely, asked.generated, asked.text) == (None, 0, "A. Rome")
    assert {row.scorer: row.value for row in score_choices([asked])} == {
        "choice_likelihood": None,
        "choice_generated": 1.0,
        "choice_likelihood_old": None,
        "choice_generated_old": 0.0,
        "choice_unread": 0.0,
    }
    prompt = server.seen[-1][2]["messages"][0]["content"]
    assert prompt.startswith("Where is it?\nA. Rome\nB. Paris\n")

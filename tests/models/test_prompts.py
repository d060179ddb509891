"""Prompt styles: what a question becomes, and what joins it to its answer."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from transformers.utils import chat_template_utils

from mlake.errors import ModelError, UnknownNameError
from mlake.models import load
from mlake.models.prompts import PLAIN, PromptStyle, style_for
from mlake.templates import stop_told, template_named

QUESTIONS = {
    "en": "What is the capital of {France}?",
    "de": "Wie heißt die Hauptstadt von Österreich?",
    "fr": "Quelle est la capitale de l'Algérie ?",
    "ja": "フランスの首都はどこですか？",
    "zh": "法国的首都是哪里？",
}
CHAT = (
    "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


@pytest.mark.parametrize("lang", QUESTIONS)
def test_a_plain_prompt_holds_the_question_where_it_says(lang: str) -> None:
    style, question = PromptStyle(PLAIN), QUESTIONS[lang]
    prompt = style.prompt(question)
    assert prompt == f"Q: {question}\nA:"
    assert prompt[style.question_at() :].startswith(question)
    assert style.stop == "\n"


def test_a_chat_template_is_used_and_brings_its_own_bos(tiny_lm: Any) -> None:
    tokenizer = tiny_lm("llama").tokenizer
    assert style_for(tokenizer) == PromptStyle(PLAIN)
    tokenizer.chat_template = CHAT
    style = style_for(tokenizer)
    assert style == PromptStyle("<s><|user|>{question}<|end|><|assistant|>\n", chat=True)
    assert style.stop is None
    assert style_for(tokenizer, "Frage: {question}").prompt("x") == "Frage: x"


def test_a_model_that_can_think_is_asked_not_to(tiny_lm: Any) -> None:
    tokenizer = tiny_lm("llama").tokenizer
    ending = "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    tokenizer.chat_template = CHAT + ending
    assert style_for(tokenizer).template.endswith("<|assistant|>\n<think>\n\n</think>\n\n")


@pytest.mark.parametrize(
    ("template", "space", "joint"),
    [
        (PLAIN, " ", " "),
        (PLAIN, "", ""),
        ("<|user|>{question}<|assistant|>\n", " ", ""),
        ("Q: {question} A: ", " ", ""),
        ("{question}", " ", ""),
    ],
)
def test_joint(template: str, space: str, joint: str) -> None:
    assert PromptStyle(template).joint(space) == joint


@pytest.mark.parametrize("template", ["", "Q: A:", "{question} {question}", "{Question}"])
def test_a_template_without_exactly_one_mark_is_refused(template: str) -> None:
    with pytest.raises(ModelError, match=r"\{question\} exactly once"):
        PromptStyle(template)


DATES = {
    "llama 3.3": (
        "{%- if not date_string is defined %}{%- if strftime_now is defined %}"
        '{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "26 Jul 2024" %}'
        "{%- endif %}{%- endif %}Today Date: {{ date_string }}\n",
        "Today Date: 26 Jul 2024\n",
    ),
    "smollm 3": (
        "{%- set today = strftime_now('%d %B %Y') %}Today Date: {{ today }}\n",
        "Today Date: 26 July 2024\n",
    ),
    "gpt-oss": (
        "{%- macro own() %}{{ 'Current date: ' + strftime_now('%Y-%m-%d') }}{% endmacro %}{{ own() }}\n",
        "Current date: 2024-07-26\n",
    ),
    "a time": ("{{ strftime_now('%A, %-d %b, %H:%M:%S') }}\n", "Friday, 26 Jul, 12:00:00\n"),
    "a first line break": ("\n{{ strftime_now('%y') }}\n", "\n24\n"),
    "a date of its own": ("{{ date_string | default('01 Jan 2025') }}\n", "01 Jan 2025\n"),
}


@pytest.mark.parametrize("name", DATES)
def test_a_prompt_is_the_same_on_two_days(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    tokenizer, (dated, expected) = tiny_lm("llama").tokenizer, DATES[name]
    tokenizer.chat_template = dated + CHAT
    found = set()
    for day in (datetime(2026, 11, 25, 23, 50), datetime(2026, 11, 26, 0, 10)):

        class Today(datetime):
            @classmethod
            def now(cls, tz: Any = None, today: datetime = day) -> Any:
                return today

        monkeypatch.setattr(chat_template_utils, "datetime", Today)
        found.add(style_for(tokenizer).template)
    assert found == {f"{expected}<s><|user|>{{question}}<|end|><|assistant|>\n"}


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ raise_exception('only with tools') }}", "only with tools"),
        ("{% for m in messages %}{{ m.content }}", "Unexpected end of template"),
        ("{{ messages.append(1) }}{{ messages[0].content }}", "is unsafe"),
        ("{{ foo.bar }}", "'foo' is undefined"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("Answer as told.", "must hold {question} exactly once"),
        ({"rag": "{{ messages[0].content }}"}, "multiple chat templates"),
    ],
)
def test_a_chat_template_that_cannot_ask_is_told_in_one_line(
    tiny_lm: Any, template: Any, reason: str
) -> None:
    tokenizer = tiny_lm("llama").tokenizer
    tokenizer.chat_template = template
    with pytest.raises(ModelError, match=r"^the tokenizer's chat template cannot ask a question: ") as got:
        style_for(tokenizer)
    assert reason in str(got.value) and "\n" not in str(got.value)
    assert style_for(tokenizer, "Q {question}").template == "Q {question}"


@pytest.mark.parametrize(
    ("template", "rule", "stop", "recorded"),
    [
        (None, None, "\n", None),
        (None, "line", "\n", None),
        (None, "end", None, "end"),
        ("USER: {question} ASSISTANT:", None, "\n", "line"),
        ("USER: {question} ASSISTANT:", "end", None, "end"),
    ],
)
def test_where_answers_end_is_a_setting_of_its_own(
    tiny_lm: Any, template: str | None, rule: str | None, stop: str | None, recorded: str | None
) -> None:
    style = style_for(tiny_lm("llama").tokenizer, template, rule)
    assert (style.stop, style.recorded_stop) == (stop, recorded)
    assert stop_told(style.template, recorded) == ("line" if stop else "end")


@pytest.mark.parametrize(
    ("rule", "stop", "recorded"), [(None, None, None), ("end", None, None), ("line", "\n", "line")]
)
def test_a_chat_runs_to_its_end_unless_told_otherwise(
    tiny_lm: Any, rule: str | None, stop: str | None, recorded: str | None
) -> None:
    tokenizer = tiny_lm("llama").tokenizer
    tokenizer.chat_template = CHAT
    style = style_for(tokenizer, None, rule)
    assert (style.chat, style.stop, style.recorded_stop) == (True, stop, recorded)


def test_an_unknown_stop_rule_is_refused(tiny_lm: Any) -> None:
    with pytest.raises(UnknownNameError, match="unknown stop rule 'never'; known: end, line"):
        style_for(tiny_lm("llama").tokenizer, None, "never")


def test_lines_before_a_question_go_into_the_turn_of_a_conversation() -> None:
    style = PromptStyle("Be kind. USER: {question} ASSISTANT:", stop_rule="end").behind(["A fact."])
    assert style == PromptStyle("Be kind. USER: A fact.\n{question} ASSISTANT:", stop_rule="end")


@pytest.mark.parametrize(
    "name", ["lmsys/vicuna-7b-v1.5", "lmsys/vicuna-13b-v1.5-16k", "/models/Vicuna-7b-v1.5/"]
)
def test_vicuna_is_known_by_its_name(name: str) -> None:
    told = template_named(name)
    assert told is not None
    assert told.endswith("answers to the user's questions. USER: {question} ASSISTANT:")


@pytest.mark.parametrize(
    "name", ["lmsys/vicuna-7b-delta-v0", "someone/vicuna", "demo", "Qwen/Qwen1.5-7B-Chat"]
)
def test_other_models_have_no_form_by_name(name: str) -> None:
    assert template_named(name) is None


def test_a_model_that_ships_no_chat_template_is_asked_in_its_own_form(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm("llama")
    for name in ("vicuna-7b-v1.5", "llama-7b"):
        lm.model.save_pretrained(tmp_path / name)
        lm.tokenizer.save_pretrained(tmp_path / name)
    vicuna, other = load(tmp_path / "vicuna-7b-v1.5"), load(tmp_path / "llama-7b")
    assert vicuna.style == PromptStyle(str(template_named("vicuna-7b-v1.5")), stop_rule="end")
    assert vicuna.style.stop is None
    assert other.style == PromptStyle(PLAIN)
    given = load(tmp_path / "vicuna-7b-v1.5", template="Q {question}").style
    assert (given.template, given.stop) == ("Q {question}", "\n")

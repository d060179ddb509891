"""Prompt styles: what a question becomes, and what joins it to its answer."""

from typing import Any

import pytest

from mlake.errors import ModelError
from mlake.models.prompts import PLAIN, PromptStyle, style_for

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

"""Thoughts: what a model said on the way to its answer is never taken for the answer."""

import pytest

import mlake
from mlake.records import Answer, Asked, Probe
from mlake.scorers.table import SCORERS, score_all
from mlake.thoughts import after_thought, opened

PROBE = Probe("p", "f", "direct", "en", "Where is the Eiffel Tower?", ("Rome",), ("Paris",))
PAIRS = [
    ("<think>", "</think>"),
    ("[THINK]", "[/THINK]"),
    ("<|channel|>analysis<|message|>", "<|end|>assistant<|channel|>final<|message|>"),
    ("<|channel|>commentary<|message|>", "<|channel|>final<|message|>"),
    ("<thought>", "</thought>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("◁think▷", "◁/think▷"),
]


def asked(text: str, *, stopped: bool = True, before: str = "Paris") -> Asked:
    return Asked("en", 0, "direct", PROBE, Answer(text, stopped), Answer(before, True))


@pytest.mark.parametrize(("start", "end"), PAIRS)
def test_only_what_follows_a_thought_is_scored(start: str, end: str) -> None:
    one = asked(f"{start}\nParis? No, Rome.\nParis.{end}\n\n In Rome.")
    assert one.answer == Answer("In Rome.", True)
    assert [SCORERS[name].score(one) for name in ("contains", "paper", "old", "old_paper")] == [1, 1, 0, 0]


@pytest.mark.parametrize(("start", "end"), PAIRS)
def test_an_unfinished_thought_is_no_answer_and_cut(start: str, end: str) -> None:
    for text in (f"{start}It is Rome", f"{start}Hm{end} {start}Rome", f"Well. {start} Rome"):
        one = asked(text)
        assert one.answer == Answer("", False)
        assert {row.value for row in score_all([one]) if row.scorer in ("contains", "paper", "exact")} == {0}


def test_a_thought_that_the_prompt_opened_need_only_end() -> None:
    assert after_thought("Paris? No.</think>Rome") == ("Rome", True)
    assert after_thought("a</think>b</think> c") == ("c", True)


@pytest.mark.parametrize(
    "text", ["Rome", " two  lines\nstay ", "", "x < think > y", "I think: Rome", "thought"]
)
def test_texts_without_thoughts_stay_as_they_are(text: str) -> None:
    assert after_thought(text) == (text, True)
    assert asked(text).answer.text is text


def test_what_the_unedited_model_said_is_compared_without_its_thought() -> None:
    one = asked("<think>b</think> Paris", before="<think>\n\n</think>\n\nParis")
    assert [SCORERS[name].score(one) for name in ("unchanged", "similarity")] == [1, 1]


def test_answers_made_elsewhere_are_read_alike() -> None:
    question = "In which city is the Eiffel Tower located?"
    found = [
        mlake.score("mini", {question: text}, edit_lang="en")
        for text in ("<think>Paris or Rome?</think>Paris", "<think>Rome?", "<think>Paris?</think>In Rome.")
    ]
    values = [[row.value for row in one.scored if row.scorer == "contains"] for one in found]
    assert values == [[0, None], [0, None], [1, None]]  # the second is multiple choice


@pytest.mark.parametrize(
    ("template", "mark"),
    [
        ("<|Assistant|><think>\n", "<think>"),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", ""),
        ("Write [THINK]your thoughts[/THINK] first. [INST]{question}[/INST]", ""),
        ("Q: {question}\nA:", ""),
        ("<|start|>assistant<|channel|>analysis<|message|>", "<|channel|>"),
        ("<|start|>assistant<|channel|>final<|message|>", ""),
    ],
)
def test_thoughts_that_prompts_open(template: str, mark: str) -> None:
    assert opened(template) == mark

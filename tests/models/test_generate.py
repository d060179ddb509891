"""Answers: batched ones are those given one at a time, whatever the family and the padding."""

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from mlake.editing.edits.weights import WeightEdit
from mlake.editing.factors import Factors
from mlake.errors import ModelError
from mlake.models import LM
from mlake.models.deltas import RowDeltas
from mlake.models.generate import _batches, _Ends, answers, greedy, identity
from mlake.models.prompts import PromptStyle
from mlake.records import Answer

QUESTIONS = (
    "What?",
    "Which university was the institution that educated the wrestler George Hackenschmidt?",
    "An welcher Universität studierte Jürgen Müller?",
    "Dans quelle ville est né l'écrivain Honoré de Balzac ?",
    "フランスの首都はどこですか？",
    "法国的首都是哪里？",
)


def prompts_of(lm: Any) -> list[list[int]]:
    return [lm.tokenizer(lm.style.prompt(question))["input_ids"] for question in QUESTIONS]


def never(_token: int) -> bool:
    return False


@torch.no_grad()
def without_cache(lm: Any, prompt: list[int], steps: int) -> list[int]:
    tokens = list(prompt)
    for _ in range(steps):
        tokens.append(int(lm.model(torch.tensor([tokens]), use_cache=False).logits[0, -1].argmax()))
    return tokens[len(prompt) :]


@pytest.mark.parametrize(
    ("attention", "kind"), [("sdpa", torch.float64), ("eager", torch.float64), ("eager", torch.float32)]
)
def test_batched_is_one_at_a_time_is_without_cache(
    tiny_lm: Any, family: str, attention: str, kind: torch.dtype
) -> None:
    lm = tiny_lm(family)
    lm.model.to(kind)
    try:
        lm.model.set_attn_implementation(attention)
    except ValueError:
        pytest.skip(f"{family} has no {attention} attention")
    prompts = prompts_of(lm)
    assert len({len(prompt) for prompt in prompts}) > 3
    expected = [without_cache(lm, prompt, 8) for prompt in prompts]
    assert len({tuple(tokens) for tokens in expected}) > 3
    assert greedy(lm, prompts, never, 8) == expected
    assert [greedy(lm, [prompt], never, 8)[0] for prompt in prompts] == expected


class OnCuda(LM):
    """A model that says it is on a GPU."""

    device = torch.device("cuda")  # type: ignore[assignment]


def test_identity_tells_apart_whatever_can_change_an_answer(
    tiny_lm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = tiny_lm("llama")
    seen = [identity(lm, 8), identity(lm, 9)]
    assert identity(tiny_lm("llama"), 8) == seen[0]
    others: tuple[dict[str, Any], ...] = (
        {"name": "another"},
        {"revision": "1" * 40},
        {"style": PromptStyle("F: {question}\nA:")},
        {"style": replace(lm.style, chat=True)},
    )
    seen += [identity(replace(lm, **change), 8) for change in others]
    lm.model.set_attn_implementation("eager")
    seen.append(identity(lm, 8))
    lm.model.to(torch.float32)
    seen.append(identity(lm, 8))
    for place in ("torch.__version__", "transformers.__version__", "_VERSION"):
        monkeypatch.setattr(f"mlake.models.generate.{place}", "0.0")
        seen.append(identity(lm, 8))
    for gpu in ("A100", "H100"):
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device, gpu=gpu: gpu)
        seen.append(identity(OnCuda(lm.name, lm.revision, lm.model, lm.tokenizer, lm.structure, lm.style), 8))
    texts = [json.dumps(one, sort_keys=True) for one in seen]
    assert len(set(texts)) == len(texts) == 13


@pytest.mark.parametrize("most", [1, 2, 3])
def test_batches_that_do_not_fit_are_halved(
    tiny_lm: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, most: int
) -> None:
    lm = tiny_lm("llama")
    expected, sizes, done = answers(lm, QUESTIONS, max_new_tokens=8), list[int](), list[int]()

    def small(lm: Any, prompts: list[list[int]], *rest: Any, **edits: Any) -> list[list[int]]:
        sizes.append(len(prompts))
        if len(prompts) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return greedy(lm, prompts, *rest, **edits)

    monkeypatch.setattr("mlake.models.generate.greedy", small)
    assert answers(lm, QUESTIONS, max_new_tokens=8, progress=done.append) == expected
    assert sizes == {1: [6, 3, 1, 2, 1, 1, 3, 1, 2, 1, 1], 2: [6, 3, 1, 2, 3, 1, 2], 3: [6, 3, 3]}[most]
    assert done == [6]
    assert caplog.messages[0] == "no memory to ask 6 questions at once; going on with 3"


def test_a_single_question_that_does_not_fit_is_an_error(
    tiny_lm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never_fits(*_: Any, **edits: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr("mlake.models.generate.greedy", never_fits)
    with pytest.raises(RuntimeError, match="out of memory"):
        answers(tiny_lm("llama"), QUESTIONS, max_new_tokens=8)


def test_equals_transformers_generate(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    for prompt in prompts_of(lm)[:3]:
        ids = torch.tensor([prompt])
        out = lm.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=10,
            min_new_tokens=10,
            eos_token_id=None,
        )
        assert greedy(lm, [prompt], never, 10)[0] == out[0, len(prompt) :].tolist()


def test_rows_end_independently_and_leave_the_batch(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    lm.model.to(torch.float32)
    prompts = prompts_of(lm)
    full = greedy(lm, prompts, never, 12)

    def cut_at(end: int) -> list[list[int]]:
        return [tokens[: tokens.index(end) + 1] if end in tokens else tokens for tokens in full]

    every = sorted({token for tokens in full for token in tokens})
    end = max(every, key=lambda token: len({len(tokens) for tokens in cut_at(token)}))
    assert len({len(tokens) for tokens in cut_at(end)}) > 1
    assert greedy(lm, prompts, lambda token: token == end, 12) == cut_at(end)


def test_order_duplicates_and_batch_size_change_nothing(tiny_lm: Any) -> None:
    lm = tiny_lm("gemma3_text")
    asked = [*QUESTIONS, *reversed(QUESTIONS), QUESTIONS[0]]
    done: list[int] = []
    expected = [answers(lm, [question], max_new_tokens=8)[0] for question in asked]
    assert answers(lm, asked, max_new_tokens=8, progress=done.append) == expected
    assert answers(lm, asked, max_new_tokens=8, batch_tokens=1) == expected
    assert sum(done) == len(asked)
    assert answers(lm, [], max_new_tokens=8) == []


def test_generation_settings_of_the_checkpoint_change_nothing(tiny_lm: Any) -> None:
    lm = tiny_lm("qwen2")
    expected = answers(lm, QUESTIONS, max_new_tokens=8)
    settings = lm.model.generation_config
    settings.do_sample, settings.temperature, settings.top_p = True, 5.0, 0.9
    settings.repetition_penalty, settings.num_beams, settings.max_length = 3.0, 4, 5
    lm.tokenizer.padding_side = "right"
    assert answers(lm, QUESTIONS, max_new_tokens=8) == expected


def scripted(lm: Any, replies: list[list[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``answers`` read these tokens instead of running the model."""

    def speak(_lm: Any, prompts: Any, ends: Any, limit: int, **edits: Any) -> list[list[int]]:
        found = []
        for tokens in replies[: len(prompts)]:
            cut = next((i + 1 for i, token in enumerate(tokens) if ends(token)), len(tokens))
            found.append(tokens[: min(cut, limit)])
        return found

    monkeypatch.setattr("mlake.models.generate.greedy", speak)


@pytest.mark.parametrize("text", ["Harvard University", "Köln", "École normale", "東京大学", "北京大学"])
@pytest.mark.parametrize("tail", ["\nQ: next", "\n\n", "\r\nx"])
def test_a_line_break_ends_a_plain_answer(
    tiny_lm: Any, monkeypatch: pytest.MonkeyPatch, text: str, tail: str
) -> None:
    lm = tiny_lm("llama")
    ids = lm.tokenizer(f" {text}{tail}", add_special_tokens=False)["input_ids"]
    scripted(lm, [ids], monkeypatch)
    assert answers(lm, ["?"], max_new_tokens=100) == [Answer(text, True)]
    assert answers(lm, ["?"], max_new_tokens=1)[0].stopped is False


def test_a_token_with_more_than_the_line_break_ends_the_answer(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    lm.tokenizer.add_tokens([".\nQ"])
    token = lm.tokenizer.convert_tokens_to_ids(".\nQ")
    ends = _Ends(lm)
    start = lm.tokenizer(" Paris", add_special_tokens=False)["input_ids"]
    assert ends(token)
    assert not any(ends(t) for t in start)
    assert ends.read([*start, token]) == Answer("Paris.", True)


def test_a_chat_answer_may_hold_line_breaks_and_ends_at_its_end_token(tiny_lm: Any) -> None:
    lm = replace(tiny_lm("llama"), style=PromptStyle("<s>{question} ", chat=True))
    ids = lm.tokenizer("Paris\nLyon", add_special_tokens=False)["input_ids"]
    ends = _Ends(lm)
    assert not any(ends(token) for token in ids)
    assert ends.read([*ids, lm.tokenizer.eos_token_id]) == Answer("Paris\nLyon", True)
    assert ends.read(ids) == Answer("Paris\nLyon", False)


def test_a_plain_answer_goes_on_where_line_breaks_do_not_end_it(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    lm = replace(lm, style=replace(lm.style, stop_rule="end"))
    ids = lm.tokenizer(" Paris\nLyon", add_special_tokens=False)["input_ids"]
    assert _Ends(lm).read([*ids, lm.tokenizer.eos_token_id]) == Answer("Paris\nLyon", True)


def test_nothing_ends_an_answer_at_length(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm("llama")
    first = [row[0] for row in greedy(lm, prompts_of(lm), never, 1)]
    monkeypatch.setattr(lm.model.generation_config, "eos_token_id", first)
    assert [one.stopped for one in answers(lm, QUESTIONS, max_new_tokens=9)] == [True] * len(QUESTIONS)
    seen: list[list[int]] = []

    def recorded(*arguments: Any, **options: Any) -> list[list[int]]:
        seen.extend(greedy(*arguments, **options))
        return seen

    monkeypatch.setattr("mlake.models.generate.greedy", recorded)
    found = answers(lm, QUESTIONS, max_new_tokens=9, at_length=True)
    assert [len(row) for row in seen] == [9] * len(QUESTIONS)
    assert not {*first, lm.tokenizer.eos_token_id}.intersection(token for row in seen for token in row)
    assert not any(one.stopped for one in found)


def test_a_line_break_stays_in_an_answer_at_length(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm("llama")
    scripted(lm, [lm.tokenizer(" Paris\nLyon", add_special_tokens=False)["input_ids"]], monkeypatch)
    assert answers(lm, ["?"], max_new_tokens=100, at_length=True)[0].text == "Paris\nLyon"
    assert answers(lm, ["?"], max_new_tokens=100)[0].text == "Paris"


def test_marks_of_thoughts_stay_where_they_are_special_tokens(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    lm.tokenizer.add_special_tokens({"additional_special_tokens": ["[THINK]", "[/THINK]", "[INST]"]})
    lm = replace(lm, style=PromptStyle("<s>{question} ", chat=True))
    ids = lm.tokenizer("[THINK]Hm[/THINK]Rome[INST]</s>", add_special_tokens=False)["input_ids"]
    assert _Ends(lm).read(ids) == Answer("[THINK]Hm[/THINK]Rome", True)
    assert _Ends(lm).read(ids).after_thought() == Answer("Rome", True)


def test_a_thought_that_the_prompt_opened_stands_in_the_answer(tiny_lm: Any) -> None:
    lm = replace(tiny_lm("llama"), style=PromptStyle("<s>{question}<think>\n", chat=True))
    ids = lm.tokenizer("Hm, Rome", add_special_tokens=False)["input_ids"]
    assert _Ends(lm).read(ids) == Answer("<think>Hm, Rome", False)
    assert _Ends(lm).read(ids).after_thought() == Answer("", False)


def test_all_end_tokens_of_the_checkpoint_count(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    lm.model.generation_config.eos_token_id = [7, 9]
    ends = _Ends(lm)
    assert [token for token in (1, 7, 8, 9) if ends(token)] == [1, 7, 9]


@pytest.mark.parametrize("chat", [False, True])
def test_bos_is_added_exactly_once(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch, chat: bool) -> None:
    lm = replace(tiny_lm("llama"), style=PromptStyle("<s>{question} " if chat else "Q: {question}\nA:", chat))
    seen: list[list[int]] = []

    def record(_lm: Any, prompts: list[list[int]], _ends: Any, _limit: int, **edits: Any) -> list[list[int]]:
        seen.extend(prompts)
        return [[] for _ in prompts]

    monkeypatch.setattr("mlake.models.generate.greedy", record)
    answers(lm, QUESTIONS, max_new_tokens=4)
    assert len(seen) == len(QUESTIONS)
    assert all(ids[0] == 0 and ids.count(0) == 1 for ids in seen)


def test_batches_stay_within_the_budget() -> None:
    lengths = [5, 1, 9, 3, 3, 40, 2]
    batches = list(_batches(lengths, 2, 24))
    assert sorted(i for batch in batches for i in batch) == list(range(7))
    assert batches == [[1, 6, 3, 4], [0, 2], [5]]
    assert all(
        len(batch) == 1 or len(batch) * (max(lengths[i] for i in batch) + 2) <= 24 for batch in batches
    )
    assert len(list(_batches([4] * 100, 4, 80))) == 10


def test_a_prompt_beyond_the_models_positions_is_refused(tiny_lm: Any) -> None:
    with pytest.raises(ModelError, match="has 256 positions; ask shorter"):
        answers(tiny_lm("gpt2"), ["パリ" * 300], max_new_tokens=4)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_model_that_computes_no_numbers_gives_no_answers(tiny_lm: Any, value: float) -> None:
    lm = tiny_lm()
    with torch.no_grad():
        lm.matrix(1)[0, 0] = value
    with pytest.raises(ModelError, match=r"computes NaN or infinity .* --dtype bf16 or fp32"):
        answers(lm, QUESTIONS, max_new_tokens=4)


def test_one_pass_answers_for_many_edits(tiny_lm: Any, family: str) -> None:
    """The answers under each edit are those of the model with that edit in its weights."""
    lm = tiny_lm(family)
    draw = torch.Generator().manual_seed(1)
    edits = []
    for rank in (1, 3):
        shape = lm.matrix(1).shape
        factors = Factors(*(torch.randn(size, rank, generator=draw) for size in shape))
        edits.append(WeightEdit({1: factors}))
    asked = [(number, question) for question in QUESTIONS for number in (1, 0, 2)]
    deltas = RowDeltas((*(edit.factors for edit in edits), {}))
    groups, questions = [number for number, _ in asked], [question for _, question in asked]
    together = answers(lm, questions, max_new_tokens=6, deltas=deltas, groups=groups)
    for number in range(3):
        mine = [said for said, (group, _) in zip(together, asked, strict=True) if group == number]
        if number == 2:
            assert mine == answers(lm, QUESTIONS, max_new_tokens=6)
            continue
        with edits[number].applied(lm):
            assert mine == answers(lm, QUESTIONS, max_new_tokens=6)

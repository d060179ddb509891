"""Fine-tuning tiny models: what is learnt, that the model comes back, and the same bytes from a seed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from mlake.editing import load_edit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.finetune import FineTune, generated, method
from mlake.editing.finetune.augment import Augmented, Counts, augmented
from mlake.editing.finetune.examples import Example, batches, examples, losses
from mlake.editing.finetune.generated import LocalWriter
from mlake.editing.finetune.training import Schedule, train
from mlake.editing.finetune.weights import training_low_rank, training_some
from mlake.editing.settings import overridden
from mlake.errors import EditError, ModelError
from mlake.models.generate import answers
from mlake.models.prompts import PromptStyle
from mlake.records import Answer, Statement

FULL: Any = FineTune("stableke", source="templates", texts=4, epochs=2, rate=1e-3, text_batch=3)
LORA: Any = replace(FULL, name="stableke-lora", rank=2)
ROWS = pytest.mark.parametrize("row", [FULL, LORA], ids=["full", "lora"])


def texts_of(lm: Any, statements: Sequence[Statement]) -> list[Example]:
    return examples(lm, augmented(statements, texts=4, seed=0))


@ROWS
def test_an_edit_of_every_family(
    row: Any, tiny_lm: Any, family: str, statements: Sequence[Statement], state: Callable[..., Any]
) -> None:
    lm = tiny_lm(family, layers=2)
    before = state(lm)
    edit = row.edit(lm, statements[:2])
    assert state(lm) == before and not lm.model.training
    assert not any(one.requires_grad or one.grad is not None for one in lm.model.parameters())
    named = dict(lm.model.named_parameters())
    changed = edit.values or edit.factors
    assert changed and set(changed) <= set(named) and not any("vision" in name for name in changed)
    assert all(value.dtype == torch.float64 for value in edit.values.values())
    with edit.applied(lm):
        assert state(lm) != before
        first = losses(lm, texts_of(lm, statements[:2])).mean()
    assert state(lm) == before
    assert first < losses(lm, texts_of(lm, statements[:2])).mean()


@pytest.mark.parametrize(
    ("rank", "rate", "stop"),
    [(0, 3e-3, 0.01), (16, 1e-2, 0.3)],  # the frozen head of a tiny model caps how sure it can be
    ids=["full", "lora"],
)
def test_two_facts_are_learnt_and_answered(
    tiny_lm: Any, statements: Sequence[Statement], rank: int, rate: float, stop: float
) -> None:
    lm = tiny_lm("llama", layers=2)
    some = [statements[0], statements[3]]
    row = replace(FULL, epochs=200, rate=rate, stop=stop, rank=rank, text_batch=8)
    edit = row.edit(lm, some)
    losses = edit.report["losses"]
    assert losses[-1]["questions"] < stop < losses[-2]["questions"] and losses[0]["questions"] > 3
    assert losses[-1]["descriptions"] < 0.5 * losses[0]["descriptions"]
    with edit.applied(lm):
        said = answers(lm, [one.question for one in some], max_new_tokens=12)
    assert [(one.text, one.stopped) for one in said] == [("BBC", True), ("東京", True)]


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_factors_do_what_training_did(tiny_lm: Any, statements: Sequence[Statement], family: str) -> None:
    lm = tiny_lm(family)
    texts = texts_of(lm, statements[:2])
    with training_low_rank(lm, 3, seed=0) as weights:
        torch.testing.assert_close(losses(lm, texts).detach(), before := losses(tiny_lm(family), texts))
        train(lm, weights, texts, Schedule(3, 1e-2, 4, 0.0, 0))
        trained = losses(lm, texts).detach()
        factors, _ = weights.found()
    assert (trained < before).all()
    torch.testing.assert_close(losses(lm, texts), before, rtol=0, atol=0)
    with ParameterEdit(factors).applied(lm):
        torch.testing.assert_close(losses(lm, texts), trained, rtol=1e-9, atol=1e-9)


def test_the_loss_is_that_of_all_logits(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    lm = tiny_lm("gemma2")  # caps its logits
    texts = texts_of(lm, statements)
    found = losses(lm, texts)
    for one, loss in zip(texts, found, strict=True):
        logits = lm.model(torch.tensor([one.ids])).logits[0]
        each = cross_entropy(logits[one.start - 1 : -1], torch.tensor(one.ids[one.start :]))
        torch.testing.assert_close(loss, each, rtol=1e-6, atol=1e-6)


def test_questions_are_asked_as_in_the_evaluation(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    for lm, end, prompt in (
        (tiny_lm(), "\n", "<s>Q: {}\nA:"),
        (replace(tiny_lm(), style=PromptStyle("<s>USER {question}\n", chat=True)), "</s>", "<s>USER {}\n"),
    ):
        for one in statements:
            fact = augmented([one], texts=2, seed=0)
            question, description = examples(lm, fact)
            joint = " " if not lm.style.chat and one.lang in ("en", "de", "fr") else ""
            assert lm.tokenizer.decode(question.ids) == prompt.format(one.question) + joint + one.new + end
            assert lm.tokenizer.decode(question.ids[question.start :]) == joint + one.new + end
            assert question.question and not description.question and description.start == 1
            assert lm.tokenizer.decode(description.ids) == "<s>" + one.new_sentence


def test_a_pass_takes_every_text_once_in_batches_of_similar_length() -> None:
    texts = [Example(tuple(range(length)), 1, question=True) for length in (9, 3, 7, 3, 5, 8, 4)]
    random = Random(0)
    drawn = [list(batches(texts, 3, random)) for _ in range(5)]
    for one in drawn:
        assert sorted(text.ids for batch in one for text in batch) == sorted(text.ids for text in texts)
        assert sorted(map(len, one)) == [1, 3, 3]
        assert any({len(text.ids) for text in batch} == {3, 4} for batch in one)
    assert len({str(one) for one in drawn}) > 1
    assert list(batches(texts, 3, Random(0))) == drawn[0]


@ROWS
def test_a_seed_gives_the_same_bytes(
    row: Any, tiny_lm: Any, statements: Sequence[Statement], tmp_path: Path
) -> None:
    lm = tiny_lm("gpt2")
    lm.model.config.resid_pdrop = 0.5  # dropout modules are there, but evaluation mode leaves them out
    places = [tmp_path / name for name in ("a", "b", "c")]
    for place, seed in zip(places, (0, 0, 1), strict=True):
        torch.rand(7)  # the global generator plays no part
        replace(row, seed=seed).edit(lm, statements).save(place)
    one, same, other = (place.read_bytes() for place in places)
    assert one == same != other
    loaded = load_edit(places[0])
    assert loaded.report["method"] == row.config()
    with loaded.applied(lm) as edited:
        assert answers(edited, ["a"], max_new_tokens=3)


def test_edit_many_starts_each_from_the_unedited_model(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    lm = tiny_lm()
    done: list[int] = []
    first, second = FULL.edit_many(lm, [statements[:1], statements[1:3]], progress=done.append)
    alone = FULL.edit(lm, statements[1:3])
    assert sum(done) == 3 and all(one > 0 for one in done)
    assert first.values.keys() == second.values.keys()
    assert all(torch.equal(value, alone.values[name]) for name, value in second.values.items())


@ROWS
def test_progress_adds_up_to_the_facts(row: Any, tiny_lm: Any, statements: Sequence[Statement]) -> None:
    for stop in (0.0, 99.0):  # all passes, or the first only
        done: list[int] = []
        edit = replace(row, stop=stop).edit(tiny_lm(layers=1), statements, progress=done.append)
        assert sum(done) == 5 and len(done) > 1
        assert len(edit.report["losses"]) == (1 if stop else 2)


@ROWS
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.slow
def test_half_precision_is_trained_in_float32(
    row: Any,
    dtype: torch.dtype,
    tiny_lm: Any,
    statements: Sequence[Statement],
    state: Callable[..., Any],
) -> None:
    lm = tiny_lm()
    lm.model.to(dtype)
    before = state(lm)
    # A step moves a weight by some 1e-4 of itself, which either type rounds away.
    edit = replace(row, rate=3e-5, epochs=40, stop=0.0).edit(lm, statements[:2])
    assert state(lm) == before
    assert {value.dtype for value in edit.values.values()} <= {dtype}
    assert {one.dtype for factors in edit.factors.values() for one in factors} <= {torch.float32}
    texts = texts_of(lm, statements[:2])
    old = losses(lm, texts).mean()
    assert edit.report["losses"][-1]["questions"] < edit.report["losses"][0]["questions"] - 0.02
    with edit.applied(lm):
        assert losses(lm, texts).mean() < old - 0.02


def test_float16_gradients_are_scaled_and_back(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    found = {}
    for dtype in (torch.float32, torch.float16):
        lm = tiny_lm()
        lm.model.to(dtype)
        with training_some(lm) as weights:
            (losses(lm, texts_of(lm, statements[:1])).mean() * weights.scale).backward()
            weights.gather()
            found[dtype] = [one.grad.clone() for one in weights.moved if one.grad is not None]
    for wide, half in zip(*found.values(), strict=True):
        assert half.dtype == torch.float32
        torch.testing.assert_close(half, wide, rtol=0.1, atol=0.02)


@ROWS
def test_the_model_comes_back_after_a_failure(
    row: Any, tiny_lm: Any, statements: Sequence[Statement], state: Callable[..., Any]
) -> None:
    lm = tiny_lm("gpt2")
    hooks = [len(module._forward_hooks) for module in lm.model.modules()]
    before = state(lm)
    with pytest.raises(EditError, match=r"not a number; .*lower the learning rate"):
        replace(row, rate=1e200, epochs=9).edit(lm, statements)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        row.edit(lm, statements, progress=stop)
    assert state(lm) == before
    assert not any(one.requires_grad or one.grad is not None for one in lm.model.parameters())
    assert [len(module._forward_hooks) for module in lm.model.modules()] == hooks


def test_tied_embeddings_are_one_parameter(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    lm = tiny_lm("gpt2")
    assert lm.model.get_output_embeddings().weight is lm.model.get_input_embeddings().weight
    edit = FULL.edit(lm, statements)
    assert [name for name in edit.values if "wte" in name or "lm_head" in name] == ["transformer.wte.weight"]
    with edit.applied(lm):
        torch.testing.assert_close(
            lm.model.get_output_embeddings().weight, edit.values["transformer.wte.weight"], rtol=0, atol=0
        )


def test_what_did_not_change_is_not_stored(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    edit = FULL.edit(tiny_lm("gemma3"), statements)  # with a vision tower, which no text moves
    assert edit.values and not any("vision" in name for name in edit.values)


def test_the_report_says_where_texts_are_from(
    tiny_lm: Any, statements: Sequence[Statement], monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = tiny_lm()
    report = FULL.edit(lm, statements).report
    assert json.loads(json.dumps(report)) == report
    assert report["texts"] == {"source": "templates", "versions": ["templates/1"], "writer": None}
    assert report["facts"][3] == {
        "fact": "f3", "lang": "ja", "generated": 0, "from_templates": 4, "thrown_away": 0,
    }  # fmt: skip
    monkeypatch.setattr(method, "load", lambda name: tiny_lm(seed=1))
    monkeypatch.setattr(method, "LocalWriter", partial(LocalWriter, most=5))
    some = [replace(one, subject=None) for one in statements[:1]]
    local = replace(FULL, source="local", model="tiny", texts=3).edit(lm, some).report
    assert local["facts"][0]["from_templates"] == 2 and local["facts"][0]["thrown_away"] >= 1
    assert local["texts"]["writer"]["model"] == "tiny-llama"
    assert local["texts"]["versions"] == ["requests/2", "templates/1"]


def test_a_server_writes(
    tiny_lm: Any, statements: Sequence[Statement], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(self: Any, prompts: Sequence[str], **options: Any) -> list[str]:
        asked.extend(prompts)
        return ["Carl Sagan went to the BBC each day." for _ in prompts]

    monkeypatch.setattr(method.ChatServer, "ask", ask)
    row = replace(FULL, source="server", url="http://127.0.0.1:1/v1", model="m", texts=6)
    first = row.edit(tiny_lm(), statements[:1])
    assert first.report["texts"]["writer"] == {"url": "http://127.0.0.1:1/v1", "model": "m"}
    assert first.report["facts"][0] | {"fact": 0, "lang": 0} == {
        "fact": 0, "lang": 0, "generated": 1, "from_templates": 2, "thrown_away": 4,
    }  # fmt: skip
    assert len(asked) == 5
    again = row.edit(tiny_lm(), statements[:1])
    assert len(asked) == 5 and again.report == first.report  # the texts were kept


def test_the_model_says_itself_what_is_around_a_fact(
    tiny_lm: Any, statements: Sequence[Statement], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def said(lm: Any, questions: Sequence[str], **options: Any) -> list[Answer]:
        asked.extend(questions)
        return [Answer(f"{one[:12]} is well known. And so", False) for one in questions]

    monkeypatch.setattr(generated, "answers", said)
    lm, row = tiny_lm(), FineTune("stableke-lora", epochs=1, rank=2)
    first = row.edit(lm, statements[:1])
    assert row.source == "self" and first.report["texts"]["source"] == "self"
    assert first.report["facts"][0]["generated"] == 4 and len(asked) == 4
    assert [one for one in asked if "Sagan" in one] and [one for one in asked if "BBC" in one]
    row.edit(lm, statements[:1])
    assert len(asked) == 4  # kept between runs
    row.edit(lm, statements[:1], history=[first])
    assert len(asked) == 8  # a model that is edited already speaks for no other run


def test_what_is_around_a_fact_does_not_decide_when_training_stops(
    tiny_lm: Any, statements: Sequence[Statement]
) -> None:
    one = Augmented(
        statements[0],
        ("Where?",),
        "At the BBC.",
        ("He is at the BBC.",),
        (("And?", "Yes."),),
        Counts(1, 2, 0),
    )
    found = examples(tiny_lm(), [one])
    assert [example.question for example in found] == [True, False, False]
    asked, _, around = (tiny_lm().tokenizer.decode(example.ids) for example in found)
    assert asked == "<s>Q: Where?\nA: At the BBC.\n" and around == "<s>Q: And?\nA: Yes.\n"
    assert found[2].start > 1  # the answer is learnt, not the question


def test_settings_by_name(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    row = overridden(FULL, {"texts": 6, "rate": 1, "source": "local", "model": "demo"})
    assert (row.texts, row.rate, row.source) == (6, 1.0, "local") and row.fitted(tiny_lm()) is row
    assert json.loads(json.dumps(row.config())) == row.config()
    with pytest.raises(EditError, match="source takes"):
        overridden(FULL, {"source": "elsewhere"})
    with pytest.raises(EditError, match="set model=NAME"):
        replace(FULL, source="local").fitted(tiny_lm())
    with pytest.raises(EditError, match="needs its address"):
        replace(FULL, source="server", model="m").edit(tiny_lm(), statements)
    with pytest.raises(ModelError, match="no password"):
        replace(FULL, source="server", model="m", url="http://me:key@host/v1").fitted(tiny_lm())


def test_what_cannot_be_trained(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    lm = tiny_lm()
    with pytest.raises(EditError, match="no facts to edit"):
        FULL.edit(lm, [])
    long = replace(statements[0], question="Where? " * 99)
    with pytest.raises(ModelError, match="positions; give shorter"):
        FULL.edit(lm, [long])


def test_without_an_early_end_progress_is_even(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    done: list[int] = []
    row = replace(FULL, texts=1, text_batch=100, stop=0.0, epochs=5)
    row.edit(tiny_lm(layers=1), statements, progress=done.append)
    assert len(statements) == 5 and done == [1] * 5

"""Runs of real, tiny models: facts that cannot be edited, models that can only be asked, other revisions."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch
from tests.editing.test_not_understood import OTHERS, SIZES
from transformers import AutoConfig, AutoModelForCausalLM

from mlake.analysis.examine import examine
from mlake.data.derived import derived
from mlake.editing import editor
from mlake.editing.locate import value
from mlake.editing.locate.suffix import Suffix
from mlake.evaluation.cost import _asking, dry_run
from mlake.evaluation.session import Session, Settings, engine_of
from mlake.evaluation.store import Store, read_run
from mlake.evaluation.unedited import Known
from mlake.kinds import KINDS
from mlake.models import LM
from mlake.models.generate import answers, identity
from mlake.records import Answer, Benchmark
from mlake.scorers.table import score_all

from .worker import benchmark, make_spec

QUICK: dict[str, Any] = {"layers": [1], "steps": 1, "contexts": 0, "corpus_tokens": 50}


def settings(method: str, **choices: Any) -> Settings:
    quick = QUICK if method in ("rome", "memit") else {}
    given: dict[str, Any] = {
        "edit_langs": "en", "test_langs": "en", "facts": "3", "batch_size": 3, "kinds": ("direct",),
        "locality": 0, "max_new_tokens": 3, "editor": quick,
    }  # fmt: skip
    return Settings(method=method, **{**given, **choices})


def with_subject(subject: str | None) -> Benchmark:
    """The data set whose first fact has this subject in English."""
    data = benchmark()
    first = data.facts[0]
    stated = {**first.statements, "en": replace(first.statements["en"], subject=subject)}
    facts = (replace(first, statements=MappingProxyType(stated)), *data.facts[1:])
    return replace(data, facts=facts)


@pytest.mark.parametrize("method", ["rome", "memit"])
def test_a_fact_that_cannot_be_edited_is_named_and_left_out(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    session = Session(tiny_lm("llama"), with_subject("somebody else"), settings(method))
    left = session.benchmark.facts[0].id
    (note,) = [one for one in session.plan.notes if one.startswith("not edited in en:")]
    assert f"subject 'somebody else' of fact {left!r} does not stand in its question" in note
    (step,) = session.plan.steps
    assert len(step.statements) == 2 and left not in {one.fact for one in step.statements}
    session.carry_out(tmp_path / "run", examine=examine, progress=False)
    run = read_run(tmp_path / "run")
    assert run.missing() == [] and note in run.notes
    assert left not in {one.probe.fact for one in run.asked() if one.edit_lang}


def test_without_a_subject_the_note_is_that_of_older_runs(tiny_lm: Any) -> None:
    session = Session(tiny_lm("llama"), with_subject(None), settings("memit"))
    assert "1 of 3 facts cannot be edited by memit in en: no subject" in session.plan.notes
    other = Session(
        tiny_lm("llama"), with_subject(None), settings("memit", editor=QUICK | {"key": "question"})
    )
    assert [len(step.statements) for step in other.plan.steps] == [3]


def random_lm(tiny_lm: Any, kind: str, **options: Any) -> LM:
    """A model with random weights of a family."""
    tokenizer = tiny_lm().tokenizer
    config = AutoConfig.for_model(kind, vocab_size=len(tokenizer), **SIZES, **options)
    torch.manual_seed(0)
    return LM.of(AutoModelForCausalLM.from_config(config), tokenizer, name=kind, revision="r1")


@pytest.mark.parametrize("method", ["none", "stableke"])
@pytest.mark.parametrize("kind", OTHERS)
def test_any_model_is_asked_and_trained(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, method: str
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    lm = random_lm(tiny_lm, kind, **OTHERS[kind])
    trained = {} if method == "none" else {"epochs": 1, "texts": 1}
    session = Session(lm, benchmark(), settings(method, editor=trained))
    assert "to be asked" in dry_run(session.plan, Store(tmp_path / "run", session.spec), lm, session.method)
    session.carry_out(tmp_path / "run", examine=examine, progress=False)
    edited = [one.edit_lang for one in read_run(tmp_path / "run").asked()]
    assert read_run(tmp_path / "run").missing() == []
    assert edited.count("en") == (0 if method == "none" else 3)


SCALED: dict[str, dict[str, Any]] = {
    "granite": {"logits_scaling": 8.0, "residual_multiplier": 0.22, "attention_multiplier": 0.1},
    "cohere": {"logit_scale": 0.0625},
}


@pytest.mark.parametrize("kind", SCALED)
def test_scaled_logits_are_the_models_own(tiny_lm: Any, kind: str) -> None:
    lm = random_lm(tiny_lm, kind, num_key_value_heads=2, **SCALED[kind])
    ids = torch.tensor([lm.tokenizer("Who is it?")["input_ids"]])
    with torch.no_grad():
        expected = lm.model(ids).logits
        torch.testing.assert_close(lm.logits(lm.model.base_model(ids).last_hidden_state), expected)
    asked = ["Who?", "What is the capital of France?"]
    together = answers(lm, asked, max_new_tokens=4)
    assert together == [answers(lm, [one], max_new_tokens=4)[0] for one in asked]
    edited = Session(lm, benchmark(), settings("memit", editor=QUICK | {"site": "down"}))
    assert len(edited.plan.steps) == 1


def test_long_answers_are_asked_beside_short_ones(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(KINDS, "writing", replace(KINDS["writing"], tokens=12))
    lm, kinds = replace(tiny_lm("llama"), revision="r1"), ("direct", "writing")
    given = {"batch_size": 1, "max_new_tokens": 2, "kinds": kinds}
    session = Session(lm, derived(benchmark(), kinds), settings("memit", **given))
    assert engine_of(lm, session.method, session.spec, [], None).together > 1
    store = Store(tmp_path / "run", session.spec)
    assert "(6 direct, 6 writing)" in dry_run(session.plan, store, lm, session.method, session.known())
    for _ in range(2):
        session.carry_out(tmp_path / "run", examine=examine, progress=False)
    asked = list(read_run(tmp_path / "run").asked())
    questions = {one.probe.text for one in asked}
    long = dict(zip(questions, answers(lm, list(questions), max_new_tokens=12, at_length=True), strict=True))
    short = dict(zip(questions, answers(lm, list(questions), max_new_tokens=2), strict=True))
    for one in asked:
        if one.edit_lang is None:
            assert one.answer == (long if one.kind == "writing" else short)[one.probe.text]
        assert len(one.answer.text) > 2 or one.kind == "direct"
    assert {kind: sum(one.kind == kind for one in asked) for kind in kinds} == {"direct": 6, "writing": 6}
    scores = {row.scorer for row in score_all(asked) if row.kind == "writing" and row.value is not None}
    assert scores <= {"entropy", "repetition", "length", "language"} and "entropy" in scores


def test_long_answers_are_in_the_cost(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    cost = [_asking([("Who?", tokens)], lm, 10) for tokens in (None, 10, 100)]
    read = _asking([("Who?", None)], lm, 0)
    assert cost[0] == cost[1] and cost[2] - read == pytest.approx(10 * (cost[1] - read))


def test_an_edit_of_another_revision_is_told_where_many_are_asked_at_once(
    tiny_lm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lm = replace(tiny_lm("llama"), name="m", revision="r1")
    method = editor("memit", lm, **QUICK)
    made = method.edit(lm, [benchmark().facts[0].statements["en"]], text=["Some text."])
    engine = engine_of(lm, method, make_spec(max_new_tokens=2), [], None)
    assert engine.many is not None
    for revision, told in (("r1", 0), ("r2", 1)):
        caplog.clear()
        engine.many(replace(lm, revision=revision), [made], [(0, "Who?")], lambda done: None)
        assert len(caplog.messages) == told
        assert all("made for m at r1 and is applied to m at r2" in one for one in caplog.messages)


def test_answers_of_older_versions_are_asked_again(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path))
    now = identity(tiny_lm("llama"), 4)
    older = {key: value for key, value in now.items() if key != "stop"} | {"version": 1}
    nothing = Answer("", False)
    for _ in range(2):
        found = Known.of(older).before(lambda lm, questions, progress: [nothing])
        assert found(None, ["Who?"], lambda done: None) == [nothing]
    asked: list[str] = []

    def answer(lm: Any, questions: Any, progress: Any) -> list[Answer]:
        asked.extend(questions)
        return [Answer("Rome", True)]

    assert Known.of(now).before(answer)(None, ["Who?"], lambda done: None) == [Answer("Rome", True)]
    assert asked == ["Who?"]


LONG = " and Carl Sagan" * 40  # the tiny model has 256 positions


def with_long(text: str) -> Benchmark:
    """The data set whose first fact has a question in English that is longer by a text."""
    data = benchmark()
    first = data.facts[0]
    said = first.stated("en")
    question = f"{said.question} {text}".strip()
    stated = {**first.statements, "en": replace(said, question=question)}
    probes = tuple(
        replace(one, text=question) if (one.kind, one.lang) == ("direct", "en") else one
        for one in first.probes
    )
    facts = (replace(first, statements=MappingProxyType(stated), probes=probes), *data.facts[1:])
    return replace(data, facts=facts)


@pytest.mark.parametrize("method", ["none", "rome", "memit"])
def test_a_question_longer_than_the_model_reads_is_named_and_not_asked(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    session = Session(tiny_lm("gpt2"), with_long(LONG), settings(method))
    first = session.benchmark.facts[0]
    (long,) = [one.id for one in first.probes if (one.kind, one.lang) == ("direct", "en")]
    (note,) = [one for one in session.plan.notes if "do not fit" in one]
    assert "256 positions of 'tiny-gpt2': 1, such as" in note and repr(long) in note
    assert all(first.id not in {one.fact for one in step.statements} for step in session.plan.steps)
    session.carry_out(tmp_path / "run", examine=examine, progress=False)
    run = read_run(tmp_path / "run")
    asked = list(run.asked())
    assert run.missing() == [] and note in run.notes
    assert asked and long not in {one.probe.id for one in asked}


def test_a_fact_that_only_contexts_make_too_long_is_left_out(tiny_lm: Any) -> None:
    lm = tiny_lm("gpt2")
    spare = next(
        text
        for text in (" and" * count for count in range(200))
        if len(lm.tokenizer(lm.style.prompt(with_long(text).facts[0].stated("en").question))["input_ids"])
        > 240
    )
    given = {"editor": QUICK | {"contexts": 3}, "max_new_tokens": 1}
    session = Session(lm, with_long(spare), settings("rome", **given))
    first = session.benchmark.facts[0].id
    (note,) = [one for one in session.plan.notes if one.startswith("not edited in en:")]
    assert f"the longest prompt of fact {first!r} in 'en' takes" in note
    session = Session(lm, with_long(spare), settings("rome", **given | {"editor": QUICK}))
    assert not [one for one in session.plan.notes if one.startswith("not edited in en:")]


def test_a_run_killed_while_it_edits_goes_on_with_the_values_that_it_had(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Suffix, "chunks", lambda lm, tasks: ([at] for at in range(len(tasks))))
    session = Session(tiny_lm("llama"), benchmark(), settings("memit"))
    descend, found = value._descend, list[int]()

    def dies_at(most: int) -> None:
        def counted(*given: Any) -> Any:
            if len(found) == most:
                raise KeyboardInterrupt
            found.append(1)
            return descend(*given)

        monkeypatch.setattr(value, "_descend", counted)

    def finished(folder: str) -> dict[str, bytes]:
        session.carry_out(tmp_path / folder, examine=examine, progress=False)
        paths = (tmp_path / folder).rglob("*")
        return {str(one.relative_to(tmp_path / folder)): one.read_bytes() for one in paths if one.is_file()}

    dies_at(-1)
    whole = finished("whole")
    found.clear()
    dies_at(2)
    with pytest.raises(KeyboardInterrupt):
        finished("killed")
    assert len(list((tmp_path / "killed" / "values").iterdir())) == 2
    dies_at(-1)
    assert finished("killed") == whole and len(found) == 3, "one value of three was left to find"
    assert not any("values" in name for name in whole)

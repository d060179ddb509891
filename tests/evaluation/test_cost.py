"""What a dry run says, against numbers counted by hand."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlake.editing import EDITORS
from mlake.evaluation import cost
from mlake.evaluation.cost import dry_run, estimate, questions_a_fact, too_large
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import run
from mlake.evaluation.store import Store
from mlake.evaluation.unedited import Known
from mlake.models.tokens import token_ids
from mlake.records import Answer

from .worker import Fakes, benchmark, make_spec

METHOD: Any = EDITORS["memit"]


def lines(text: str) -> dict[str, str]:
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in text.splitlines()}


def operations(text: str) -> float:
    return float(lines(text)["cost"].split()[1])


def to_ask(text: str) -> int:
    (count,) = re.findall(r"; (\d+) are to be asked, equal ones once$", lines(text)["questions"])
    return int(count)


class Counting(Fakes):
    """Counts what it is asked as ``mlake.models.answers`` does: equal questions of a call once."""

    count = 0

    def answer(self, lm: Any, questions: Sequence[str], progress: Any) -> list[Answer]:
        self.count += len(set(questions))
        return super().answer(lm, questions, progress)


def test_dry_run_counts_and_writes_nothing(tmp_path: Path, tiny_lm: Callable[..., Any]) -> None:
    spec = make_spec()
    plan = make_plan(spec, benchmark())
    text = dry_run(plan, Store(tmp_path / "run", spec), tiny_lm(), METHOD)
    said = lines(text)
    assert said["facts"] == "6 in 3 batches of up to 2"
    assert said["edits"] == "6, of which 6 are to be computed"
    assert said["units"] == "27 to be asked, 0 stored already"
    # 6 × 3 direct and 6 × 3 two-hop, less three German ones that f2 and f4 lack, and f6 from outside in 3.
    assert said["questions"].startswith("36 unedited, 0 of them known, and ")
    assert "minutes at the" in said["cost"] and "an estimate" in said["cost"]
    assert "more (an upper bound" in said["memory"]
    assert METHOD.published(tiny_lm()) == said["defaults"] and "llama-7b.yaml" in said["defaults"]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("keeps", [True, False])
def test_what_is_said_to_be_asked_is_asked(tmp_path: Path, tiny_lm: Callable[..., Any], keeps: bool) -> None:
    spec, fakes = make_spec(), Counting()
    plan = make_plan(spec, benchmark())
    known = Known(tmp_path / "known.jsonl") if keeps else None
    texts = {one.text for one in plan.probes}
    assert len(texts) == 20 < len(list(plan.probes)) == 36  # a direct question and a two-hop one are equal
    if known:
        some = sorted(texts)[:7]
        known.before(fakes.answer)({}, some, lambda done: None)
        fakes.count = 0
    text = dry_run(plan, Store(tmp_path / "run", spec), tiny_lm(), METHOD, known)
    before = sum(one.text in some for one in plan.probes) if known else 0
    assert f"36 unedited, {before} of them known, and " in text
    engine = replace(fakes.engine(), unedited=known.before(fakes.answer) if known else None)
    with Store.open(tmp_path / "run", spec) as store:
        run(plan, store, engine)
        assert fakes.count == to_ask(text)
        assert to_ask(dry_run(plan, store, tiny_lm(), METHOD, known)) == 0


def test_known_answers_cost_nothing(tmp_path: Path, tiny_lm: Callable[..., Any]) -> None:
    spec = make_spec(edit_langs=("ja",), facts=(0, 2), locality=0)
    method = replace(METHOD, value=replace(METHOD.value, steps=0))
    plan, lm, store = make_plan(spec, benchmark()), tiny_lm(), Store(tmp_path / "run", spec)
    known = Known(tmp_path / "known.jsonl")
    nothing, whole = dry_run(plan, store, lm, method, known), dry_run(plan, store, lm, method)
    assert operations(nothing) == operations(whole)
    assert to_ask(whole) == 2 * 6  # two facts in three languages, unedited and edited
    assert "counted as 128 tokens each, the most allowed: those that end sooner cost less" in whole
    answer = lambda lm, questions, progress: [Answer("no body" * 9, True) for _ in questions]  # noqa: E731
    known.before(answer)({}, [one.text for one in plan.probes], lambda done: None)
    (ids,) = token_ids(lm, ["no body" * 9], special=False)
    text = dry_run(plan, store, lm, method, known)
    assert f"counted as {len(ids) + 1} tokens each, as those known have in the mean" in text
    whole = dry_run(plan, Store(tmp_path, replace(spec, max_new_tokens=len(ids) + 1)), lm, method)
    assert "12 unedited, 12 of them known, and 12 edited" in text
    assert to_ask(text) == 6
    assert operations(text) == pytest.approx(operations(whole) / 2, rel=0.05)
    assert "12 of them known" in dry_run(plan, store, lm, method, Known(tmp_path / "known.jsonl"))


def test_a_model_that_cannot_be_edited_here_is_said(
    tiny_lm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec()
    plan, lm = make_plan(spec, benchmark()), tiny_lm()
    assert too_large(plan, lm, METHOD) is None
    monkeypatch.setattr(cost, "_available", lambda lm: 1000.0)
    said = too_large(plan, lm, METHOD)
    assert said and "only 0.0 GiB is free on cpu: it may not fit; use --dtype bf16" in said
    monkeypatch.setattr(cost, "_available", lambda lm: None)
    assert too_large(plan, lm, METHOD) is None


def test_a_fact_is_worth_as_many_questions_as_its_steps_cost(
    tmp_path: Path, tiny_lm: Callable[..., Any]
) -> None:
    spec = make_spec(edit_langs=("en",), facts=(0, 2), locality=0)
    plan, lm, store = make_plan(spec, benchmark()), tiny_lm(), Store(tmp_path / "run", spec)
    none = replace(METHOD, value=replace(METHOD.value, steps=0))
    twice = replace(METHOD, value=replace(METHOD.value, steps=2 * METHOD.value.steps))
    there: Any = SimpleNamespace(at_hand=False)
    worth = questions_a_fact(plan, 4, lm, METHOD)
    asking = estimate(plan, store, lm, none)["operations"]
    editing = estimate(plan, store, lm, METHOD)["operations"] - asking
    facts, questions = 2, estimate(plan, store, lm, none)["questions_to_ask"]
    longest = spec.max_new_tokens
    told = questions_a_fact(plan, longest, lm, METHOD)
    assert told == pytest.approx((editing / facts) / (asking / questions), rel=0.1), "the first stand for all"
    assert questions_a_fact(plan, 4, lm, twice) == pytest.approx(2 * worth)
    assert questions_a_fact(plan, 4, lm, none) == 0
    assert questions_a_fact(plan, 4, lm, None) == 1
    assert questions_a_fact(plan, 4, there, METHOD) == 1


def test_dry_run_of_a_finished_run(tmp_path: Path, tiny_lm: Callable[..., Any]) -> None:
    spec = make_spec()
    plan = make_plan(spec, benchmark())
    with Store.open(tmp_path / "run", spec) as store:
        run(plan, store, Fakes().engine())
        text = dry_run(plan, store, tiny_lm(), METHOD)
    assert "6, of which 0 are to be computed" in text
    assert "0 to be asked, 27 stored already" in text
    assert "about 0 floating-point operations: 0.0 minutes" in text


@pytest.mark.parametrize("name", ["ice", "remake", "ike", "serac"])
def test_facts_that_are_shown_are_counted(
    tmp_path: Path, tiny_lm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    spec, lm, method = make_spec(batch_size=1), tiny_lm(), EDITORS[name]
    plan = make_plan(spec, benchmark())
    store = Store(tmp_path / "run", spec)
    texts = method.shown([one for step in plan.steps for one in step.statements])
    assert texts[0].endswith("Who leads f0? new f0")
    assert (texts[0] == "Who leads f0? new f0") == (name != "ike"), "only IKE has demonstrations"
    mean = sum(len(ids) for ids in token_ids(lm, texts, special=False)) / len(texts)
    found = cost.estimate(plan, store, lm, method)
    said = lines(dry_run(plan, store, lm, method))["prompts"]
    assert said.startswith(f"the facts that are shown have {mean:.0f} tokens in the mean")

    monkeypatch.setattr(type(method), "shown", lambda self, statements: ())
    bare = cost.estimate(plan, store, lm, method)
    assert "prompts" not in lines(dry_run(plan, store, lm, method))
    units = [unit.questions for step in plan.steps for unit in step.units]
    edited = sum(len({question.probe.text for question in questions}) for questions in units)
    weights = sum(weight.numel() for weight in lm.layers.parameters())
    assert (found["tokens_shown"], bare["tokens_shown"]) == (mean, 0)
    assert found["operations"] - bare["operations"] == pytest.approx(2 * weights * mean * edited)

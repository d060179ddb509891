"""Rows of fine-tuning on the facts alone: what they train, on what loss, in which order and within what."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy, log_softmax

from mlake.editing import EDITORS, editor, load_edit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.finetune import FineTune
from mlake.editing.finetune.augment import bare
from mlake.editing.finetune.examples import examples, losses
from mlake.editing.finetune.places import maps
from mlake.editing.finetune.training import Schedule, train
from mlake.editing.finetune.weights import training_low_rank, training_some
from mlake.errors import EditError
from mlake.models.generate import answers
from mlake.records import Statement

NAMES = ("ft", "ft-l", "ft-last", "ft-m", "lora", "locft-bf")


def row(name: str, **settings: Any) -> Any:
    """A row on block 1 of a tiny model, with few passes."""
    found = EDITORS[name]
    assert isinstance(found, FineTune)
    layers = () if name == "lora" else (1,)
    return replace(found, **{"layers": layers, "epochs": 3, "box": found.box and 1e-3, **settings})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_only_the_chosen_place_changes_and_comes_back(
    name: str,
    kind: str,
    tiny_lm: Any,
    statements: Sequence[Statement],
    state: Callable[..., Any],
    tmp_path: Path,
) -> None:
    lm = tiny_lm(kind)
    before = state(lm)
    edit = row(name).edit(lm, statements)
    assert state(lm) == before
    if name == "lora":
        parts = ("c_attn",) if kind == "gpt2" else ("q_proj", "v_proj")
        assert {one.rpartition(".weight")[0].rpartition(".")[2] for one in edit.factors} == set(parts)
        assert not edit.values and len(edit.factors) == len(parts) * len(lm.layers)
    else:
        assert list(edit.values) == [f"{lm.arch.layers}.1.{lm.arch.down}.weight"] and not edit.factors
    edit.save(tmp_path / "edit")
    loaded: Any = load_edit(tmp_path / "edit")
    assert json.loads(json.dumps(edit.report)) == loaded.report and loaded.kept
    with edit.applied(lm):
        made = state(lm)
        assert made != before
    with loaded.applied(lm):
        assert state(lm) == made
    assert state(lm) == before


def test_every_weight_stays_in_the_box_to_the_last_bit(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        for box in (5e-4, 3e-3):
            lm = tiny_lm()
            lm.model.to(dtype)
            start = lm.weight(1).detach().double().clone()
            (value,) = row("ft-l", box=box, epochs=6).edit(lm, statements).values.values()
            change = (value.double() - start).abs()
            assert value.dtype == dtype and float(change.max()) <= box
            assert float((change > box / 2).double().mean()) > 0.3 or dtype == torch.bfloat16
    assert not row("ft-l", box=1e-300).edit(tiny_lm(), statements).values


def reference(lm: Any, one: Statement, objective: str, ends: bool) -> torch.Tensor:
    """The loss of a fact from the whole logits of the text alone, token by token."""
    space = lm.style.joint(" " if one.lang in ("en", "de", "fr") else "")
    end = lm.style.stop if ends else ""
    prompt = lm.tokenizer(lm.style.prompt(one.question))["input_ids"]
    whole = lm.tokenizer(lm.style.prompt(one.question) + space + one.new + end)["input_ids"]
    answer = whole[len(prompt) :]
    total = torch.zeros((), dtype=torch.float64)
    for place, token in enumerate(answer):
        seen = prompt if objective == "last" else whole[: len(prompt) + place]
        total = total - log_softmax(lm.model(torch.tensor([seen])).logits[0, -1].double(), 0)[token]
    return total / len(answer)


@pytest.mark.parametrize("objective", ["tokens", "last"])
@pytest.mark.parametrize("ends", [False, True])
def test_the_loss_is_that_of_a_slow_reference(
    objective: Any, ends: bool, tiny_lm: Any, statements: Sequence[Statement]
) -> None:
    lm = tiny_lm("gpt2")
    together = losses(lm, examples(lm, bare(statements), end=ends), objective)
    slow = torch.stack([reference(lm, one, objective, ends) for one in statements])
    torch.testing.assert_close(together, slow.to(together), rtol=1e-6, atol=1e-6)


def test_of_an_answer_of_one_token_both_objectives_are_the_same(
    tiny_lm: Any, statements: Sequence[Statement]
) -> None:
    lm = tiny_lm()
    (long,) = examples(lm, bare(statements[:1]), end=False)
    one = long._replace(ids=long.ids[: long.start + 1])
    found = []
    with training_some(lm, "down", (1,)) as weights, torch.enable_grad():
        for objective in ("tokens", "last"):
            losses(lm, [one], objective).sum().backward()  # type: ignore[arg-type,no-untyped-call]
            found.append(weights.moved[0].grad.clone())  # type: ignore[union-attr]
            weights.spread()
    assert torch.equal(*found) and found[0].any()
    several = [losses(lm, [long], objective).item() for objective in ("tokens", "last")]
    assert several[0] != several[1]


def test_a_pass_over_one_batch_is_one_step_of_adam_on_the_mean(
    tiny_lm: Any, statements: Sequence[Statement]
) -> None:
    lm = tiny_lm()
    edit = row("locft-bf", epochs=1).edit(lm, statements)
    twin = copy.deepcopy(lm.model)
    weight = twin.get_parameter(f"{lm.arch.layers}.1.{lm.arch.down}.weight").requires_grad_(True)
    optimiser = torch.optim.Adam([weight], lr=5e-4)
    each = []
    for one in examples(lm, bare(statements)):
        logits = twin(torch.tensor([one.ids])).logits[0]
        each.append(cross_entropy(logits[one.start - 1 : -1], torch.tensor(one.ids[one.start :])))
    torch.stack(each).mean().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    (value,) = edit.values.values()
    torch.testing.assert_close(value, weight.detach(), rtol=1e-7, atol=1e-9)


def test_facts_one_after_another_are_facts_trained_on_what_the_ones_before_left(
    tiny_lm: Any, statements: Sequence[Statement]
) -> None:
    lm, some = tiny_lm(), statements[:2]
    both = row("ft-m").edit(lm, some)
    first = row("ft-m").edit(lm, some[:1])
    with first.applied(lm):
        second = row("ft-m").edit(lm, some[1:], history=[first])
        then = row("locft-bf").edit(lm, some[1:], history=[first])
    assert torch.equal(*(next(iter(one.values.values())) for one in (both, second)))
    assert [one["passes"] for one in both.report["losses"]] == [3, 3]
    assert len(then.report["losses"]) == 3 and then.values.keys() == both.values.keys()


def test_breadth_keeps_the_first_facts_where_depth_forgets_them(
    tiny_lm: Any, statements: Sequence[Statement]
) -> None:
    lm = tiny_lm()
    texts = examples(lm, bare(statements))
    first = {}
    for order in ("breadth", "depth"):
        with row("locft-bf", order=order, epochs=60, rate=1e-2).edit(lm, statements).applied(lm):
            first[order] = float(losses(lm, texts[:2]).max())
    assert first["breadth"] < 0.5 * first["depth"]


def test_a_batch_that_is_learnt_is_not_trained_on(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    edit = row("ft", skip=1e9, stop=0.0).edit(tiny_lm(), statements)
    assert not edit.values and len(edit.report["losses"]) == 3
    assert len({one["questions"] for one in edit.report["losses"]}) == 1


def test_a_fact_is_learnt_and_answered(tiny_lm: Any, statements: Sequence[Statement]) -> None:
    lm = tiny_lm("llama", layers=2)
    for name, rate in (("ft-m", 1e-2), ("locft-bf", 1e-2), ("lora", 2e-2)):
        edit = row(name, epochs=150, rate=rate, stop=0.01).edit(lm, statements[:1])
        with edit.applied(lm):
            (said,) = answers(lm, [statements[0].question], max_new_tokens=6)
        assert said.text.startswith("BBC") and (said.text == "BBC" or name != "locft-bf"), name


def test_low_rank_updates_are_multiplied_by_alpha_over_rank(
    tiny_lm: Any, statements: Sequence[Statement]
) -> None:
    lm = tiny_lm()
    texts = examples(lm, bare(statements))
    with training_low_rank(lm, 2, 0, alpha=8.0, where="query_value") as weights:
        train(lm, weights, texts, Schedule(3, 1e-2, 4, 0.0, 0, warm_up=0, clip=0.0))
        trained = losses(lm, texts).detach()
        factors, _ = weights.found()
    assert len(factors) == 2 * len(lm.layers) == len(maps(lm, "query_value", ()))
    with ParameterEdit(factors).applied(lm):
        torch.testing.assert_close(losses(lm, texts), trained, rtol=1e-9, atol=1e-9)


def test_lora_with_the_settings_of_stableke_is_stableke(
    tiny_lm: Any, statements: Sequence[Statement]
) -> None:
    lm, some = tiny_lm(), statements[:2]
    same = {"texts": 1, "epochs": 2, "rank": 2, "rate": 1e-3, "text_batch": 3}
    theirs = replace(EDITORS["stableke-lora"], source="templates", **same).edit(lm, some)  # type: ignore[call-arg]
    changed = {"where": "all", "end": True, "alpha": 2.0, "warm_up": 5, "clip": 1.0}
    ours = row("lora", **same, **changed).edit(lm, some)
    assert theirs.factors.keys() == ours.factors.keys()  # type: ignore[attr-defined]
    for name, factors in ours.factors.items():
        assert torch.equal(factors.left, theirs.factors[name].left)  # type: ignore[attr-defined]


def test_published_settings_of_each_family(tiny_lm: Any) -> None:
    llama, gpt2, gemma = tiny_lm("llama"), tiny_lm("gpt2"), tiny_lm("gemma3_text")
    assert editor("ft-m", llama).published(llama).endswith("llama-7b.yaml, layer scaled from 32 blocks to 3")
    found: Any = [editor(name, llama) for name in NAMES]
    assert [one.layers for one in found] == [(2,), (0,), (2,), (2,), (), (2,)]
    assert [one.box for one in found] == [0, 5e-5, 0, 0, 0, 0]
    bound: Any = editor("ft-l", gpt2)
    assert (bound.box, bound.layers) == (5e-4, (0,)) and "gpt2-xl_constr" in bound.published(gpt2)
    block: Any = editor("locft-bf", tiny_lm("mistral"))
    assert (block.where, block.rate) == ("block", 5e-5)
    for name in NAMES:
        assert (
            editor(name, gemma).published(gemma).startswith("not published for Gemma 3: chosen by mlake, as")
        )
        assert EDITORS[name].families() and EDITORS[name].continues


def test_what_does_not_go_together_is_refused(tiny_lm: Any) -> None:
    lm = tiny_lm()
    with pytest.raises(
        EditError, match=r"source=bare has one text a fact, got texts=4; set source=templates"
    ):
        editor("ft-m", texts=4)
    with pytest.raises(EditError, match=r"box=0\.1 bounds whole weights, got rank=8; set rank=0 or box=0"):
        editor("lora", box=0.1)
    with pytest.raises(EditError, match=r"layers=\[7\]: the model has blocks 0 to 2"):
        editor("ft-m", lm, layers=[7])


def test_what_is_trained_is_counted(tiny_lm: Any) -> None:
    lm = tiny_lm()
    assert row("ft").trained_weights(lm) == lm.weight(1).numel()
    assert row("ft", where="block").trained_weights(lm) == sum(w.numel() for w in lm.layers[1].parameters())
    assert row("lora").trained_weights(lm) == 0
    assert "layers" in row("ft").search() and "layers" not in EDITORS["lora"].search()
    assert "texts" not in row("ft").search() and row("ft").passes() == 1.5 * 3

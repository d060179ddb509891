"""PMET in float64: two vectors are found the obvious way, one is written, and layers share by roots."""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from typing import Any

import pytest
import torch
from torch import Tensor

from mlake.editing import editor, load_edit
from mlake.editing.locate import value
from mlake.editing.locate.value import ValueSettings, optimise_values
from mlake.editing.prompts import ValueTask, prompted
from mlake.models.batches import pad_right
from mlake.models.keys import keys_at, outputs_at

from .test_merging import off

TEXT = ("The capital of France is Paris.", "フランスの首都", "法国的首都是巴黎。", "Q: Wo? A: Köln", "Où ?")
FAST: dict[str, Any] = {"layers": [1], "steps": 4, "contexts": 0}


def tasks(lm: Any, statements: Sequence[Any], contexts: int = 1) -> list[ValueTask]:
    how: dict[str, Any] = {"kind": "question", "key": "subject", "contexts": contexts}
    return [prompted(lm, one, **how).task for one in statements]


def obvious(lm: Any, task: ValueTask, layer: int, settings: ValueSettings) -> tuple[Tensor, list[float]]:
    """The authors' loop: whole sequences, two vectors, torch's Adam; the MLP's target and the losses."""
    every = [*task.prompts, *([task.essence] if task.essence else [])]
    ids, mask = pad_right([p.ids for p in every], lm.pad_id, lm.device)
    lookup = torch.tensor([p.lookup for p in every])
    rows = torch.arange(len(every))
    deltas = [torch.zeros(lm.matrix(0).shape[0], dtype=torch.float64, requires_grad=True) for _ in range(2)]
    clean: list[Tensor] = []

    def hooks() -> list[Any]:
        def adding(delta: Tensor) -> Any:
            def hook(_: Any, __: Any, out: Tensor) -> Tensor:
                if len(clean) < 2:
                    clean.append(out[0, lookup[0]].detach().clone())
                changed = out.clone()
                changed[rows, lookup] = out[rows, lookup] + delta
                return changed

            return hook

        modules = (lm.attention_out(layer), lm.down(layer))
        return [one.register_forward_hook(adding(d)) for one, d in zip(modules, deltas, strict=True)]

    adam, weight, said, losses = torch.optim.Adam(deltas, lr=settings.rate), 1.0, None, []
    for step in range(settings.steps):
        handles = hooks()
        with torch.enable_grad():
            logs = lm.model(input_ids=ids, attention_mask=mask).logits.log_softmax(-1)
        for handle in handles:
            handle.remove()
        nll, first = [], True
        for row, p in enumerate(task.prompts):
            at = range(len(p.ids) - p.target, len(p.ids))
            nll.append(-torch.stack([logs[row, i - 1, p.ids[i]] for i in at]).mean())
            first &= all(int(logs[row, i - 1].argmax()) == p.ids[i] for i in at)
        kl = torch.zeros(())
        if task.essence is not None:
            now = logs[-1, lookup[-1]]
            said = now.detach().clone() if said is None else said
            kl = settings.kl * (now.exp() * (now - said)).sum()
        decay = settings.decay * sum(d.norm() / c.norm() ** 2 for d, c in zip(deltas, clean, strict=True))
        total = weight * torch.stack(nll).mean() + kl + decay
        losses.append(float(total.detach()))
        if total < settings.stop or step == settings.steps - 1:
            break
        if settings.sure:
            if first and kl <= settings.sure:
                break
            weight = 0.1 if first else 1.0
        adam.zero_grad()
        total.backward()
        adam.step()
        with torch.no_grad():
            for d, c in zip(deltas, clean, strict=True):
                d *= min(1.0, float(settings.clamp * c.norm() / d.norm()))
    return (clean[1] + deltas[1]).detach(), losses


# Where a window hides the value from an answer, the direction in which the decay grows is one of rounding.
@pytest.mark.parametrize(
    ("kind", "decay"), [("llama", 0.5), ("gpt2", 0.5), ("gpt_neox", 0.5), ("gemma3", 0.0)]
)
def test_values_are_the_authors(tiny_lm: Any, kind: str, decay: float, statements: Any) -> None:
    lm = tiny_lm(kind)
    settings = ValueSettings(steps=12, rate=0.5, decay=decay, clamp=8.0, stop=0.0)
    made = tasks(lm, statements[:3])
    found = optimise_values(lm, made, layer=1, site="attention+down", settings=settings)
    for at, task in enumerate(made):
        target, losses = obvious(lm, task, 1, settings)
        assert len(losses) == len(found.losses[at])
        ours = torch.tensor([step.total for step in found.losses[at]])
        torch.testing.assert_close(ours, torch.tensor(losses), rtol=1e-7, atol=1e-7)
        torch.testing.assert_close(found.target[at], target, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("sure", [1e-9, 1e6])
def test_a_sure_answer_counts_less_and_ends_early(tiny_lm: Any, statements: Any, sure: float) -> None:
    lm = tiny_lm("llama")
    how: dict[str, Any] = {"kind": "question", "key": "prompt", "contexts": 0}
    worded = (prompted(lm, replace(statements[0], new=word), **how).task for word in ("A", "Q", "The", "de"))
    task = next(one for one in worded if one.prompts[0].target == 1)
    settings = ValueSettings(steps=25, rate=0.5, decay=0.0, clamp=40.0, stop=0.0, sure=sure)
    found = optimise_values(lm, [task], layer=2, site="attention+down", settings=settings)
    target, losses = obvious(lm, task, 2, settings)
    ours = [step.total for step in found.losses[0]]
    assert ours == pytest.approx(losses, rel=1e-6, abs=1e-8)
    torch.testing.assert_close(found.target[0], target, rtol=1e-5, atol=1e-7)
    plain = optimise_values(lm, [task], layer=2, site="attention+down", settings=replace(settings, sure=0.0))
    alike = sum(one == other for one, other in zip(found.losses[0], plain.losses[0], strict=False))
    assert 0 < alike < 25, "until it is sure nothing differs"
    assert len(ours) == (25 if sure < 1 else alike)


@pytest.mark.parametrize("kind", ["llama", "gemma3_text"])
def test_without_the_attentions_vector_it_is_memit_at_the_down_projection(
    tiny_lm: Any, statements: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = tiny_lm(kind)
    method = editor("pmet", lm, **FAST, sure=0)
    both = method.edit(lm, statements, text=TEXT).factors[1].dense()
    memit = replace(
        editor("memit", lm, **FAST), site="down", value=method.value, ridge=method.ridge,
        preserve=method.preserve, key_mean=method.key_mean,
    )  # fmt: skip
    expected = memit.edit(lm, statements, text=TEXT).factors[1].dense()
    assert off(both, expected) > 1e-3
    real = value._Adam.step

    def still(self: Any, rows: Tensor, gradient: Tensor) -> None:
        gradient = gradient.clone()
        gradient[:, : gradient.shape[1] - 32] = 0
        real(self, rows, gradient)

    monkeypatch.setattr(value._Adam, "step", still)
    assert off(method.edit(lm, statements, text=TEXT).factors[1].dense(), expected) < 1e-6


def test_layers_take_a_root_share_of_what_the_last_down_projection_lacks(
    tiny_lm: Any, statements: Any
) -> None:
    lm = tiny_lm("llama")
    method = editor("pmet", lm, layers=[0, 1, 2], steps=3, contexts=0, ridge=1e-6)
    assert (method.site, method.spread, method.read) == ("attention+down", "root", "down")
    edit = method.edit(lm, statements, text=TEXT)
    plain = [task.prompts[0] for task in tasks(lm, statements, contexts=0)]
    made = tasks(lm, statements, contexts=0)
    target = optimise_values(lm, made, layer=2, site=method.site, settings=method.value).target
    for at, layer in enumerate(method.layers):
        keys = keys_at(lm, layer, plain).T
        lacking = (target - outputs_at(lm, 2, plain, "down")).T / sqrt(3 - at)
        written = edit.factors[layer].dense() @ keys  # all of its share, as the ridge is next to none
        torch.testing.assert_close(written, lacking, rtol=1e-3, atol=1e-4)
        lm.matrix(layer).add_(edit.factors[layer].dense())


def test_published_settings(tiny_lm: Any) -> None:
    llama = editor("pmet", tiny_lm("llama", layers=32))
    value = llama.value
    assert (llama.layers, llama.ridge) == ((4, 5, 6, 7, 8), 6_000)
    assert (value.steps, value.rate, value.clamp, value.decay, value.kl) == (20, 0.5, 1.0, 0.5, 0.0625)
    gptj = editor("pmet", tiny_lm("gptj", layers=28))
    assert (gptj.layers, gptj.value.steps, gptj.value.rate) == ((3, 4, 5, 6, 7, 8), 30, 0.2)
    assert (gptj.value.clamp, gptj.value.kl) == (0.75, 1.0)
    gemma = editor("pmet", tiny_lm("gemma3_text"))
    assert (gemma.site, len(gemma.layers), gemma.ridge) == ("attention+down", 1, 1_200)
    assert "sure" not in editor("memit").config()["value"] and gemma.config()["value"]["sure"] == 0.01


def test_saved_and_restored(tiny_lm: Any, statements: Any, state: Any, tmp_path: Any) -> None:
    lm = tiny_lm("gpt2")
    before = state(lm)
    edit = editor("pmet", lm, **FAST).edit(lm, statements, text=TEXT)
    edit.save(tmp_path / "edit")
    loaded = load_edit(tmp_path / "edit")
    with loaded.applied(lm):
        assert before != state(lm)
    assert before == state(lm)
    assert all(torch.equal(loaded.tensors()[name], one) for name, one in edit.tensors().items())
    assert edit.factors[1].left.shape[1] == len(statements), "a rank for each fact"


def test_the_last_map_of_attention(tiny_lm: Any, family: str) -> None:
    names = {"gpt2": "attn.c_proj", "gpt_neo": "attn.attention.out_proj", "gptj": "attn.out_proj"}
    names["gpt_neox"] = "attention.dense"
    lm = tiny_lm(family)
    for layer in range(3):
        expected = lm.layers[layer].get_submodule(names.get(family, "self_attn.o_proj"))
        assert lm.attention_out(layer) is expected

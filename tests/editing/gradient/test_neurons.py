"""Knowledge neurons in float64: attributions, the choice of neurons, and what is written."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from mlake.editing import editor, load_edit
from mlake.editing.gradient import neurons as module
from mlake.editing.gradient.attribution import attributed
from mlake.editing.gradient.neurons import Found, chosen
from mlake.editing.prompts import prompted
from mlake.errors import EditError
from mlake.models.spans import Encoded
from mlake.records import Statement

FAST: dict[str, Any] = {"points": 4, "contexts": 1}


def asked(lm: Any, statements: Sequence[Statement]) -> list[Encoded]:
    """Prompts with the old answers as their targets."""
    return [
        prompted(lm, replace(one, new=one.old), kind="question", key="prompt", contexts=0).plain
        for one in statements
    ]


def likely(lm: Any, prompt: Encoded, layer: int, share: float) -> tuple[Tensor, Tensor, Tensor]:
    """Probability of the answer's first token with a share of a block's neurons, in one whole pass.

    Also its gradient by the neurons' values, and these values.
    """
    seen: list[Tensor] = []

    def scale(_: Any, args: tuple[Tensor]) -> tuple[Tensor]:
        fed = args[0].detach()
        last = (share * fed[0, -1]).requires_grad_()
        seen.extend((fed[0, -1], last))
        return (torch.cat([fed[0, :-1], last[None]])[None],)

    bare = prompt.ids[: len(prompt.ids) - prompt.target]
    hook = lm.down(layer).register_forward_pre_hook(scale)
    with torch.enable_grad():
        found = lm.model(torch.tensor([bare])).logits[0, -1].softmax(-1)[prompt.ids[len(bare)]]
        (gradient,) = torch.autograd.grad(found, seen[1])
    hook.remove()
    return found.detach(), gradient, seen[0]


def test_one_point_is_the_plain_gradient(tiny_lm: Any, family: str, statements: Any, state: Any) -> None:
    lm = tiny_lm(family)
    before, prompts = state(lm), asked(lm, statements[:3])
    found = attributed(lm, prompts, 1)
    assert before == state(lm)
    rough = 1e-4 if family in ("gemma2", "gpt_neo", "gptj") else 1e-7
    for at, prompt in enumerate(prompts):
        for layer in range(3):
            probability, gradient, values = likely(lm, prompt, layer, 1.0)
            expected = values * gradient
            scale = float(expected.abs().max())
            torch.testing.assert_close(found.scores[at, layer], expected, rtol=rough, atol=rough * scale)
            torch.testing.assert_close(found.probability[at], probability, rtol=rough, atol=0)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_attributions_add_up_to_what_the_block_does(tiny_lm: Any, kind: str, statements: Any) -> None:
    lm = tiny_lm(kind)
    prompts = asked(lm, statements[:1])
    for layer in range(3):
        whole, none = (likely(lm, prompts[0], layer, share)[0] for share in (1.0, 0.0))
        off = [
            abs(float(attributed(lm, prompts, points).scores[0, layer].sum() - (whole - none)))
            for points in (40, 80, 160)
        ]
        assert off[2] < off[1] < off[0] or off[2] < 1e-12
        assert off[2] < 0.6 * off[1] + 1e-12


def test_behind_a_norm_the_path_is_the_plain_gradient(tiny_lm: Any, statements: Any) -> None:
    """A norm undoes the length of what it is fed: the gradient at k/m is m/k times that at the end."""
    lm = tiny_lm("gemma3_text")
    prompts = asked(lm, statements[:2])
    plain, path = (attributed(lm, prompts, points).scores for points in (1, 4))
    torch.testing.assert_close(path, (1 + 1 / 2 + 1 / 3 + 1 / 4) * plain, rtol=1e-2, atol=1e-9)
    assert float(plain.sum(-1).abs().max()) < 1e-3 * float(plain.abs().sum(-1).min())
    assert (editor("kn", lm).points, editor("kn", tiny_lm("llama")).points) == (1, 20)


def test_a_prompt_does_not_depend_on_others(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    prompts = asked(lm, statements)
    together = attributed(lm, prompts, 3).scores
    for at, prompt in enumerate(prompts):
        alone = attributed(lm, [prompt], 3).scores[0]
        torch.testing.assert_close(together[at], alone, rtol=1e-9, atol=1e-15)


def test_the_choice_of_neurons() -> None:
    scores = torch.zeros(10, 2, 4)
    scores[:, 0, 1] = 1.0  # behind every prompt
    scores[:8, 1, 2] = 0.25  # behind eight
    scores[:6, 1, 3] = 0.25  # behind six
    scores[:, 1, 0] = 0.19  # below the threshold
    assert chosen(scores, 0.2, 0.7) == Found(((0, 1), (1, 2)), 0.7)
    assert chosen(scores, 0.2, 0.85) == Found(((0, 1), (1, 2)), 0.8), "moved down until there are two"
    lonely = scores.clone()
    lonely[:, 1] = 0
    assert chosen(lonely, 0.2, 0.7) == Found(((0, 1),), 0.45), "five moves at most"
    many = torch.ones(10, 1, 8)
    many[7:, :, :4] = 0
    assert chosen(many, 0.2, 0.7) == Found(tuple((0, at) for at in range(4, 8)), 0.75)
    assert chosen(-torch.ones(3, 1, 4), 0.2, 0.7).neurons == ()


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gemma3_text"])
def test_columns_by_hand(tiny_lm: Any, kind: str, statements: Any, state: Any, tmp_path: Any) -> None:
    lm = tiny_lm(kind)
    before, one = state(lm), statements[0]
    edit = editor("kn", lm, **FAST, old=1.0, new=8.0).edit(lm, [one])
    table = lm.model.get_input_embeddings().weight
    old, new = (
        table[prompt.ids[len(prompt.ids) - prompt.target]]
        for prompt in (*asked(lm, [one]), prompted(lm, one, kind="question", key="prompt", contexts=0).plain)
    )
    places = edit.report["facts"][0]["neurons"]
    assert places and sum(map(len, edit.index.values())) == len(places)
    originals = {layer: lm.matrix(layer).clone() for layer, _ in places}
    edit.save(tmp_path / "edit")
    loaded = load_edit(tmp_path / "edit")
    with loaded.applied(lm):
        for layer, neuron in places:
            column = originals[layer][:, neuron]
            change = column.norm() * (8 * new / new.norm() - old / old.norm())
            torch.testing.assert_close(lm.matrix(layer)[:, neuron], column + change, rtol=1e-9, atol=1e-12)
        for layer, matrix in originals.items():
            others = [at for at in range(matrix.shape[1]) if [layer, at] not in places]
            assert torch.equal(lm.matrix(layer)[:, others], matrix[:, others])
    assert before == state(lm)
    assert loaded.tensors().keys() == edit.tensors().keys()
    assert all(torch.equal(loaded.tensors()[name], held) for name, held in edit.tensors().items())
    changed = edit.neurons(lm)
    assert {layer: int((one > 0).sum()) for layer, one in changed.items()} == {
        layer: len(index) for layer, index in edit.index.items()
    }


def test_nothing_taken_and_nothing_added_is_the_identity(tiny_lm: Any, statements: Any, state: Any) -> None:
    lm = tiny_lm("llama")
    before = state(lm)
    with editor("kn", lm, **FAST, old=0, new=0).edit(lm, statements).applied(lm):
        assert before == state(lm)


def test_erasing_all_neurons_of_a_block_zeroes_its_matrix(
    tiny_lm: Any, statements: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = tiny_lm("llama")
    every = Found(tuple((1, neuron) for neuron in range(lm.matrix(1).shape[1])), 0.7)
    monkeypatch.setattr(module, "chosen", lambda *_: every)
    with editor("kn", lm, **FAST, write="erase").edit(lm, statements[:2]).applied(lm):
        assert not lm.matrix(1).any() and lm.matrix(0).any()


def test_erasing_makes_the_old_answer_less_likely(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    prompts = asked(lm, statements)
    for one, prompt in zip(statements, prompts, strict=True):
        plain = likely(lm, prompt, 0, 1.0)[0]
        with editor("kn", lm, points=20, contexts=0, write="erase").edit(lm, [one]).applied(lm):
            assert likely(lm, prompt, 0, 1.0)[0] < plain


def test_a_file_weighs_its_columns(tiny_lm: Any, statements: Any, tmp_path: Any) -> None:
    lm = tiny_lm("llama")
    edit = editor("kn", lm, **FAST).edit(lm, statements)
    edit.save(tmp_path / "edit")
    count = sum(map(len, edit.index.values()))
    d_out = lm.matrix(0).shape[0]
    assert count * (d_out + 1) * 8 < (tmp_path / "edit").stat().st_size < count * (d_out + 1) * 8 + 4_000


def test_facts_of_a_batch_are_those_edited_alone(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    method = editor("kn", lm, **FAST)
    together = method.edit(lm, statements)
    alone = [method.edit(lm, [one]) for one in statements]
    assert [one.report["facts"][0] for one in alone] == list(together.report["facts"])
    summed: dict[int, Tensor] = {}
    for edit in alone:
        for layer, factors in edit.deltas().items():
            summed[layer] = summed.get(layer, torch.zeros(())) + factors.dense()
    for layer, factors in together.deltas().items():
        torch.testing.assert_close(factors.dense(), summed[layer], rtol=1e-9, atol=1e-12)


def test_later_edits_come_on_top(tiny_lm: Any, statements: Any, state: Any) -> None:
    lm = tiny_lm("llama")
    before, method = state(lm), editor("kn", lm, **FAST)
    first = method.edit(lm, statements[:1])
    with first.applied(lm) as once:
        second = method.edit(once, statements[1:2], history=[first])
        with second.applied(once):
            pass
    assert before == state(lm)
    assert (
        second.report["facts"][0]["old_probability"]
        != (method.edit(lm, statements[1:2]).report["facts"][0]["old_probability"])
    )


def test_a_fact_without_an_old_answer_is_refused(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    method = editor("kn", lm, **FAST)
    one = replace(statements[0], old="")
    said = str(method.refusal(lm, one))
    assert "has no old answer in 'en', whose neurons kn looks for; add old_answer" in said
    assert method.refusal(lm, statements[0]) is None
    with pytest.raises(EditError, match="has no old answer"):
        method.edit(lm, [one])
    with pytest.raises(EditError, match="no facts to edit"):
        method.edit(lm, [])

"""UltraEdit in float64: its statistics, its solve, its features, and edits in sequence."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from mlake.editing import editor, load_edit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.gradient.running import Running
from mlake.editing.gradient.ultraedit import shift
from mlake.editing.mend.gradients import Gradient
from mlake.editing.prompts import prompted
from mlake.errors import EditError
from mlake.records import Statement

RATE = 1e-3
D_IN, D_OUT = 6, 4


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def features(tokens: int, seed: int = 0) -> Gradient:
    return Gradient(normal(tokens, D_IN, seed=seed) + 1, 1e-2 * normal(tokens, D_OUT, seed=seed + 100))


def both(one: Gradient) -> Tensor:
    return torch.cat([one.inputs, one.deltas], dim=1)


def seen(*parts: Tensor) -> Running:
    running = Running.fresh(parts[0].shape[1])
    for part in parts:
        running = running.seen(part)
    return running


@pytest.mark.parametrize("sizes", [(40,), (1, 39), (7, 20, 13)])
def test_running_statistics_are_those_of_everything(sizes: tuple[int, ...]) -> None:
    rows = 3 * normal(40, 5) + 2
    parts = rows.split(list(sizes))
    for running in (seen(*parts), seen(*parts[::-1])):
        assert float(running.n) == 40
        torch.testing.assert_close(running.mean, rows.mean(0), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(running.var, rows.var(0), rtol=1e-12, atol=1e-12)
    again = Running.of(running.tensors("5x3"), "5x3", 5)
    assert torch.equal(again.var, running.var) and float(again.n) == 40
    assert float(Running.of(running.tensors("5x3"), "5x3", 6).n) == 0, "of another model"


def test_one_token_by_hand() -> None:
    """ΔW = -η ‖ĥ‖² ĝ hᵀ / (1 + ‖h‖²)."""
    one, running = features(1), seen(both(features(30, seed=7)))
    fed, pushed = running.normal(both(one))[0].split([D_IN, D_OUT])
    h = one.inputs[0]
    expected = -RATE * fed.square().sum() * torch.outer(pushed, h) / (1 + h.square().sum())
    torch.testing.assert_close(shift(one, running, RATE).dense(), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("tokens", [3, 25])
def test_the_authors_solve(tokens: int) -> None:
    """Theirs is d_in × d_in: (HᵀH + I)⁻¹ HᵀV, the transpose of the change."""
    some = features(tokens)
    running = seen(both(some))
    fed, pushed = running.normal(both(some)).split([D_IN, D_OUT], dim=1)
    wanted = -RATE * fed.square().sum(1, keepdim=True) * pushed
    h = some.inputs
    theirs = torch.linalg.solve(h.T @ h + torch.eye(D_IN, dtype=h.dtype), h.T @ wanted)
    torch.testing.assert_close(shift(some, running, RATE).dense(), theirs.T, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(shift(some, running, 3 * RATE).dense(), 3 * theirs.T, rtol=1e-9, atol=1e-12)


def test_the_scale_of_the_loss_does_not_count() -> None:
    some = features(20)
    more = Gradient(some.inputs, 50 * some.deltas)
    one, other = (shift(each, seen(both(each)), RATE).dense() for each in (some, more))
    torch.testing.assert_close(other, one, rtol=1e-3, atol=0)


def watching(module: Any, name: str, fed: dict[str, Tensor], out: dict[str, Tensor]) -> Any:
    def see(_: Any, args: Any, output: Tensor) -> None:
        fed[name], out[name] = args[0].detach(), output

    return module.register_forward_hook(see)


def by_hand(lm: Any, weights: dict[str, Any], statements: Sequence[Statement]) -> dict[str, Gradient]:
    """Inputs and output gradients where answer tokens are predicted, prompt by prompt, with plain hooks."""
    found: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in weights}
    for one in statements:
        prompt = prompted(lm, one, kind="question", key="prompt", contexts=0).plain
        fed: dict[str, Tensor] = {}
        out: dict[str, Tensor] = {}
        hooks = [watching(module, name, fed, out) for name, module in weights.items()]
        ids = torch.tensor([prompt.ids])
        with torch.enable_grad():
            embedded = lm.model.get_input_embeddings()(ids).detach().requires_grad_()
            logs = lm.model(inputs_embeds=embedded).logits[0].log_softmax(-1)
            at = range(len(prompt.ids) - prompt.target, len(prompt.ids))
            loss = -torch.stack([logs[i - 1, prompt.ids[i]] for i in at]).mean()
            pushed = torch.autograd.grad(loss, list(out.values()))
        for hook in hooks:
            hook.remove()
        rows = [i - 1 for i in at]
        for name, gradient in zip(out, pushed, strict=True):
            found[name].append((fed[name][0, rows], gradient[0, rows]))
    return {name: Gradient(*map(torch.cat, zip(*parts, strict=True))) for name, parts in found.items()}


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("llama", {"gate": [1], "up": [1, 2], "down": []}),
        ("gpt2", {"gate": [], "up": [], "down": [1, 2]}),
    ],
)
def test_the_edit_is_the_authors(
    tiny_lm: Any, statements: Any, kind: str, where: dict[str, list[int]], state: Any
) -> None:
    lm = tiny_lm(kind)
    before = state(lm)
    edit = editor("ultraedit", lm, rate=RATE, **where).edit(lm, statements)
    assert before == state(lm)
    modules = {name.removesuffix(".weight"): lm.model.get_submodule(name.removesuffix(".weight"))
               for name in edit.factors}  # fmt: skip
    found = by_hand(lm, modules, statements)
    shapes: dict[tuple[int, int], list[Tensor]] = {}
    for one in found.values():
        shapes.setdefault((one.inputs.shape[1], one.deltas.shape[1]), []).append(both(one))
    for name, one in found.items():
        running = seen(torch.cat(shapes[one.inputs.shape[1], one.deltas.shape[1]]))
        expected = shift(one, running, RATE).dense()
        made = edit.factors[f"{name}.weight"].dense()
        torch.testing.assert_close(made.T if kind == "gpt2" else made, expected, rtol=1e-5, atol=1e-9)
        assert float(expected.abs().max()) > 0


def test_a_sequence_goes_on_from_the_file(tiny_lm: Any, statements: Any, tmp_path: Any, state: Any) -> None:
    lm = tiny_lm("llama")
    before = state(lm)
    method = editor("ultraedit", lm, rate=RATE)
    first = method.edit(lm, statements[:3])
    first.save(tmp_path / "edit")
    loaded = load_edit(tmp_path / "edit")
    assert loaded.carried.keys() == first.carried.keys()
    assert all(torch.equal(loaded.carried[name], one) for name, one in first.carried.items())
    with loaded.applied(lm) as edited:
        assert before != state(lm)
        on = method.edit(edited, statements[3:], history=[loaded])
        (many,) = method.edit_many(edited, [statements[3:]], history=[loaded])
        fresh = method.edit(edited, statements[3:])
    assert before == state(lm)
    counted = {name: float(one) for name, one in on.carried.items() if name.endswith(".n")}
    assert counted and all(
        count == float(first.carried[name]) + float(fresh.carried[name]) for name, count in counted.items()
    )
    name = next(iter(on.factors))
    assert torch.equal(on.factors[name].left, many.factors[name].left)
    assert not torch.allclose(on.factors[name].dense(), fresh.factors[name].dense())
    size = sum(factors.left.nbytes + factors.right.nbytes for factors in first.factors.values())
    held = sum(one.nbytes for one in first.carried.values())
    assert size + held < (tmp_path / "edit").stat().st_size < size + held + 8_000


def test_an_edit_lowers_the_loss_of_its_answers(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    prompt = prompted(lm, statements[0], kind="question", key="prompt", contexts=0).plain

    def loss() -> float:
        logs = lm.model(torch.tensor([prompt.ids])).logits[0].log_softmax(-1)
        at = range(len(prompt.ids) - prompt.target, len(prompt.ids))
        return -float(torch.stack([logs[i - 1, prompt.ids[i]] for i in at]).mean())

    plain = loss()
    with editor("ultraedit", lm, rate=RATE).edit(lm, statements[:1]).applied(lm):
        assert loss() < plain


def test_published_places(tiny_lm: Any) -> None:
    llama = editor("ultraedit", tiny_lm("llama", layers=32))
    assert (llama.gate, llama.up, llama.down) == (tuple(range(11, 16)), tuple(range(18, 25)), ())
    gemma = editor("ultraedit", tiny_lm("gemma3_text", layers=18))
    assert (gemma.gate, gemma.up, gemma.down) == ((15, 16, 17), (15, 16, 17), ())
    assert "gemma-3-27b" in gemma.published(tiny_lm("gemma3_text", layers=18))
    plain = editor("ultraedit", tiny_lm("gpt2", layers=28))
    assert (plain.gate, plain.up, plain.down) == ((), (), tuple(range(18, 27)))
    assert plain.rate == 1e-6


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        ("gpt2", {"gate": [1]}, "have no gate of their own; set gate=\\[\\] and down"),
        ("llama", {"up": [3]}, "up=3: the model has blocks 0 to 2"),
        ("llama", {"gate": [], "up": [], "down": []}, "edits no map; set gate, up or down"),
    ],
)
def test_maps_that_are_not_there(tiny_lm: Any, kind: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(EditError, match=said):
        editor("ultraedit", tiny_lm(kind), **settings)


def test_one_token_alone_is_refused(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    method = editor("ultraedit", lm, gate=[1], up=[], down=[])
    worded = (
        replace(statements[0], new=word) for word in ("A", "Q", "The", "capital", "de", "Harvard", "the")
    )
    short = next(
        one
        for one in worded
        if prompted(lm, one, kind="question", key="prompt", contexts=0).plain.target == 1
    )
    with pytest.raises(EditError, match="one token says nothing of how features vary"):
        method.edit(lm, [short])
    with pytest.raises(EditError, match="no facts to edit"):
        method.edit(lm, [])


def test_what_is_carried_on_is_read_only_if_it_is_sound(tmp_path: Any) -> None:
    ParameterEdit(carried={"4x4.n": torch.tensor(float("nan"))}).save(tmp_path / "edit")
    with pytest.raises(EditError, match="is damaged"):
        load_edit(tmp_path / "edit")

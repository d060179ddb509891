"""Edits computed together come out as if each had been alone; rows keep to their own changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from mlake.editing import editor
from mlake.editing.locate import metrics
from mlake.editing.locate import residuals as locate
from mlake.editing.locate.metric_cache import Held
from mlake.errors import EditError
from mlake.models.deltas import NO_DELTAS, RowDeltas
from mlake.models.lm import UNPINNED

TEXT = ("The capital of France is Paris.", "フランスの首都", "法国的首都是巴黎。", "Où ?", "Q: Wo? A: Köln")
# Parts of their attention work in float32.
ROUGH = {"gemma2": 1e4, "gpt_neo": 1e4, "gptj": 1e2}


def close(first: Any, second: Any, family: str = "", *, exact: float = 1e-8) -> None:
    rough = ROUGH.get(family, 1)
    torch.testing.assert_close(first, second, rtol=100 * exact * rough, atol=exact * rough)


def same_edits(method: Any, lm: Any, batches: Sequence[Any], family: str = "") -> None:
    """``edit_many`` gives what ``edit`` gives, up to 1e-9."""
    together = method.edit_many(lm, batches, text=TEXT)
    for edit, batch in zip(together, batches, strict=True):
        alone = method.edit(lm, batch, text=TEXT)
        assert tuple(edit.factors) == tuple(alone.factors) == method.layers
        for layer in method.layers:
            close(edit.factors[layer].dense(), alone.factors[layer].dense(), family, exact=1e-9)
            close(edit.keys[layer], alone.keys[layer], family, exact=1e-6)  # kept in float32
        facts, expected = edit.report["facts"], alone.report["facts"]
        assert [(one["fact"], one["lang"]) for one in facts] == [(s.fact, s.lang) for s in batch]
        for mine, theirs in zip(facts, expected, strict=True):
            close(torch.tensor(mine["losses"]), torch.tensor(theirs["losses"]), family, exact=2e-6)


@pytest.mark.parametrize("name", ["rome", "r-rome"])
def test_together_as_alone(tiny_lm: Any, family: str, name: str, statements: Any, state: Any) -> None:
    lm = tiny_lm(family)
    before = state(lm)
    method = editor(name, lm, layers=[1], steps=4, contexts=1)
    # The second statement asks long after its subject: beyond tiny sliding windows, where no gradient comes.
    facts = [statements[0], *statements[2:]]
    batches = [facts[:3], facts[2:], facts[1:2]]
    done: list[int] = []
    together = method.edit_many(lm, batches, progress=done.append)
    assert state(lm) == before
    assert sum(done) == 6 and all(one > 0 for one in done)
    for edit, batch in zip(together, batches, strict=True):
        alone = method.edit(lm, batch)
        close(edit.factors[1].dense(), alone.factors[1].dense(), family)
        close(edit.keys[1], alone.keys[1], family)
        assert [fact["fact"] for fact in edit.report["facts"]] == [one.fact for one in batch]
        for mine, theirs in zip(edit.report["facts"], alone.report["facts"], strict=True):
            close(torch.tensor(mine["losses"]), torch.tensor(theirs["losses"]), family)
    assert state(lm) == before


def test_several_layers(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    method = editor("r-rome", lm, layers=[0, 1], steps=3, contexts=2)
    batches = [statements[:2], statements[3:5]]
    for edit, batch in zip(method.edit_many(lm, batches), batches, strict=True):
        alone = method.edit(lm, batch)
        for layer in method.layers:
            close(edit.factors[layer].dense(), alone.factors[layer].dense())


BATCH = {"steps": 3, "contexts": 1, "null_threshold": 1e-2, "layers": [0, 1], "site": "down"}
"""Settings of edits whose values are optimised at once and written batch by batch."""


def ragged(statements: Sequence[Any]) -> list[Any]:
    """Batches of several sizes; facts of one come back in another.

    The second statement is left out as above: Adam blows rounding up where no gradient comes.
    """
    first, _, *others = statements
    return [[first, *others[:2]], others[1:], others[:1], [first]]


@pytest.mark.parametrize("name", ["memit", "alphaedit", "emmet"])
@pytest.mark.slow
def test_batches_together_as_alone(tiny_lm: Any, family: str, name: str, statements: Any, state: Any) -> None:
    lm = tiny_lm(family)
    before = state(lm)
    same_edits(editor(name, lm, **BATCH), lm, ragged(statements), family)
    assert state(lm) == before


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gemma3"])
@pytest.mark.parametrize(
    "settings",
    [
        {"preserve": 0.3},
        {"preserve": 0.3, "ridge": 1e-2},
        {"preserve": 0.3, "metric": "null_space", "ridge": 100.0},
        {"moments": "edited"},
        {"key": "prompt", "contexts": 0},
    ],
    ids=str,
)
@pytest.mark.slow
def test_several_layers_of_batches(tiny_lm: Any, kind: str, settings: Any, statements: Any) -> None:
    lm = tiny_lm(kind)
    method = editor("memit", lm, **BATCH | {"ridge": 20.0} | settings)
    same_edits(method, lm, ragged(statements), kind)


@pytest.mark.parametrize(
    "settings",
    [
        {"metric": "moment"},
        {"metric": "moment", "preserve": 0.3, "ridge": 10.0},
        {"metric": "moment", "moments": "edited"},
        {"metric": "null_space", "ridge": 10.0},
    ],
    ids=str,
)
def test_chains_with_moments(tiny_lm: Any, settings: Any, statements: Any, state: Any) -> None:
    lm = tiny_lm("llama")
    before = state(lm)
    method = editor("rome", lm, **BATCH | settings)
    same_edits(method, lm, ragged(statements))
    assert state(lm) == before


@pytest.mark.parametrize("name", ["rome", "memit"])
@pytest.mark.slow
def test_chains_with_moments_on_every_family(tiny_lm: Any, family: str, name: str, statements: Any) -> None:
    lm = tiny_lm(family)
    method = editor(name, lm, **BATCH, metric="moment", sequential=True, preserve=0)
    same_edits(method, lm, ragged(statements), family)


def test_a_model_that_nothing_pins_is_measured_before_it_is_edited(
    tiny_lm: Any, statements: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = replace(tiny_lm("llama"), revision=UNPINNED)
    method = editor("memit", lm, **BATCH)
    same_edits(method, lm, ragged(statements))
    pinned = method.edit(replace(lm, revision="pinned"), statements, text=TEXT)
    passes: list[Sequence[int]] = []
    measured = metrics.measured_moments
    monkeypatch.setattr(
        metrics,
        "measured_moments",
        lambda lm, layers, read: passes.append(layers) or measured(lm, layers, read),
    )
    edit = method.edit(lm, statements, text=TEXT)
    for layer in method.layers:
        assert torch.equal(edit.factors[layer].dense(), pinned.factors[layer].dense())
    replace(method, sequential=True).edit_many(lm, ragged(statements), text=TEXT)
    assert passes == [(0, 1), (0, 1)]


def test_values_at_once_and_one_factor_a_layer(
    tiny_lm: Any, statements: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "HELD", Held())
    counts: Counter[str] = Counter()

    def counted(module: Any, name: str) -> None:
        run = getattr(module, name)

        def wrapped(*args: Any, **flags: Any) -> Any:
            counts[name] += 1
            return run(*args, **flags)

        monkeypatch.setattr(module, name, wrapped)

    for name in ("optimise_values", "keys_at", "outputs_at"):
        counted(locate, name)
    counted(torch.linalg, "cholesky_ex")
    lm = tiny_lm("qwen2")
    editor("memit", lm, **BATCH).edit_many(lm, [[one] for one in statements], text=TEXT)
    assert counts == {"optimise_values": 1, "keys_at": 2, "outputs_at": 2, "cholesky_ex": 2}


def test_batches_in_half_precision(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    lm.model.to(torch.bfloat16)
    method = editor("memit", lm, **BATCH)
    for edit, batch in zip(
        method.edit_many(lm, ragged(statements), text=TEXT), ragged(statements), strict=True
    ):
        alone = method.edit(lm, batch, text=TEXT)
        first, *later = method.layers
        torch.testing.assert_close(
            edit.factors[first].dense(), alone.factors[first].dense(), rtol=0.05, atol=0.005
        )
        assert {one.dtype for factors in edit.factors.values() for one in factors} == {torch.float32}
        assert later


def test_an_error_in_one_batch_leaves_the_model(tiny_lm: Any, statements: Any, state: Any) -> None:
    lm = tiny_lm("llama")
    before = state(lm)
    method = editor("emmet", lm, **BATCH, ridge=0)
    twice = [statements[0], replace(statements[0], fact="again", new="Köln")]
    with pytest.raises(EditError, match="linearly dependent"):
        method.edit_many(lm, [statements[1:3], twice], text=TEXT)
    with pytest.raises(EditError, match="no facts to edit"):
        method.edit_many(lm, [statements, []], text=TEXT)
    assert state(lm) == before


def test_rows_keep_to_their_own_changes(tiny_lm: Any, family: str, statements: Any) -> None:
    """Logits of a batch with another edit a row equal those of each edit applied to the weights."""
    lm = tiny_lm(family)
    method = editor("rome", lm, layers=[1], steps=2, contexts=0)
    edits = [method.edit(lm, [one]) for one in (statements[0], statements[2])]
    edits.append(method.edit(lm, statements[3:]))
    ids = torch.randint(5, 40, (5, 7), generator=torch.Generator().manual_seed(0))
    group = [2, 0, 3, 1, 0]  # group 3 has no change
    deltas = RowDeltas((*(edit.factors for edit in edits), {}))
    with torch.no_grad():
        with deltas.on(lm, group):
            together = lm.model(input_ids=ids).logits
        clean = lm.model(input_ids=ids).logits
        for row, number in enumerate(group):
            if number == 3:
                close(together[row], clean[row], family)
                continue
            with edits[number].applied(lm):
                close(together[row], lm.model(input_ids=ids[row : row + 1]).logits[0], family)
            assert not torch.equal(together[row], clean[row])


def test_nothing_stays_behind(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    edit = editor("rome", lm, layers=[1], steps=2, contexts=0).edit(lm, statements[:1])
    ids = torch.tensor([[5, 6, 7]])
    clean = lm.model(input_ids=ids).logits
    with pytest.raises(ZeroDivisionError), RowDeltas((edit.factors,)).on(lm, [0]):
        assert not torch.equal(lm.model(input_ids=ids).logits, clean)
        raise ZeroDivisionError
    with NO_DELTAS.on(lm, [0]):
        assert torch.equal(lm.model(input_ids=ids).logits, clean)

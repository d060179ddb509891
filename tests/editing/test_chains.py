"""Chains that advance together come out as if each had been alone; rows keep to their own changes."""

from typing import Any

import pytest
import torch

from mlake.editing import editor
from mlake.models.deltas import NO_DELTAS, RowDeltas

ROUGH = ("gemma2", "gpt_neo")  # parts of their attention work in float32


def close(first: Any, second: Any, family: str = "") -> None:
    rough = 1e4 if family in ROUGH else 1
    torch.testing.assert_close(first, second, rtol=1e-6 * rough, atol=1e-8 * rough)


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
    assert sum(done) == 6 and done == [3, 2, 1]
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


def test_a_batch_method_edits_batch_by_batch(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("qwen2")
    method = editor("memit", lm, steps=2, contexts=0, ridge=20.0)
    batches = [statements[:2], statements[2:]]
    text = ("Some ordinary text.", "日本の首都")
    for edit, batch in zip(method.edit_many(lm, batches, text=text), batches, strict=True):
        close(edit.factors, method.edit(lm, batch, text=text).factors)


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

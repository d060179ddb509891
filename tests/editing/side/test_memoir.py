"""MEMOIR: masks of prompts, a matrix that reads them, and facts in sequence."""

from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.analysis.reading import read
from mlake.editing import editor, load_edit
from mlake.editing.edits.memoir import Hash, MemoirEdit
from mlake.editing.side.method import encoded, entering
from mlake.models.generate import answers

SETTINGS: dict[str, Any] = {"steps": 20, "rate": 0.3, "overlap": 0.9}


def losses(lm: Any, statements: Any) -> list[float]:
    return [one.nll for one in read(lm, [(one.ids, one.target) for one in encoded(lm, statements)])]


def ids_of(lm: Any, question: str) -> list[int]:
    return lm.tokenizer(lm.style.prompt(question))["input_ids"]  # type: ignore[no-any-return]


def test_a_mask_is_of_the_entries_that_stand_for_the_largest() -> None:
    hashed = Hash(torch.tensor([1.0, 0.0, 0.0, 0.0]), torch.tensor([3, 2, 1, 0]))
    found = hashed.masks(torch.tensor([[1.0, -5.0, 2.0, 0.1], [9.0, 0.0, 0.0, 1.0]]), 2)
    assert found.tolist() == [[False, True, True, False], [True, False, False, True]]


def test_the_nearest_mask_is_read_if_it_is_near_enough_and_no_others() -> None:
    hashed = Hash(torch.zeros(4), torch.arange(4))
    masks = torch.tensor([[1, 1, 0, 0], [0, 1, 1, 0]], dtype=torch.uint8)
    others = torch.tensor([[0, 0, 1, 1]], dtype=torch.uint8)
    edit = MemoirEdit(0, torch.zeros(2, 4), hashed, masks, others, 0.75)
    asked = torch.tensor([[2.0, 1, 0, 0], [0, 2, 1, 0], [0, 0, 1, 2], [2, 0, 0, 1]])
    assert edit.decided(asked).tolist() == [0, 1, -1, -1]


def test_what_is_added_is_the_masked_product(tiny_lm: Any, statements: Any) -> None:
    """Asked without a cache, block 1 hands on what it did, and the memory times what each token reads."""
    lm = tiny_lm("gemma3")
    edit = editor("memoir", lm, **SETTINGS).edit(lm, statements[:2])
    assert edit.layer == 1
    prompt = ids_of(lm, statements[1].question)
    (fed,) = entering(lm, lm.down(1), lm.layers[2], [prompt])
    (plain,) = entering(lm, lm.layers[2], lm.layers[2], [prompt])
    with edit.applied(lm):
        (found,) = entering(lm, lm.layers[2], lm.layers[2], [prompt])
    expected = (fed * edit.masks[1]) @ edit.memory.T
    assert bool(expected.any()) and torch.allclose(found - plain, expected, atol=1e-10)


def test_facts_are_learnt_as_they_will_be_asked(
    tiny_lm: Any, statements: Any, state: Any, tmp_path: Path
) -> None:
    lm = tiny_lm()
    before, unedited = state(lm), losses(lm, statements[:3])
    hooks = [len(block._forward_hooks) for block in lm.layers]
    edit = editor("memoir", lm, **SETTINGS).edit(lm, statements[:3])
    edit.save(tmp_path / "edit")
    loaded = load_edit(tmp_path / "edit")
    assert isinstance(loaded, MemoirEdit) and loaded.overlap == 0.9
    assert all(torch.equal(one, loaded.tensors()[name]) for name, one in edit.tensors().items())
    asked = [statements[0].question, "Who?", statements[2].question]
    plain = answers(lm, asked, max_new_tokens=6)
    with loaded.applied(lm) as edited:
        now = losses(edited, statements[:3])
        said = answers(edited, asked, max_new_tokens=6)
        assert said == [answers(edited, [one], max_new_tokens=6)[0] for one in asked]
        logits = edited.model(torch.tensor([ids_of(lm, "Who?")])).logits
    assert said[1] == plain[1]
    assert torch.equal(logits, lm.model(torch.tensor([ids_of(lm, "Who?")])).logits)
    assert all(one < 0.7 * other for one, other in zip(now, unedited, strict=True))
    assert before == state(lm) and hooks == [len(block._forward_hooks) for block in lm.layers]


def test_later_edits_leave_the_prompts_of_earlier_facts_alone(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    method = editor("memoir", lm, **SETTINGS | {"overlap": 0.0})
    first = method.edit(lm, statements[:2])
    with first.applied(lm) as once:
        kept = losses(once, statements[:2])
        second = method.edit(once, statements[2:3], history=[first])
        with second.applied(once) as twice:
            assert losses(twice, statements[:2]) == kept
            assert losses(twice, statements[2:3])[0] == pytest.approx(
                second.report["facts"][0]["loss"], abs=1e-5
            )
    assert torch.equal(second.others, first.masks)

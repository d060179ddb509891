"""GRACE: its codebook, its values, and facts in sequence."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from mlake.analysis.reading import read
from mlake.editing import editor, load_edit
from mlake.editing.edits.side import SideEdit
from mlake.editing.side.grace import Codebook, beside
from mlake.editing.side.method import encoded
from mlake.errors import EditError
from mlake.models.generate import answers


def book(*facts: tuple[float, str], radius: float = 1.0) -> Codebook:
    """Keys on a line."""
    made = Codebook()
    for place, answer in facts:
        made.add(torch.tensor([place, 0.0]), answer, radius, 0.01)
    return made


def test_far_facts_have_entries_of_their_own_in_any_order() -> None:
    made, turned = book((0, "a"), (5, "b"), (9, "a")), book((9, "a"), (5, "b"), (0, "a"))
    assert made.entries == [0, 1, 2] and made.radii == [1, 1, 1]
    assert sorted(float(key[0]) for key in turned.keys) == [0, 5, 9] and turned.radii == [1, 1, 1]


def test_the_same_answer_nearby_widens_and_another_one_halves() -> None:
    wider = book((0, "a"), (1.5, "a"))
    assert wider.entries == [0, 0] and wider.radii == [1.5]
    halved = book((0, "a"), (0.8, "b"))
    assert halved.entries == [0, 1] and halved.radii == pytest.approx([0.4, 0.4])
    edit = SideEdit(0, torch.stack(halved.keys), torch.zeros(2, 2), torch.tensor(halved.radii))
    assert edit.decided(torch.tensor([[0.0, 0.0], [0.8, 0.0], [-0.5, 0.0]])).tolist() == [0, 1, -1]


def test_without_a_radius_only_the_question_itself_is_met() -> None:
    assert book((0, "a"), (0.5, "b"), radius=0.0).radii == [0.01, 0.01]


@pytest.mark.parametrize(("far", "radius"), [(3.0, 1.0), (1.5, 0.5), (0.8, 0.2), (0.3, 0.15)])
def test_a_later_entry_meets_each_earlier_one_everywhere_or_nowhere(far: float, radius: float) -> None:
    earlier = SideEdit(0, torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1))
    found = beside(1.0, torch.tensor([far, 0.0]), [earlier])
    assert found == pytest.approx(radius) and found < far
    assert far - found >= 1 - 1e-6 or far + found <= 1 + 1e-6


def losses(lm: Any, statements: Any) -> list[float]:
    """Of each fact's new answer, with teacher forcing, all in a batch."""
    return [one.nll for one in read(lm, [(one.ids, one.target) for one in encoded(lm, statements)])]


def test_facts_are_learnt_as_they_will_be_asked(tiny_lm: Any, statements: Any, state: Any) -> None:
    lm = tiny_lm()
    before, others = state(lm), ["Who wrote Faust?", "法国在哪里？"]
    method = editor("grace", lm, rate=0.5, steps=20, radius=0.05)
    edit = method.edit(lm, statements)
    assert method.layer == 1 and len(edit.values) == 5
    plain, unedited = answers(lm, others, max_new_tokens=4), losses(lm, statements)
    with edit.applied(lm) as edited:
        now = losses(edited, statements)
        assert now == pytest.approx([one["loss"] for one in edit.report["facts"]], abs=1e-5)
        assert answers(edited, others, max_new_tokens=4) == plain
    assert all(one < 0.7 * other for one, other in zip(now, unedited, strict=True))
    assert before == state(lm)


def test_a_value_does_not_depend_on_the_batch(tiny_lm: Any, statements: Any, tmp_path: Any) -> None:
    lm = tiny_lm()
    method = editor("grace", lm, steps=5)
    together = method.edit(lm, statements)
    for number, one in enumerate(statements):
        alone = method.edit(lm, [one])
        assert torch.allclose(alone.values[0], together.values[number], atol=1e-7)
        assert torch.allclose(alone.centres[0], together.centres[number], atol=1e-9)
    together.save(tmp_path / "edit")
    loaded = load_edit(tmp_path / "edit")
    assert isinstance(loaded, SideEdit) and torch.equal(loaded.values, together.values)


def test_later_facts_come_on_top_also_of_the_same_question(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    method = editor("grace", lm, rate=0.5, steps=20, radius=0.05)
    first = method.edit(lm, statements[:2])
    later = [replace(statements[0], new="NPR"), statements[2]]
    with first.applied(lm) as once:
        kept, stated = losses(once, statements[1:2]), losses(once, later)
        second = method.edit(once, later, history=[first])
        with second.applied(once) as twice:
            now = losses(twice, later)
            assert losses(twice, statements[1:2]) == kept
    assert now == pytest.approx([one["loss"] for one in second.report["facts"]], abs=1e-5)
    assert all(one < 0.7 * other for one, other in zip(now, stated, strict=True))


def test_the_last_block_is_refused(tiny_lm: Any) -> None:
    with pytest.raises(EditError, match=r"another one behind it, got layer 2 of 3; .* from 0 to 1"):
        editor("grace", tiny_lm(), layer=2)
    with pytest.raises(EditError, match="no facts to edit"):
        editor("grace", tiny_lm()).edit(tiny_lm(), [])

"""Hooks see and change what they should and leave nothing behind."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import torch

from mlake.models.hooks import (
    changed_output,
    first,
    hold_masks_finite,
    replaced_input,
    skipped,
    stopping_at,
    watched_input,
    watched_output,
)

IDS = torch.tensor([[5, 9, 17, 30]])


def bare(lm: Any) -> bool:
    return not any(
        m._forward_hooks or m._forward_pre_hooks or "forward" in m.__dict__ for m in lm.model.modules()
    )


@pytest.fixture
def lm(tiny_lm: Any, family: str) -> Iterator[Any]:
    made = tiny_lm(family)
    for block in made.layers:
        block._forward_pre_hooks.clear()  # the fixture's own
    yield made
    assert bare(made)


def run(lm: Any) -> Any:
    with torch.no_grad():
        return lm.model(input_ids=IDS, use_cache=False).logits


def test_watching_changes_nothing(lm: Any) -> None:
    expected = run(lm)
    seen: dict[str, Any] = {}
    with (
        watched_input(lm.layers[1], lambda x: seen.update(block_in=x)),
        watched_output(lm.layers[0], lambda x: seen.update(block_out=first(x))),
        watched_input(lm.down(1), lambda x: seen.update(key=x)),
        watched_output(lm.down(1), lambda x: seen.update(down=x)),
    ):
        assert torch.equal(run(lm), expected)
    assert seen["block_in"].shape == (1, 4, 32) and seen["key"].shape == (1, 4, 80)
    assert torch.equal(seen["block_in"], seen["block_out"])
    by_hand = seen["key"] @ lm.matrix(1).T
    bias = lm.down(1).bias
    torch.testing.assert_close(seen["down"], by_hand if bias is None else by_hand + bias)


def test_stopping_computes_nothing_above(lm: Any) -> None:
    seen: list[str] = []
    with (
        watched_output(lm.layers[0], lambda _: seen.append("0")),
        watched_output(lm.layers[1], lambda _: seen.append("1")),
        watched_output(lm.layers[2], lambda _: seen.append("2")),
    ):
        after = "never"
        with stopping_at(lm.layers[1]):
            run(lm)
            after = "reached"
    assert (seen, after) == (["0"], "never")


def test_other_errors_pass_through_stopping(lm: Any) -> None:
    with pytest.raises(ZeroDivisionError), stopping_at(lm.layers[1]):
        _ = 1 / 0


def test_skipped_blocks_with_replaced_input(lm: Any) -> None:
    seen: dict[str, Any] = {}
    with (
        watched_input(lm.layers[2], lambda x: seen.update(hidden=x)),
        watched_output(lm.layers[0], lambda x: seen.update(pair=isinstance(x, tuple))),
    ):
        expected = run(lm)
    calls: list[int] = []
    with (
        skipped(lm.layers[:2], as_tuple=seen["pair"]),
        replaced_input(lm.layers[2], seen["hidden"]),
        watched_input(lm.down(0), lambda _: calls.append(0)),
    ):
        found = lm.model(inputs_embeds=torch.zeros_like(seen["hidden"]), use_cache=False).logits
    assert torch.equal(found, expected) and calls == []
    assert torch.equal(run(lm), expected)


def test_changed_output(lm: Any) -> None:
    seen: list[Any] = []
    with changed_output(lm.down(1), lambda x: x * 0), watched_output(lm.down(1), seen.append):
        changed = run(lm)
    assert not seen[0].any()
    with changed_output(lm.layers[1], lambda x: x + 1), watched_input(lm.layers[2], seen.append):
        run(lm)
    with watched_output(lm.layers[1], lambda x: seen.append(first(x))):
        expected = run(lm)
    torch.testing.assert_close(seen[1], seen[2] + 1)
    assert not torch.allclose(changed, expected)


def test_everything_is_undone_after_an_error(lm: Any) -> None:
    with pytest.raises(ZeroDivisionError), ExitStack() as stack:
        stack.enter_context(skipped(lm.layers[:1], as_tuple=False))
        stack.enter_context(replaced_input(lm.layers[1], torch.zeros(1, 4, 32)))
        stack.enter_context(changed_output(lm.down(1), lambda x: x))
        stack.enter_context(watched_output(lm.down(1), lambda x: None))
        stack.enter_context(watched_input(lm.down(1), lambda x: None))
        _ = 1 / 0
    assert bare(lm)


def test_skipping_keeps_a_forward_of_the_blocks_own(tiny_lm: Any) -> None:
    """Model-parallel hooks replace ``forward`` on the instance."""
    block = tiny_lm("llama").layers[0]
    own = block.forward
    block.forward = own
    with skipped([block], as_tuple=False):
        assert torch.equal(block(IDS.double()), IDS)
    assert block.__dict__["forward"] == own


def test_masks_within_float32_keep_padding_from_spreading(tiny_model: Any, tiny_lm: Any) -> None:
    ids = torch.tensor([[0, 0, 0, 5, 9]])
    mask = torch.tensor([[0, 0, 0, 1, 1]])
    positions = torch.tensor([[0, 0, 0, 0, 1]])
    model = tiny_model("gemma2")
    assert model.config._attn_implementation == "eager"
    alone = model(input_ids=ids[:, 3:]).logits
    padded = {"input_ids": ids, "attention_mask": mask, "position_ids": positions}
    assert not torch.isfinite(model(**padded).logits).all()
    hold_masks_finite(model.model.layers)
    torch.testing.assert_close(model(**padded).logits[:, 3:], alone, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(model(input_ids=ids[:, 3:]).logits, alone, rtol=1e-12, atol=1e-12)

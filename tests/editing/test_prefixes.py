"""Shared prefixes: what the tree gives is what each row gives by itself."""

from typing import Any

import pytest
import torch

from mlake.editing.locate import prefixes
from mlake.editing.locate.prefixes import _Forest, prefix_cache
from mlake.models.deltas import NO_DELTAS, RowDeltas

ROWS = [
    (0, 5, 6, 7, 8),
    (0, 5, 6, 9),
    (0, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16),
    (),
    (0, 5, 6, 9),
    (3,),
]


def states(lm: Any, cache: Any, row: int, length: int) -> list[torch.Tensor]:
    """Keys and values of a row's own tokens in every layer."""
    kept = [layer for layer in cache.layers if layer.is_initialized]
    assert kept
    return [part[row, :, part.shape[2] - length :] for layer in kept for part in (layer.keys, layer.values)]


def check(lm: Any, deltas: RowDeltas, group: list[int]) -> None:
    together = prefix_cache(lm, ROWS, deltas, group)
    for row, (prefix, number) in enumerate(zip(ROWS, group, strict=True)):
        if prefix:
            alone = prefixes._row_by_row(lm, [prefix], deltas, [number])
            pairs = zip(
                states(lm, together, row, len(prefix)), states(lm, alone, 0, len(prefix)), strict=True
            )
            for one, other in pairs:
                torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_a_tree_gives_what_rows_give(tiny_lm: Any, family: str) -> None:
    check(tiny_lm(family), NO_DELTAS, [0] * len(ROWS))


@pytest.mark.parametrize("kind", ["gemma2", "gemma3", "gpt_neo", "mistral"])
def test_rows_longer_than_a_window_go_row_by_row(
    tiny_lm: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = tiny_lm(kind)
    config = lm.model.config.get_text_config()
    assert 8 in (getattr(config, "sliding_window", None), getattr(config, "window_size", None))
    monkeypatch.setattr(_Forest, "cache", lambda *_: pytest.fail("a tree was run"))
    check(lm, NO_DELTAS, [0] * len(ROWS))
    narrow = [(0, 5, 6), (0, 5, 9)]
    monkeypatch.undo()
    assert prefix_cache(lm, narrow, NO_DELTAS, [0, 0]).get_seq_length() == 3


@pytest.mark.parametrize("kind", ["gemma2", "gemma3", "gpt_neo", "mistral"])
def test_a_tree_within_a_window(tiny_lm: Any, kind: str) -> None:
    lm = tiny_lm(kind)
    rows = [(0, 5, 6), (0, 5, 7, 8), (0, 9), *((one,) * 5 for one in range(10, 16))]
    together = prefix_cache(lm, rows, NO_DELTAS, [0] * len(rows))
    alone = prefixes._row_by_row(lm, rows, NO_DELTAS, [0] * len(rows))
    for row, prefix in enumerate(rows):
        for one, other in zip(*(states(lm, c, row, len(prefix)) for c in (together, alone)), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_rows_share_only_under_the_same_edit(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    random = torch.Generator().manual_seed(0)
    d_out, d_in = lm.matrix(0).shape
    factors = [
        (torch.randn(d_out, 1, generator=random).double(), torch.randn(d_in, 1, generator=random).double())
        for _ in range(2)
    ]
    check(lm, RowDeltas(({0: factors[0]}, {1: factors[1]}, {})), [0, 1, 1, 2, 2, 0])


def test_a_shared_beginning_is_one_path() -> None:
    forest = _Forest.of(ROWS, [0] * len(ROWS), 100)
    (tree,) = forest.trees
    assert len(tree.tokens) == len({row[:k] for row in ROWS for k in range(1, len(row) + 1)}) == 14
    for row, path in zip(ROWS, forest.paths, strict=True):
        assert [tree.tokens[node] for node in path] == list(row)
        assert [tree.depth[node] for node in path] == list(range(len(row)))
        assert path == sorted(path)
    apart = _Forest.of(ROWS, [0, 1, 1, 2, 2, 0], 100)
    assert [(tree.group, len(tree.tokens)) for tree in apart.trees] == [(0, 6), (1, 13), (2, 4)]


@pytest.mark.parametrize("most", [12, 13])
def test_no_tree_grows_too_large(tiny_lm: Any, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    forest = _Forest.of(ROWS, [0] * len(ROWS), most)
    assert len(_Forest.of(ROWS, [0] * len(ROWS), 14).trees) == 1
    assert len(forest.trees) > 1 and all(len(tree.tokens) <= most for tree in forest.trees)
    for row, path, owner in zip(ROWS, forest.paths, forest.owner, strict=True):
        assert [forest.trees[owner].tokens[node] for node in path] == list(row)
    monkeypatch.setattr(prefixes, "_MOST", most)
    monkeypatch.setattr(prefixes, "_row_by_row", lambda *_: pytest.fail("rows were run one by one"))
    together = prefix_cache(tiny_lm(), ROWS, NO_DELTAS, [0] * len(ROWS))
    monkeypatch.undo()
    alone = prefixes._row_by_row(tiny_lm(), ROWS[:1], NO_DELTAS, [0])
    for one, other in zip(states(tiny_lm(), together, 0, 5), states(tiny_lm(), alone, 0, 5), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_rows_longer_than_a_tree_go_row_by_row(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm("llama")
    monkeypatch.setattr(prefixes, "_MOST", 11)
    monkeypatch.setattr(_Forest, "cache", lambda *_: pytest.fail("a tree was run"))
    assert prefix_cache(lm, ROWS, NO_DELTAS, [0] * len(ROWS)).get_seq_length() == max(map(len, ROWS))


def test_no_prefix_at_all(tiny_lm: Any) -> None:
    assert prefix_cache(tiny_lm(), [(), ()], NO_DELTAS, [0, 0]).get_seq_length() == 0

"""Attention keys and values of the tokens before the key tokens, each shared beginning computed once.

Prompts of a batch begin alike: with a chat template, a context sentence, the first words of a question. All
prompts' prefixes together are a tree, or a few of them. Their nodes, parents first, are run as sequences in
which a token sees its ancestors only, and each prompt's keys and values are read off along its path.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from transformers import DynamicCache

from mlake.models.batches import pad_left, pad_right
from mlake.models.deltas import RowDeltas
from mlake.models.lm import LM

__all__ = ["prefix_cache"]

_MOST = 1024
"""Nodes of a tree at most: every one is compared with every other."""

_TAKE_ANY_MASK = ("sdpa", "eager")
"""Implementations of attention that take a mask for each pair of tokens."""


def prefix_cache(
    lm: LM, prefixes: Sequence[Sequence[int]], deltas: RowDeltas, group: Sequence[int]
) -> DynamicCache:
    """Keys and values of prefixes, padded on the left.

    Args:
        lm: The model.
        prefixes: Token ids of each row.
        deltas: Edits in force.
        group: Group of each row; rows share only with rows of their group.
    """
    config = lm.model.config.get_text_config()
    if not any(prefixes):
        return DynamicCache(config=config)
    # A tree's mask takes the place of sliding windows, so no path may be longer. Blocks with a
    # ``window_size`` apply it themselves, by places in the sequence, so there no tree may be longer.
    most = min(_MOST, getattr(config, "window_size", None) or _MOST)
    longest = min(most, getattr(config, "sliding_window", None) or _MOST)
    if max(map(len, prefixes)) > longest or config._attn_implementation not in _TAKE_ANY_MASK:
        return _row_by_row(lm, prefixes, deltas, group)
    return _Forest.of(prefixes, group if deltas.groups else [0] * len(prefixes), most).cache(lm, deltas)


def _row_by_row(
    lm: LM, prefixes: Sequence[Sequence[int]], deltas: RowDeltas, group: Sequence[int]
) -> DynamicCache:
    cache = DynamicCache(config=lm.model.config.get_text_config())
    before = pad_left(prefixes, lm.pad_id, lm.device)
    with deltas.on(lm, group):
        lm.model.base_model(
            input_ids=before.ids,
            attention_mask=before.mask,
            position_ids=(before.mask.cumsum(1) - 1).clamp_min(0),
            past_key_values=cache,
            use_cache=True,
        )
    return cache


@dataclass
class _Tree:
    """Prefixes of one group.

    Attributes:
        group: The group.
        tokens: Token id of each node, parents before children.
        depth: Position of each node in its prompts.
        child: Node that follows a node (-1 at the beginning) with a token.
    """

    group: int
    tokens: list[int] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    child: dict[tuple[int, int], int] = field(default_factory=dict)

    def size_with(self, prefix: Sequence[int]) -> int:
        """Nodes it would have with a prefix."""
        node = -1
        for shared, token in enumerate(prefix):
            if (node, token) not in self.child:
                return len(self.tokens) + len(prefix) - shared
            node = self.child[node, token]
        return len(self.tokens)

    def path(self, prefix: Sequence[int]) -> list[int]:
        """Nodes of a prefix; those that are missing grow."""
        path: list[int] = []
        for depth, token in enumerate(prefix):
            step = (path[-1] if path else -1, token)
            if step not in self.child:
                self.child[step] = len(self.tokens)
                self.tokens.append(token)
                self.depth.append(depth)
            path.append(self.child[step])
        return path


@dataclass(frozen=True)
class _Forest:
    """Trees of every group, and each row's path through its own.

    Attributes:
        trees: The trees.
        paths: Nodes of each row.
        owner: Place of each row's tree among the trees.
    """

    trees: list[_Tree]
    paths: list[list[int]]
    owner: list[int]

    @classmethod
    def of(cls, prefixes: Sequence[Sequence[int]], group: Sequence[int], most: int) -> "_Forest":
        """Grow trees of prefixes, a new one for a group where its last would get more than ``most`` nodes."""
        forest = cls([], [], [])
        growing: dict[int, int] = {}
        for prefix, number in zip(prefixes, group, strict=True):
            if number not in growing or forest.trees[growing[number]].size_with(prefix) > most:
                growing[number] = len(forest.trees)
                forest.trees.append(_Tree(number))
            forest.owner.append(growing[number])
            forest.paths.append(forest.trees[growing[number]].path(prefix))
        return forest

    def cache(self, lm: LM, deltas: RowDeltas) -> DynamicCache:
        """Run the trees, then gather each row's keys and values."""
        nodes = DynamicCache()  # keeps every node, also where the model's own would slide on
        with deltas.on(lm, [tree.group for tree in self.trees]):
            lm.model.base_model(
                input_ids=pad_right([tree.tokens for tree in self.trees], lm.pad_id, lm.device).ids,
                attention_mask=self._seen(lm),
                position_ids=pad_right([tree.depth for tree in self.trees], 0, lm.device).ids,
                past_key_values=nodes,
                use_cache=True,
            )
        at = pad_left(self.paths, 0, lm.device).ids  # (rows, longest)
        owner = torch.tensor(self.owner, device=lm.device)[:, None]
        cache = DynamicCache(config=lm.model.config.get_text_config())
        for number, layer in enumerate(nodes.layers):
            if layer.is_initialized:  # some blocks use another's
                cache.update(_read(layer.keys, owner, at), _read(layer.values, owner, at), number)
        return cache

    def _seen(self, lm: LM) -> Tensor:
        """Attention mask to be added, ``(trees, 1, nodes, nodes)``: a node sees its ancestors and itself."""
        most = max(len(tree.tokens) for tree in self.trees)
        seen = torch.eye(most, dtype=torch.bool).repeat(len(self.trees), 1, 1)
        for path, owner in {(tuple(path), owner) for path, owner in zip(self.paths, self.owner, strict=True)}:
            at = torch.tensor(path, dtype=torch.long)
            seen[owner, at[:, None], at] = torch.ones(len(path), len(path), dtype=torch.bool).tril()
        hidden = torch.finfo(lm.dtype).min
        return torch.zeros(seen.shape, dtype=lm.dtype).masked_fill_(~seen, hidden)[:, None].to(lm.device)


def _read(states: Tensor, owner: Tensor, at: Tensor) -> Tensor:
    """States ``(trees, heads, nodes, d)`` along each row's path: ``(rows, heads, longest, d)``."""
    found = states[owner.to(states.device), :, at.to(states.device)]  # (rows, longest, heads, d)
    return found.transpose(1, 2).contiguous()

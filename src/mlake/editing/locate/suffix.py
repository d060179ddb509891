"""The part of a forward pass that depends on a value, and the loss it gives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mlake.editing.locate.rows import Rows, Spot
from mlake.models.deltas import NO_DELTAS, RowDeltas
from mlake.models.lm import LM
from mlake.models.room import free_memory
from mlake.models.spans import Encoded

__all__ = ["Losses", "Suffix", "Task", "bytes_needed", "chunk_budget"]

_ENOUGH = {"cpu": 512, "cuda": 2048}
"""Tokens a pass that keep the device busy: a chunk that has as many may end where lengths change."""

_ALIKE = 0.9
"""Shorter than this share of a chunk's longest fact, and padding costs more than another pass."""

Task = tuple[Sequence[Encoded], Encoded | None]
"""Prompts of a fact with their targets, and its essence prompt."""


class Losses(NamedTuple):
    """What a value of each fact does, ``(facts,)`` each.

    Attributes:
        nll: Mean negative log-likelihood of the target's tokens.
        kl: KL divergence behind the essence prompt; 0 without one.
        first: Whether every token of the target is the likeliest at its place behind every prompt.
    """

    nll: Tensor
    kl: Tensor
    first: Tensor


class _Targets(NamedTuple):
    """Target tokens of all rows.

    Attributes:
        place: Row and position of the token that predicts each, ``(targets, 2)``.
        token: Their ids, ``(targets,)``.
        weight: Their weight in their fact's loss, ``(targets,)``.
    """

    place: Tensor
    token: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Suffix:
    """Facts and the tokens whose computation depends on their values.

    Attributes:
        prompts: Rows of the prompts with their targets.
        targets: The target tokens.
        essence: Rows of the essence prompts, one token each; None if no fact has one.
        said: Clean log-probabilities after the essence prompts' key tokens, ``(rows, vocabulary)``.
        clean: Clean value of each fact, ``(facts, parts · d)``, in float32 or wider.
    """

    prompts: Rows
    targets: _Targets
    essence: Rows | None
    said: Tensor | None
    clean: Tensor

    @staticmethod
    def chunks(lm: LM, tasks: Sequence[Task]) -> Iterator[list[int]]:
        """Split facts into chunks that fit in memory, facts of similar length together.

        Yields:
            Indices of the facts of a chunk.
        """
        order = sorted(range(len(tasks)), key=lambda i: (-_length(tasks[i]), i))
        budget = chunk_budget(lm)
        enough = _ENOUGH.get(lm.device.type, _ENOUGH["cpu"])
        chunk: list[int] = []
        used = tokens = longest = 0
        for index in order:
            need, length = _bytes_needed(lm, tasks[index]), _length(tasks[index])
            full = used + need > budget or (tokens >= enough and length <= _ALIKE * longest)
            if chunk and full:
                yield chunk
                chunk, used, tokens = [], 0, 0
            longest = longest if chunk else length
            chunk.append(index)
            used += need
            tokens += length * len(tasks[index][0])
        if chunk:
            yield chunk

    @classmethod
    @torch.no_grad()
    def prepare(
        cls,
        lm: LM,
        tasks: Sequence[Task],
        *,
        layer: int,
        site: str,
        deltas: RowDeltas = NO_DELTAS,
        groups: Sequence[int] | None = None,
    ) -> "Suffix":
        """Run everything that does not depend on the values, once.

        Args:
            lm: The model.
            tasks: The facts.
            layer: Block at which a value is written.
            site: As in ``optimise_values``.
            deltas: Edits in force, another for each group of facts.
            groups: Group of each fact; all of group 0 by default.
        """
        groups = groups or [0] * len(tasks)
        spot = Spot(layer, site)
        every = [(fact, prompt) for fact, (prompts, _) in enumerate(tasks) for prompt in prompts]
        # The last target token predicts nothing that is asked for, so it is not fed.
        rows, clean = Rows.prepare(
            lm,
            spot,
            [(fact, p.ids[: len(p.ids) - (p.target > 0)], p.lookup) for fact, p in every],
            deltas,
            [groups[fact] for fact, _ in every],
        )
        starts = torch.tensor([[fact for fact, _ in every].index(n) for n in range(len(tasks))])
        asked = [(fact, e) for fact, (_, e) in enumerate(tasks) if e is not None]
        essence, said = None, None
        if asked:
            # Only the key token is asked what comes next, so nothing after it is fed.
            essence, _ = Rows.prepare(
                lm,
                spot,
                [(fact, e.ids[: e.lookup + 1], e.lookup) for fact, e in asked],
                deltas,
                [groups[fact] for fact, _ in asked],
            )
            still = torch.zeros_like(clean[:1]).expand(len(tasks), -1)
            said = lm.logits(essence.run(lm, still, _firsts(essence))).log_softmax(-1)
        return cls(rows, _targets(every), essence, said, clean[starts.to(clean.device)])

    def losses(self, lm: LM, delta: Tensor) -> Losses:
        """The loss of each fact when δ is added at its key tokens.

        Args:
            lm: The model.
            delta: ``(facts, parts · d)``; gradients flow to it.
        """
        asked = [self.prompts.run(lm, delta, self.targets.place)]
        if self.essence is not None:
            asked.append(self.essence.run(lm, delta, _firsts(self.essence)))
        # One product with the head, which is the largest matrix and is read for few tokens.
        logits, *rest = torch.split(lm.logits(torch.cat(asked)), [len(one) for one in asked])
        token = self.targets.token.to(logits.device)
        nll = cross_entropy(logits, token, reduction="none")
        owner = self.prompts.fact[self.targets.place[:, 0]]
        first = _per_fact((logits.argmax(-1) != token).to(nll), owner, delta) == 0
        nll = _per_fact(nll * self.targets.weight.to(nll), owner, delta)
        if self.essence is None or self.said is None:
            return Losses(nll, torch.zeros_like(nll), first)
        now = rest[0].log_softmax(-1)
        kl = _per_fact((now.exp() * (now - self.said)).sum(-1), self.essence.fact, delta)
        return Losses(nll, kl, first)

    def narrowed(self, keep: Tensor) -> "Suffix":
        """The same for some of the facts only.

        Args:
            keep: Which facts stay, ``(facts,)``, boolean.
        """
        keep = keep.cpu()
        renumber = torch.cumsum(keep, 0) - 1
        prompts, left = _narrowed(self.prompts, keep, renumber)
        number = torch.full((len(self.prompts.fact),), -1)
        number[left] = torch.arange(len(left))
        stay = number[self.targets.place[:, 0]] >= 0
        place = self.targets.place[stay].clone()
        place[:, 0] = number[place[:, 0]]
        essence, said = self.essence, self.said
        if essence is not None and said is not None:
            essence, rows = _narrowed(essence, keep, renumber)
            said = said[rows.to(said.device)]
        return replace(
            self,
            prompts=prompts,
            targets=_Targets(place, self.targets.token[stay], self.targets.weight[stay]),
            essence=essence,
            said=said,
            clean=self.clean[keep.to(self.clean.device)],
        )


def _firsts(rows: Rows) -> Tensor:
    """Where each row's key token is."""
    number = torch.arange(len(rows.fact))
    return torch.stack([number, torch.zeros_like(number)], dim=1)


def _narrowed(rows: Rows, keep: Tensor, renumber: Tensor) -> tuple[Rows, Tensor]:
    left = keep[rows.fact].nonzero()[:, 0]
    return rows.chosen(left, renumber[rows.fact[left]]), left


def _per_fact(terms: Tensor, owner: Tensor, delta: Tensor) -> Tensor:
    zero = torch.zeros(len(delta), dtype=terms.dtype, device=terms.device)
    return zero.index_add(0, owner.to(terms.device), terms).to(delta.device)


def _targets(rows: Sequence[tuple[int, Encoded]]) -> _Targets:
    count: dict[int, int] = {}
    for fact, _ in rows:
        count[fact] = count.get(fact, 0) + 1
    place, token, weight = [], [], []
    for row, (fact, p) in enumerate(rows):
        for at in range(len(p.ids) - p.target, len(p.ids)):  # index of the target token
            place.append((row, at - 1 - p.lookup))
            token.append(p.ids[at])
            weight.append(1 / (p.target * count[fact]))
    return _Targets(torch.tensor(place), torch.tensor(token), torch.tensor(weight, dtype=torch.float64))


def _length(task: Task) -> int:
    return max(len(p.ids) - p.lookup for p in task[0])


def bytes_needed(lm: LM, tokens: int, seen: int, logits: int) -> int:
    """Memory that a forward pass keeps for its backward pass: an upper bound, at most 2.6 times what it is.

    Measured on Llama and Gemma shapes, a block keeps at most four MLP activations a token in the weights'
    data type and 28 bytes for each of its outputs (norms and attention work in float32), and a key and a
    value of each head for every token that is attended to.

    Args:
        lm: The model.
        tokens: Tokens that depend on a value.
        seen: Tokens that are attended to: of all prompts, the prefixes with those tokens.
        logits: Positions at which logits are taken.
    """
    d_out, d_in = lm.matrix(0).shape
    config = lm.model.config.get_text_config()
    heads = config.num_attention_heads
    states = heads * (getattr(config, "head_dim", None) or d_out // heads)
    size = lm.dtype.itemsize
    kept = tokens * (4 * d_in * size + 28 * d_out) + seen * 2 * states * size
    return int(len(lm.layers) * kept + logits * config.vocab_size * 4 * 4)


def _bytes_needed(lm: LM, task: Task) -> int:
    prompts, essence = task
    logits = sum(p.target for p in prompts) + (essence is not None)
    length = _length(task)
    seen = sum(p.lookup + length for p in prompts)
    return bytes_needed(lm, length * len(prompts) + 1, seen, logits)


def chunk_budget(lm: LM) -> int:
    """Bytes that one chunk may use: half of what is free on a GPU, 2 GiB on a CPU."""
    free = free_memory(lm)
    return 2 * 2**30 if free is None else free // 2

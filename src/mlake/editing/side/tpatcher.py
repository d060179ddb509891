"""Transformer-Patcher: a neuron beside the last MLP for each token of a new answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar, NamedTuple, Self

import torch
from torch import Tensor

from mlake.editing.edits.added import NeuronEdit, Neurons
from mlake.editing.edits.edit import Edit
from mlake.editing.method import Method, Progress, Range
from mlake.editing.prompts import refusal
from mlake.editing.side.descent import descend
from mlake.editing.side.method import encoded, entering, told
from mlake.languages import language
from mlake.models.batches import pad_right
from mlake.models.hooks import first as hidden_of
from mlake.models.hooks import watched_input, watched_output
from mlake.models.lm import LM
from mlake.models.spans import Encoded, encode
from mlake.records import Exchange, Statement
from mlake.sentences import everyday

__all__ = ["Patched", "TPatcher", "started", "unwanted"]

_TOGETHER = 16  # prompts read in a pass
_WORST = 1000  # activations that count, of those that are to be silent
_WEAKEST = 5  # activations that count, of those that are to be active


class Patched(NamedTuple):
    """A fact at the last block.

    Attributes:
        fed: What the MLP is fed where a token of the new answer is predicted, ``(t, d_model)``.
        left: What the block hands on there, ``(t, d_model)``.
        token: The tokens, ``(t,)``.
    """

    fed: Tensor
    left: Tensor
    token: Tensor


@dataclass(frozen=True, slots=True)
class TPatcher(Method):
    """Huang et al. 2023, beside the MLP and behind its block.

    Attributes:
        steps: Most steps for a fact.
        rate: Adam's rate, in units in which what the MLP is fed has a root mean square of 1.
        stop: A fact whose whole loss is below this is learnt.
        gain: How loud a neuron is at the start, in units of the root mean square of what the block hands on.
        active: Weight of the loss that keeps a neuron active at its own token.
        silent: Weight of the loss that keeps it silent elsewhere.
        margin: How far below its own activation, and below 0, activations elsewhere are wanted.
        memory: Tokens of ordinary text at which neurons are to be silent.
        seed: Seed of what neurons say at the start, and of which text is taken.
    """

    family: ClassVar[str] = "side memory"
    mergeable: ClassVar[bool] = False
    weighs: ClassVar[str] = "a neuron for each token of the answers"

    steps: int = 100
    rate: float = 0.01
    stop: float = 0.2
    gain: float = 10.0
    active: float = 1.0
    silent: float = 10.0
    margin: float = 3.0
    memory: int = 2000
    seed: int = 0

    def fitted(self, lm: LM, /) -> Self:
        """The method itself.

        Raises:
            ModelError: It is not known where the model keeps its blocks.
        """
        lm.mlp(0)
        return self

    def refusal(self, lm: LM, statement: Statement, /) -> str | None:
        """Why a statement cannot be put into a prompt."""
        return refusal(lm, statement, "question", "prompt")

    def search(self) -> dict[str, Range]:
        """How fast, and how much silence elsewhere counts."""
        return {
            "rate": Range(self.rate / 10, self.rate, "log", 3),
            "silent": Range(self.silent / 10, self.silent * 10, "log", 3),
            "steps": Range(self.steps, self.steps * 4, "log", 3),
        }

    def passes(self) -> float:
        """One through the model; steps run its head alone."""
        return 1.0 + self.steps / 20

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> NeuronEdit:
        """Neurons for these facts. Arguments and errors as in ``Method.edit``."""
        prompts, layer = encoded(lm, statements), len(lm.layers) - 1
        chunks = [slice(at, at + _TOGETHER) for at in range(0, len(prompts), _TOGETHER)]
        facts = [one for some in chunks for one in _patched(lm, layer, prompts[some])]
        earlier = [one.met for one in history if isinstance(one, NeuronEdit) and one.layer == layer]
        ordinary = _ordinary(lm, layer, text, self.memory, self.seed)
        memory = torch.cat([ordinary, *(one.to(ordinary) for one in earlier)])
        made, lost = list[Neurons](), list[float]()
        for some in chunks:
            neurons, losses = self._trained(lm, facts, some, memory)
            made += neurons
            lost += losses
            progress(len(losses))
        every = Neurons(*(torch.cat(parts).cpu() for parts in zip(*made, strict=True)))
        report = told(self, lm, statements, lost) | {"neurons": len(every.out)}
        return NeuronEdit(layer, "relu", every, torch.cat([one.fed for one in facts]).cpu(), report)

    def _trained(
        self, lm: LM, facts: Sequence[Patched], some: slice, memory: Tensor
    ) -> tuple[list[Neurons], list[float]]:
        """The neurons of some of the facts, and their losses.

        They are silent in the memory and at other facts, where another token follows.
        """
        unit = torch.cat([memory, *(one.fed for one in facts)]).square().mean().sqrt()
        feds, own = [one.fed / unit for one in facts], facts[some]
        everything = torch.cat([memory / unit, *feds])
        owner = torch.tensor([-1] * len(memory) + [i for i, one in enumerate(feds) for _ in one])
        follows = torch.cat([owner.new_full((len(memory),), -1), *(one.token for one in facts)])
        numbers = range(len(facts))[some]
        spared = [
            ((owner == i)[:, None] | (follows[:, None] == facts[i].token)).to(everything.device)
            for i in numbers
        ]  # (tokens, neurons) each
        louds = [one.left.to(one.fed).square().mean().sqrt() for one in own]
        groups = [self._start(feds[i]) for i in numbers]
        tokens, counts = torch.cat([one.token for one in own]), [len(one.token) for one in own]

        def losses() -> Tensor:
            lefts, costs = list[Tensor](), list[Tensor]()
            for number, one, loud, (into, bias, said, gain) in zip(numbers, own, louds, groups, strict=True):
                active = feds[number] @ into.T + bias
                elsewhere = (everything @ into.T + bias).masked_fill(spared[number - some.start], -torch.inf)
                lefts.append(one.left + (active.relu() @ (loud * said * gain)).to(one.left))
                kept = self.silent * unwanted(elsewhere, active.diagonal(), self.margin)
                weakest = (-active.diagonal()).exp().topk(min(_WEAKEST, len(active))).values.mean()
                costs.append(kept + self.active * weakest)
            answers = [part.mean() for part in torch.split(_nll(lm, torch.cat(lefts), tokens), counts)]
            return torch.stack(answers).to(costs[0].device) + torch.stack(costs)

        optimiser = torch.optim.Adam([one for group in groups for one in group], self.rate)
        lost = descend(optimiser, groups, range(len(own)), losses, steps=self.steps, stop=self.stop)
        found = [
            Neurons((into / unit).detach(), bias.detach(), into.detach()[:0], (loud * said * gain).detach())
            for loud, (into, bias, said, gain) in zip(louds, groups, strict=True)
        ]
        return found, lost

    def _start(self, fed: Tensor) -> list[Tensor]:
        """What a fact's neurons take in, their biases, what they say, and how loud."""
        random = torch.Generator().manual_seed(self.seed)
        out = torch.randn(fed.shape, generator=random, dtype=torch.float64).to(fed)
        parts = (started(fed), fed.new_zeros(len(fed)), out, torch.full_like(out, self.gain))
        return [one.requires_grad_() for one in parts]


def started(fed: Tensor) -> Tensor:
    """What neurons take in at the start, ``(t, d_model)``: each is active with 1 at its own token."""
    return fed / fed.square().sum(-1, keepdim=True)


def unwanted(others: Tensor, own: Tensor, margin: float) -> Tensor:
    """Loss of activations elsewhere: the worst of them, above ``-margin`` and near a neuron's own.

    Args:
        others: Activations elsewhere before they are cut at 0, ``(m, t)``.
        own: Each neuron's at its own token, ``(t,)``.
        margin: How far below they are wanted.
    """
    count = min(_WORST, others.numel())
    worst = ((others + margin).exp(), (others - own + margin).exp())
    return torch.stack([one.flatten().topk(count).values.mean() for one in worst]).sum()


def _nll(lm: LM, left: Tensor, token: Tensor) -> Tensor:
    """Negative log-likelihood of each token, from what the last block hands on."""
    norm = lm.model.get_submodule(lm.arch.norm)
    logs = lm.logits(norm(left)).log_softmax(-1)
    return -logs.gather(1, token.to(logs.device)[:, None])[:, 0]


@torch.no_grad()
def _patched(lm: LM, layer: int, prompts: Sequence[Encoded]) -> list[Patched]:
    """Facts at a block, with what is in force there already."""
    padded = pad_right([one.ids for one in prompts], lm.pad_id, lm.device)
    fed, left = list[Tensor](), list[Tensor]()
    ends = torch.tensor([len(one.ids) - one.target - 1 for one in prompts])
    with (
        watched_input(lm.mlp(layer), fed.append),
        watched_output(lm.layers[layer], lambda out: left.append(hidden_of(out))),
        lm.passes.told(ends=ends),
    ):
        lm.model.base_model(input_ids=padded.ids, attention_mask=padded.mask, use_cache=False)
    found, wide = list[Patched](), torch.promote_types(fed[0].dtype, torch.float32)
    for row, one in enumerate(prompts):
        places = slice(len(one.ids) - one.target - 1, len(one.ids) - 1)
        token = torch.tensor(one.ids[-one.target :])
        found.append(Patched(fed[0][row, places].to(wide), left[0][row, places], token))
    return found


def _ordinary(lm: LM, layer: int, text: Sequence[str], most: int, seed: int) -> Tensor:
    """What the MLP is fed in ordinary text, ``(m, d_model)``: where answers are given, and in sentences."""
    texts = list(text) or list(everyday())
    rows, counts = list[Sequence[int]](), list[int]()
    for one in Random(seed).sample(texts, len(texts)):
        if sum(counts) >= most:
            break
        ids, count = _read(lm, one)
        rows.append(ids)
        counts.append(count)
    states = entering(lm, lm.mlp(layer), lm.down(layer), rows)
    return torch.cat([one[-count - 1 : -1] for one, count in zip(states, counts, strict=True)])[:most]


def _read(lm: LM, one: str) -> tuple[Sequence[int], int]:
    """A text's tokens, and how many count of those before the last; a sentence's first token does not."""
    if not isinstance(one, Exchange):
        ids = encode(lm, one).ids
        return ids, max(0, len(ids) - 2)
    answer = lm.style.joint(language(one.lang).space) + one.answer
    found = encode(lm, lm.style.prompt(one), target=answer, special=not lm.style.chat)
    return found.ids, found.target

"""MEMOIR: a memory matrix beside one down-projection, a part of it for each fact."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.memoir import Hash, MemoirEdit
from mlake.editing.mend.upper import Upper
from mlake.editing.method import Progress, Range
from mlake.editing.side.method import AtBlock, encoded, entering, told, unrelated
from mlake.errors import EditError
from mlake.models.lm import LM
from mlake.models.spans import Encoded
from mlake.records import Statement

__all__ = ["Memoir"]


@dataclass(frozen=True, slots=True)
class Memoir(AtBlock):
    """Wang et al. 2025, with what the memory says added to the residual stream.

    Attributes:
        steps: Most steps for a fact.
        rate: Length of a step at most: what it adds to the residual stream, as a share of what is there.
        stop: A fact whose loss is below this is learnt.
        share: Share of the down-projection's inputs that a prompt reads.
        overlap: Least share of these that a prompt has in common with a fact's.
        seed: Seed of the permutation.
    """

    steps: int = 30
    rate: float = 0.02
    stop: float = 0.02
    share: float = 2 / 7
    overlap: float = 0.4
    seed: int = 0

    @property
    def sequential(self) -> bool:
        """Facts share the matrix, and later ones learn on what earlier ones left."""
        return True

    def search(self) -> dict[str, Range]:
        """Where, how near is near enough, and how fast."""
        return {
            "layer": Range(0.5, 0.9, "depth"),
            "overlap": Range(0.3, 0.8, "linear", 6),
            "rate": Range(self.rate / 5, self.rate * 5, "log"),
        }

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> MemoirEdit:
        """A memory of these facts, one after another. Arguments and errors as in ``Method.edit``."""
        layer = self.fitted(lm).layer or 0
        prompts = encoded(lm, statements)
        earlier = [one for one in history if isinstance(one, MemoirEdit) and one.layer == layer]
        fed = entering(lm, lm.down(layer), lm.layers[layer + 1], [one.ids for one in prompts])
        asked = torch.stack([_mean(one[: -p.target]) for one, p in zip(fed, prompts, strict=True)])
        hashed = (
            earlier[-1].hash if earlier else self._hash(lm, layer, text, {one.lang for one in statements})
        )
        masks = hashed.masks(asked, max(1, round(self.share * asked.shape[1]))).cpu()
        memory = torch.zeros(lm.matrix(layer).shape, dtype=asked.dtype)
        lost = []
        for prompt, mask, own in zip(prompts, masks, fed, strict=True):
            memory[:, mask], loss = self._learnt(lm, layer, prompt, own[:, mask], memory[:, mask])
            lost.append(loss)
            progress(1)
        others = [part for one in earlier[-1:] for part in (one.masks, one.others)]
        kept = torch.cat([masks[:0].to(torch.uint8), *others])
        report = told(self, lm, statements, lost)
        return MemoirEdit(layer, memory, hashed, masks.to(torch.uint8), kept, self.overlap, report)

    def _hash(self, lm: LM, layer: int, text: Sequence[str], langs: set[str]) -> Hash:
        """The mean of ordinary prompts in some languages, and a permutation."""
        rows = [ids for lang in sorted(langs) for ids in unrelated(lm, text, lang)]
        fed = entering(lm, lm.down(layer), lm.layers[layer + 1], rows)
        background = torch.stack([_mean(one) for one in fed]).mean(dim=0).cpu()
        random = torch.Generator().manual_seed(self.seed)
        return Hash(background, torch.randperm(len(background), generator=random))

    def _learnt(
        self, lm: LM, layer: int, prompt: Encoded, fed: Tensor, start: Tensor
    ) -> tuple[Tensor, float]:
        """The columns that a fact reads, once it is learnt, and its loss with them.

        Args:
            lm: The model.
            layer: The block.
            prompt: The fact.
            fed: The entries that it reads, at each of its tokens, ``(length, k)``.
            start: Their columns as they are, ``(d_model, k)``.
        """
        ends = torch.tensor([len(prompt.ids) - prompt.target - 1])
        with lm.passes.told(ends=ends):
            upper = Upper.of(lm, layer + 1, [prompt])
            fed = fed.to(upper.hidden.device)
            unit = float(upper.hidden[0, ends[0]].to(fed).norm() / fed[ends[0]].norm().clamp(min=1e-9))
            columns = (start.to(fed) / unit).requires_grad_()
            for step in range(self.steps + 1):
                with torch.enable_grad():
                    added = (fed @ columns.T * unit).to(upper.hidden)
                    loss = upper.nll(upper.logs(lm, upper.hidden + added)).sum()
                    if not torch.isfinite(loss):
                        raise EditError(
                            "a loss is not a number; expected finite losses; lower the rate "
                            "(--set rate=…) or load the model in bf16 or fp32"
                        )
                    if step == self.steps or float(loss.detach()) < self.stop:
                        break
                    (slope,) = torch.autograd.grad(loss, columns)
                with torch.no_grad():
                    columns -= self.rate * slope / slope.norm().clamp(min=1)
        return (columns.detach() * unit).cpu(), float(loss.detach())


def _mean(fed: Tensor) -> Tensor:
    """Mean over a prompt's tokens, without the first one, where models park what they do not need."""
    return fed[1:].sum(dim=0) / max(1, len(fed) - 1)

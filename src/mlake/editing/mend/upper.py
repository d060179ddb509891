"""The upper blocks of a model as a function of what the blocks below, which no edit touches, hand them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from mlake.models.batches import pad_right
from mlake.models.hooks import replaced_input, skipped, stopping_at, watched_input, watched_output
from mlake.models.lm import LM
from mlake.models.spans import Encoded

__all__ = ["Upper"]


@dataclass(frozen=True)
class Upper:
    """Prompts with their targets, computed up to a block.

    Attributes:
        block: The first block that is still to be computed.
        as_tuple: Whether the model's blocks return tuples.
        hidden: Input of that block, ``(rows, length, d_model)``.
        mask: Attention mask, ``(rows, length)``.
        place: Row and position of what predicts each counted token, ``(counted, 2)``.
        token: Ids of the counted tokens, ``(counted,)``.
    """

    block: int
    as_tuple: bool
    hidden: Tensor
    mask: Tensor
    place: Tensor
    token: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, lm: LM, block: int, prompts: Sequence[Encoded], *, whole: bool = False) -> Self:
        """Run everything below a block, once.

        Args:
            lm: The model.
            block: The first block that is not run.
            prompts: Prompts with targets.
            whole: Whether all tokens are counted, and not those of the targets alone.
        """
        padded = pad_right([p.ids for p in prompts], lm.pad_id, lm.device)
        seen: dict[str, Any] = {}
        with (
            watched_output(lm.layers[0], lambda out: seen.update(as_tuple=isinstance(out, tuple))),
            watched_input(lm.layers[block], lambda x: seen.update(hidden=x)),
            stopping_at(lm.layers[block]),
        ):
            lm.model.base_model(input_ids=padded.ids, attention_mask=padded.mask, use_cache=False)
        starts = [1 if whole else len(p.ids) - p.target for p in prompts]
        every = [(row, at) for row, p in enumerate(prompts) for at in range(starts[row], len(p.ids))]
        place = torch.tensor([(row, at - 1) for row, at in every]).view(-1, 2)
        token = torch.tensor([prompts[row].ids[at] for row, at in every], dtype=torch.long)
        return cls(block, seen.get("as_tuple", False), seen["hidden"], padded.mask, place, token)

    def logs(self, lm: LM, hidden: Tensor | None = None) -> Tensor:
        """Log-probabilities of what comes at the counted places, ``(counted, vocabulary)``.

        Args:
            lm: The model, edited or not.
            hidden: Taken in place of ``self.hidden``, where gradients should flow to it.
        """
        hidden = self.hidden if hidden is None else hidden
        with (
            skipped([lm.layers[i] for i in range(self.block)], as_tuple=self.as_tuple),
            replaced_input(lm.layers[self.block], hidden),
        ):
            final: Tensor = lm.model.base_model(
                inputs_embeds=hidden.to(lm.device), attention_mask=self.mask, use_cache=False
            ).last_hidden_state
        rows, columns = self.place.to(final.device).unbind(1)
        return lm.logits(final[rows, columns]).log_softmax(-1)

    def nll(self, logs: Tensor) -> Tensor:
        """Mean negative log-likelihood of each row's counted tokens, ``(rows,)``."""
        terms = -logs.gather(1, self.token.to(logs.device)[:, None])[:, 0]
        return self.mean(terms)

    def mean(self, terms: Tensor) -> Tensor:
        """Mean over the counted tokens of each row.

        Args:
            terms: A number for each counted token, ``(counted,)``.
        """
        row = self.place[:, 0].to(terms.device)
        zero = torch.zeros(len(self.hidden), dtype=terms.dtype, device=terms.device)
        return zero.index_add(0, row, terms) / zero.index_add(0, row, torch.ones_like(terms)).clamp_min(1)

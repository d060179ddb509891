"""The edited model's own hidden states: nothing to install, and languages meet in them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mlake.editing.retrieval.retriever import Retriever
from mlake.errors import EditError, ModelError
from mlake.models.hooks import first, stopping_at, watched_input
from mlake.models.lm import LM
from mlake.models.tokens import token_ids

__all__ = ["Hidden"]

_DEPTH = 0.8  # share of the blocks below: there languages are closest


class Hidden(Retriever):
    """Mean over a text's tokens of what enters a block, less the mean over ordinary texts.

    Each text is read alone, so that its vector does not depend on what it is read beside.
    """

    name = "hidden"

    def version(self) -> str:
        """Nothing: the model is pinned by the edit."""
        return ""

    def state(self, lm: LM, texts: Sequence[str]) -> Tensor:
        """The mean over texts, ``(d_model,)``."""
        return _means(lm, texts).mean(dim=0)

    def embed(self, lm: LM, texts: Sequence[str], state: Tensor) -> Tensor:
        """As ``Retriever.embed``."""
        means = _means(lm, texts)
        if state.shape != means.shape[1:]:
            raise EditError(
                f"the memory is centred at {state.numel()} numbers, the model's states have "
                f"{means.shape[1]}; apply it to the model it was made with"
            )
        return torch.nn.functional.normalize(means - state, dim=-1)

    def missing(self, lm: LM) -> str | None:
        """That the model's blocks are not understood."""
        if isinstance(lm.structure, ModelError):
            return f"{lm.structure}; take retriever=tfidf or use"
        return None

    def passes(self) -> float:
        """A forward pass up to the block is half of one forward and back to the activations there."""
        return _DEPTH / 2


@torch.no_grad()
def _means(lm: LM, texts: Sequence[str]) -> Tensor:
    block = lm.layers[int(_DEPTH * len(lm.layers))]
    found: list[Tensor] = []

    def see(hidden: Tensor) -> None:
        found.append(first(hidden)[0, 1:].float().mean(dim=0).cpu())

    # A model parks what it does not need at the first token, whatever it is; so that one is left out.
    for ids in token_ids(lm, [f"\n{text}" for text in texts]):
        with watched_input(block, see), stopping_at(block):
            lm.model.base_model(torch.tensor([ids], device=lm.device), use_cache=False)
    width = lm.model.config.get_text_config().hidden_size
    return lm.finite(torch.stack(found)) if found else torch.zeros(0, width)

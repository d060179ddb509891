"""Which rows and tokens of a pass a side memory may touch: decided at the prompt, held for the answer."""

import torch
from torch import Tensor

from mlake.errors import EditError
from mlake.models.lm import LM
from mlake.models.passes import Passes

__all__ = ["Rows", "check_place"]


class Rows:
    """The pass under way, as hooks of side memories ask about it.

    Args:
        passes: What the model is told of its passes.
    """

    def __init__(self, passes: Passes):
        self.passes = passes

    @property
    def reading(self) -> bool:
        """Whether the pass reads prompts, so that rows are decided now."""
        return self.passes.rows is None

    def left(self, decided: Tensor) -> Tensor:
        """What was decided for the rows that are left; ``decided`` has a number for each row read."""
        return decided if self.passes.rows is None else decided[list(self.passes.rows)]

    def ends(self, hidden: Tensor) -> Tensor:
        """Place of each prompt's last token, ``(rows,)``; before the first token where it was read earlier.

        Args:
            hidden: Anything with a row for each row and a column for each token of the pass.
        """
        if not self.reading:
            return torch.full((len(hidden),), -1, device=hidden.device)
        if self.passes.ends is not None:
            return self.passes.ends.to(hidden.device)
        return torch.full((len(hidden),), hidden.shape[1] - 1, device=hidden.device)

    def starts(self, hidden: Tensor) -> Tensor:
        """Place of each prompt's first token, ``(rows,)``; arguments as in ``ends``."""
        if self.reading and self.passes.starts is not None:
            return self.passes.starts.to(hidden.device)
        return torch.zeros(len(hidden), dtype=torch.long, device=hidden.device)

    @staticmethod
    def behind(places: Tensor, hidden: Tensor) -> Tensor:
        """Which tokens stand at a row's place or behind it, ``(rows, length)``."""
        return torch.arange(hidden.shape[1], device=hidden.device) >= places[:, None]


def check_place(lm: LM, layer: int, width: int) -> None:
    """Refuse values that a block cannot take.

    Raises:
        EditError: The model has no such block, or is not as wide.
    """
    wide = lm.model.config.get_text_config().hidden_size
    if not 0 <= layer < len(lm.layers) or width != wide:
        raise EditError(
            f"the edit has values of {width} numbers for layer {layer}, the model "
            f"{len(lm.layers)} layers of width {wide}; was it made for another model?"
        )

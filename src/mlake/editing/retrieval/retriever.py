"""What finds texts again: a function from a text to a unit vector."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from mlake.models.lm import LM

__all__ = ["Retriever"]


class Retriever(ABC):
    """Embeds texts; equal texts have equal vectors, also from different batches.

    Attributes:
        name: Name in settings and edits.
    """

    name: str

    @abstractmethod
    def version(self) -> str:
        """What its vectors depend on besides the text and the model; empty for nothing."""

    @abstractmethod
    def state(self, lm: LM, texts: Sequence[str]) -> Tensor:
        """What it has to know of ordinary texts beforehand, in float32; of no numbers for nothing.

        Args:
            lm: The model.
            texts: Questions such as it will see.
        """

    @abstractmethod
    def embed(self, lm: LM, texts: Sequence[str], state: Tensor) -> Tensor:
        """Unit vectors of texts in float32, ``(texts, d)``; nought where a text has nothing to go by.

        Args:
            lm: The model.
            texts: The texts.
            state: What ``state`` gave.

        Raises:
            EditError: The state is not this retriever's, or not for this model.
        """

    def missing(self, lm: LM) -> str | None:
        """Why it cannot be used here, and what to do; None where it can."""
        return None

    def passes(self) -> float:
        """How often it runs a text through the model, for an estimate."""
        return 0.0

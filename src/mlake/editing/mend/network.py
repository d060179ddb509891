"""What a trained editor is made of: a network that turns gradients into updates, and how it is trained."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from mlake.editing.factors import Factors
from mlake.editing.mend.gradients import Matrix
from mlake.models.lm import LM
from mlake.models.spans import Encoded
from mlake.records import Statement

__all__ = ["Network", "TrainSettings"]


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How an editor is trained.

    Attributes:
        batch_size: Facts that are edited together in a step: as many as will be edited together later.
        others: Questions about other facts in a step.
        rank: Inner width of the network's layers.
        rate: Adam's learning rate of the network.
        step_rate: Adam's learning rate of what sets the step sizes.
        step: Step size to start from, as a multiple of the root mean square of a matrix's weights.
        edit_weight: c_edit, weight of the new answer's negative log-likelihood.
        locality_weight: c_loc, weight of the KL divergence on other facts.
        clip: Most that the norm of the gradient may be.
        measured: Steps at the start that train nothing and only measure gradients.
        validation: Facts at the end of the slice that are not trained on, but choose the best editor; at
            most a fifth of the slice.
        every: Steps between two validations.
        seed: Seed of everything random.
    """

    batch_size: int = 10
    others: int = 4
    rank: int = 256
    rate: float = 3e-4
    step_rate: float = 3e-2
    step: float = 1e-3
    edit_weight: float = 0.1
    locality_weight: float = 1.0
    clip: float = 100.0
    measured: int = 10
    validation: int = 50
    every: int = 25
    seed: int = 0


class Network(nn.Module, ABC):
    """An editor's network; a method that is trained is one of these and a row.

    Attributes:
        method: Name of the method.
        format: What its files call themselves.
        before: What files of earlier versions did, whose network was another one.
        settings: Settings of its training.
    """

    method: ClassVar[str]
    format: ClassVar[str]
    before: ClassVar[str] = ""
    settings: ClassVar[type[TrainSettings]] = TrainSettings

    @classmethod
    @abstractmethod
    def untrained(cls, lm: LM, matrices: Sequence[Matrix], settings: Any) -> Self:
        """The network that training starts from.

        Args:
            lm: The model.
            matrices: Its matrices that are edited.
            settings: How it will be trained, or was.
        """

    @staticmethod
    @abstractmethod
    def features(
        lm: LM,
        matrices: Sequence[Matrix],
        prompts: Sequence[Encoded],
        told: Sequence[Statement],
        progress: Callable[[int], object] = lambda done: None,
    ) -> Any:
        """What the network reads of facts.

        Args:
            lm: The model; left as it was.
            matrices: Its matrices that are edited.
            prompts: The facts' questions with their new answers.
            told: The facts.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: A number is not finite.
        """

    @abstractmethod
    def see(self, features: Any) -> None:
        """Count features in the statistics that normalise later ones."""

    @abstractmethod
    def forward(self, features: Any) -> list[Factors]:
        """The updates of the matrices: of each ``left (d_out, n)`` and ``right (d_in, n)``."""

    @abstractmethod
    def groups(self, settings: Any) -> list[dict[str, Any]]:
        """Its parameters as Adam takes them, with a ``lr`` where that is not ``rate``."""

    def loss(self, edit: Tensor, locality: Tensor, settings: TrainSettings) -> Tensor:
        """What a step lowers.

        Args:
            edit: Negative log-likelihood of the new answers.
            locality: KL divergence from the unedited model on other facts.
            settings: How it is trained.
        """
        return settings.edit_weight * edit + settings.locality_weight * locality

    def stepped(self) -> None:
        """Called after each step of the optimiser."""

    def validated(self, point: Mapping[str, float], settings: Any) -> None:
        """Called after each validation with what it found (``Point``)."""

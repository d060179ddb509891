"""What every editing method offers: the protocol that rows of ``EDITORS`` follow."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, Self

from mlake.models.lm import LM
from mlake.records import Statement

__all__ = ["Edit", "Method", "Progress"]

Progress = Callable[[int], object]


class Edit(Protocol):
    """An edit as a value: in force for the length of a block, stored in one file."""

    @property
    def report(self) -> Mapping[str, Any]:
        """What the method has to say. JSON values."""

    def applied(self, lm: LM, /) -> AbstractContextManager[LM]:
        """The model with the edit in force."""

    def save(self, path: Path, /) -> object:
        """Write the edit to one file."""


class Method(Protocol):
    """An editing method: a frozen dataclass whose fields are its settings."""

    @property
    def name(self) -> str:
        """Name of the row."""

    @property
    def sequential(self) -> bool:
        """Whether facts are edited one after another, each on the model that the ones before left."""

    @property
    def low_rank(self) -> bool:
        """Whether its edits change down-projections only, so that one pass can ask under many of them."""

    def suggested(self, lm: LM, /) -> Mapping[str, Any]:
        """Settings that the model's family asks for, where the user sets none."""

    def fitted(self, lm: LM, /) -> Self:
        """The method ready for a model, once all settings are in place."""

    def config(self) -> dict[str, Any]:
        """Every setting that can change a number, as JSON values."""

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str],
        history: Sequence[Any] = (),
        progress: Progress,
    ) -> Edit:
        """Compute an edit."""

    def edit_many(
        self, lm: LM, batches: Sequence[Sequence[Statement]], /, *, text: Sequence[str], progress: Progress
    ) -> Sequence[Edit]:
        """Compute several edits, each from the unedited model."""

"""What every edit offers: the base of all kinds, with the one way in which they are written to files."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self

from safetensors.torch import save
from torch import Tensor

from mlake.disk import as_json, write_atomic
from mlake.editing.factors import Factors
from mlake.errors import EditError
from mlake.models.lm import LM, UNPINNED
from mlake.safe import plain

__all__ = ["Edit"]

_LOG = logging.getLogger(__name__)


class Edit(ABC):
    """An edit as a value: in force for the length of a block, stored in one file.

    A kind of edit says how it is applied, and which tensors hold all of it; its class stands in ``EDITS``.

    Attributes:
        format: Names the kind in files; another version has another name.
        mergeable: Whether the edited model is the unedited one with other weights, so that it can be
            written as a checkpoint.
        keys: Layer to the keys that were edited, ``(d_in, n)``, where the method finds keys; later edits
            may keep them.
        carried: What the method goes on from in a later edit, by names of its own; nothing for most.
        report: What the method has to say. JSON values.
    """

    format: ClassVar[str]
    mergeable: ClassVar[bool] = False
    keys: Mapping[int, Tensor] = MappingProxyType({})
    carried: Mapping[str, Tensor] = MappingProxyType({})
    report: Mapping[str, Any]

    @abstractmethod
    def applied(self, lm: LM, /) -> AbstractContextManager[LM]:
        """The model to ask while the edit is in force.

        It can be another value than ``lm``. When the block is left, ``lm`` is as it was, bit for bit, also
        after an exception. A model under other edits may be given: this one comes after them.

        Raises:
            EditError: The edit does not fit the model.
        """

    @abstractmethod
    def tensors(self) -> Mapping[str, Tensor]:
        """Everything but the report, by names that ``of`` knows again."""

    @classmethod
    @abstractmethod
    def of(cls, tensors: Mapping[str, Tensor], report: Mapping[str, Any], /) -> Self:
        """The edit of these tensors.

        Raises:
            KeyError: A tensor is missing.
            ValueError: A tensor that is no part of such an edit.
        """

    @property
    def kept(self) -> bool:
        """Whether it is small enough to stay stored once its questions are answered."""
        return True

    @property
    def replaces(self) -> bool:
        """Whether it sets weights to values of its own, so that edits in force before it would be undone."""
        return False

    def warn_of_another_model(self, lm: LM) -> None:
        """Say so where the edit was made for other weights than the model's; for ``applied``."""
        for one in self.report.get("edits", [self.report]):
            made, now = one.get("model_revision", UNPINNED), lm.revision
            if made != now and UNPINNED not in (made, now):
                _LOG.warning(
                    "the edit was made for %s at %s and is applied to %s at %s; its facts may not take",
                    plain(one.get("model")), plain(made), plain(lm.name), plain(now),
                )  # fmt: skip

    def deltas(self) -> Mapping[int, Factors] | None:
        """Layer to the change of its down-projection, if that is all that the edit does; else None.

        One pass can ask under many such edits, and each can be written as an adapter.
        """
        return None

    def neurons(self, lm: LM, /) -> Mapping[int, Tensor]:
        """How much each MLP neuron changes (Figure 7).

        Args:
            lm: The unedited model.

        Returns:
            Layer to the L2 norm of the change of all weights of each neuron, ``(d_ff,)``, of the layers
            whose MLP is changed, in order; nothing where no neuron is.

        Raises:
            EditError: The edit does not fit the model.
        """
        return {}

    def save(self, path: str | Path) -> None:
        """Write the edit as safetensors, atomically.

        Raises:
            EditError: The file cannot be written.
        """
        tensors = {name: tensor.contiguous() for name, tensor in self.tensors().items()}
        # One key only: safetensors writes several in random order, and equal edits must be equal files.
        head = {"format": self.format, "report": dict(self.report)}
        content = save(tensors, {"mlake": as_json(head)})
        try:
            write_atomic(Path(path), content)
        except OSError as error:
            raise EditError(f"cannot write the edit to {path}: {error}") from error

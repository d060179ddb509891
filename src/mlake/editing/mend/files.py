"""A trained editor on disk: one safetensors file with its network, and what it takes to go on training."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from mlake.disk import cache_dir, write_atomic
from mlake.editing.factors import checked
from mlake.editing.mend.gradients import Matrix, edited_matrices
from mlake.editing.mend.hypernet import GradientNetwork, Shape
from mlake.errors import EditError
from mlake.models.lm import LM, UNPINNED

__all__ = ["FORMAT", "TrainedFile", "command", "default_path", "untrained"]

FORMAT = "mlake-mend/1"
_NETWORK = "network."


@dataclass(frozen=True, eq=False)
class TrainedFile:
    """What a file holds.

    Attributes:
        head: Model, data, languages, settings and steps done; all that the numbers depend on.
        tensors: Parameters and statistics of the network (``network.…``), the optimiser's (``adam.…``).
        sha256: Hash of the file's bytes; empty before it is written.
    """

    head: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    sha256: str = ""

    @classmethod
    def read(cls, path: Path) -> "TrainedFile":
        """Read a file that ``write`` wrote.

        Raises:
            EditError: It cannot be read, or is something else.
        """
        try:
            content = path.read_bytes()
            tensors = load(content)
            size = int.from_bytes(content[:8], "little")
            head = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["mlake"])
            if head["format"] != FORMAT:
                raise ValueError(head["format"])
            _check(head, tensors)
        except OSError as error:
            raise EditError(f"cannot read the trained editor {path}: {error.strerror}") from error
        except (SafetensorError, LookupError, TypeError, ValueError):
            raise EditError(
                f"{path} is no trained editor of format {FORMAT}, or damaged; train it with mlake train mend"
            ) from None
        return cls(head, tensors, sha256(content).hexdigest())

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all.

        Raises:
            EditError: It cannot be written.
        """
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.tensors.items()}
        # One key only: safetensors writes several in random order, and equal editors must be equal files.
        content = save(tensors, {"mlake": json.dumps(self.head, sort_keys=True, ensure_ascii=False)})
        try:
            write_atomic(path, content)
        except OSError as error:
            raise EditError(f"cannot write the trained editor to {path}: {error.strerror}") from error

    @classmethod
    def of(cls, head: Mapping[str, Any], network: nn.Module, adam: Mapping[str, Tensor]) -> "TrainedFile":
        """A file of a network and its optimiser's state."""
        weights = {_NETWORK + name: value for name, value in network.state_dict().items()}
        return cls(head, weights | dict(adam))

    def weights(self) -> dict[str, Tensor]:
        """State of the network alone."""
        return {k.removeprefix(_NETWORK): v for k, v in self.tensors.items() if k.startswith(_NETWORK)}

    def network(self, lm: LM) -> tuple[tuple[Matrix, ...], GradientNetwork]:
        """The matrices of a model that are edited, and the network.

        Raises:
            EditError: The network is for another model.
        """
        pins = {"model_revision": lm.revision, "template": lm.style.template}
        if lm.revision == UNPINNED:
            pins["model"] = lm.name
        for key, has in pins.items():
            if self.head[key] != has:
                raise EditError(
                    f"the trained editor was made for {key.replace('_', ' ')} {self.head[key]!r}, this "
                    f"model has {has!r}; train one for it: {command(lm)}"
                )
        matrices = edited_matrices(lm)
        network = untrained(lm, matrices, rank=self.head["settings"]["rank"])
        try:
            network.load_state_dict(self.weights())
        except RuntimeError:
            raise EditError(
                f"the trained editor does not fit the matrices of {lm.name!r}; "
                f"train one for it: {command(lm)}"
            ) from None
        return matrices, network.eval().requires_grad_(False)


def _check(head: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Check the types of all that is read later.

    Raises:
        LookupError: Something is missing.
        ValueError: Something is of another type.
    """
    texts = [head[key] for key in ("model", "model_revision", "dtype", "template", "data", "data_sha256")]
    counts = [head["step"], head["settings"]["rank"], *head["facts"]]
    if not all(isinstance(one, str) for one in (*texts, *head["fact_ids"], *head["langs"])):
        raise ValueError("a text is none")
    if not all(type(one) is int and one >= 0 for one in counts) or len(head["facts"]) != 2:
        raise ValueError("a number is none")
    for name, tensor in tensors.items():
        if not name.endswith(".count"):  # whole numbers, of what the statistics are over
            checked(tensor)


def command(lm: LM) -> str:
    """The command that trains an editor for a model."""
    return f"mlake train mend --model {lm.name} --data mlake --facts 300:1072 --steps 500"


def default_path(lm: LM) -> Path:
    """Where ``mlake train mend`` writes and the method looks, unless told otherwise."""
    pin = [lm.revision, lm.style.template, *([lm.name] if lm.revision == UNPINNED else [])]
    return cache_dir() / "mend" / f"{sha256(json.dumps(pin).encode()).hexdigest()[:32]}.safetensors"


def untrained(
    lm: LM, matrices: tuple[Matrix, ...], *, rank: int, step: float = 1.0, seed: int = 0
) -> GradientNetwork:
    """A network that hands gradients through.

    Args:
        lm: The model.
        matrices: Its matrices that are edited.
        rank: Inner width of the network's layers.
        step: Step size, as a multiple of the root mean square of a matrix's weights.
        seed: Seed of the random weights.
    """
    sizes = [step * float(matrix.module.weight.double().square().mean().sqrt()) for matrix in matrices]  # type: ignore[operator]
    shapes = [Shape(matrix.d_out, matrix.d_in) for matrix in matrices]
    dtype = torch.float64 if lm.dtype == torch.float64 else torch.float32
    return GradientNetwork(shapes, sizes, rank=rank, seed=seed, dtype=dtype).to(lm.device)

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
from torch import Tensor

from mlake.disk import as_json, cache_dir, json_of, write_atomic
from mlake.editing.factors import checked
from mlake.editing.mend.gradients import Matrix, edited_matrices
from mlake.editing.mend.network import Network
from mlake.editing.mend.trial import Point
from mlake.errors import EditError
from mlake.models.lm import LM, UNPINNED

__all__ = ["TrainedFile", "command", "default_path"]

_NETWORK = "network."
_NEVER_NEGATIVE = (".count", ".spread", "/exp_avg_sq", "/step", ".multiplier", ".margin")


@dataclass(frozen=True, eq=False)
class TrainedFile:
    """What a file holds.

    Attributes:
        head: Model, data, languages, settings and steps done, all that the numbers depend on; and how good
            the editor was on the way (``Trainer.curve``), with the step at which it was best.
        tensors: Parameters and statistics of the best network (``network.…``) and of the last (``last.…``),
            and the optimiser's (``adam.…``).
        sha256: Hash of the file's bytes; empty before it is written.
    """

    head: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    sha256: str = ""

    @classmethod
    def read(cls, path: Path, kind: type[Network]) -> "TrainedFile":
        """Read a file that ``write`` wrote.

        Args:
            path: The file.
            kind: The network that it should hold.

        Raises:
            EditError: It cannot be read, or is something else.
        """
        try:
            content = path.read_bytes()
            tensors = load(content)
            size = int.from_bytes(content[:8], "little")
            head = json_of(json_of(content[8 : 8 + size])["__metadata__"]["mlake"])
            if head["format"] == kind.before:
                raise EditError(
                    f"{path} was trained by an earlier mlake, whose editor was another network; "
                    f"train again: mlake train {kind.method}"
                )
            if head["format"] != kind.format:
                raise ValueError(head["format"])
            _check(head, tensors, kind)
        except OSError as error:
            raise EditError(f"cannot read the trained editor {path}: {error.strerror}") from error
        except (SafetensorError, LookupError, TypeError, ValueError):
            raise EditError(
                f"{path} is no trained editor of format {kind.format}, or damaged; "
                f"train it with mlake train {kind.method}"
            ) from None
        return cls(head, tensors, sha256(content).hexdigest())

    @property
    def validation(self) -> dict[str, Any]:
        """Validation of the ``untrained`` editor and of the ``trained`` one; empty where none was made."""
        points = {point["step"]: point for point in self.head["curve"]}
        if not points:
            return {}
        return {"untrained": points[min(points)], "trained": points[self.head["best"]]}

    @property
    def told(self) -> str:
        """The validation in one line."""
        before, after = (self.validation.get(name) for name in ("untrained", "trained"))
        if before is None or after is None:
            return "never tried on facts that it was not trained on; train on more facts"
        return (
            f"best after {self.head['best']} steps; on facts not trained on, "
            f"{self.head['settings']['batch_size']} together: new answers {after['success']:.0%} "
            f"(untrained {before['success']:.0%}), unchanged tokens of other questions {after['kept']:.0%} "
            f"(untrained {before['kept']:.0%})"
        )

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all.

        Raises:
            EditError: It cannot be written.
        """
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.tensors.items()}
        # One key only: safetensors writes several in random order, and equal editors must be equal files.
        content = save(tensors, {"mlake": as_json(self.head)})
        try:
            write_atomic(path, content)
        except OSError as error:
            raise EditError(f"cannot write the trained editor to {path}: {error.strerror}") from error

    @classmethod
    def of(
        cls, head: Mapping[str, Any], best: Mapping[str, Tensor], state: Mapping[str, Tensor]
    ) -> "TrainedFile":
        """A file of the best network, and of what it takes to go on training."""
        weights = {_NETWORK + name: value for name, value in best.items()}
        return cls(head, weights | dict(state))

    def weights(self) -> dict[str, Tensor]:
        """State of the best network."""
        return {k.removeprefix(_NETWORK): v for k, v in self.tensors.items() if k.startswith(_NETWORK)}

    def state(self) -> dict[str, Tensor]:
        """What it takes to go on training."""
        return {k: v for k, v in self.tensors.items() if not k.startswith(_NETWORK)}

    def network(
        self, lm: LM, kind: type[Network], *, trained: bool = True
    ) -> tuple[tuple[Matrix, ...], Network]:
        """The matrices of a model that are edited, and the network.

        Args:
            lm: The model.
            kind: The network that the file holds.
            trained: Whether the network is the trained one, or the one that training started from, with the
                statistics of the trained one: it normalises the gradient and takes a step.

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
                    f"model has {has!r}; train one for it: {command(lm, kind)}"
                )
        matrices = edited_matrices(lm)
        network = kind.untrained(lm, matrices, kind.settings(**self.head["settings"]))
        kept = {} if trained else dict(network.named_parameters())
        try:
            network.load_state_dict({**self.weights(), **kept})
        except RuntimeError:
            raise EditError(
                f"the trained editor does not fit the matrices of {lm.name!r}; "
                f"train one for it: {command(lm, kind)}"
            ) from None
        return matrices, network.eval().requires_grad_(False)


def _check(head: Mapping[str, Any], tensors: Mapping[str, Tensor], kind: type[Network]) -> None:
    """Check the types of all that is read later.

    Raises:
        LookupError: Something is missing.
        TypeError: There is a setting of another network.
        ValueError: Something is of another type.
    """
    texts = [head[key] for key in ("model", "model_revision", "dtype", "template", "data", "data_sha256")]
    settings, curve = head["settings"], head["curve"]
    counts = [head["step"], head["best"], settings["rank"], settings["batch_size"], settings["seed"]]
    counts += [*head["facts"], *(point["step"] for point in curve)]
    kind.settings(**settings)
    numbers = [*settings.values(), *(point[name] for point in curve for name in Point._fields)]
    if not all(isinstance(one, str) for one in (*texts, *head["fact_ids"], *head["langs"])):
        raise ValueError("a text is none")
    if not all(type(one) is int and one >= 0 for one in counts) or len(head["facts"]) != 2:
        raise ValueError("a number is none")
    if curve and head["best"] not in [point["step"] for point in curve]:
        raise ValueError("the best step is none of the validated")
    if not all(type(one) in (int, float) for one in numbers) or not isinstance(curve, list):
        raise ValueError("a number is none")
    for name, tensor in tensors.items():
        if name.endswith(".count"):  # a whole number, of what the statistics are over
            if tensor.dtype != torch.int64 or tensor.ndim:
                raise ValueError("a count is no whole number")
        else:
            checked(tensor, finite=True)
        if name.endswith(_NEVER_NEGATIVE) and (tensor < 0).any():
            raise ValueError("a number that counts or is a square is negative")


def command(lm: LM, kind: type[Network]) -> str:
    """The command that trains an editor for a model."""
    return f"mlake train {kind.method} --model {lm.name} --data mlake --facts 300:1072"


def default_path(lm: LM, kind: type[Network]) -> Path:
    """Where ``mlake train`` writes and the method looks, unless told otherwise."""
    pin = [lm.revision, lm.style.template, *([lm.name] if lm.revision == UNPINNED else [])]
    return cache_dir() / kind.method / f"{sha256(json.dumps(pin).encode()).hexdigest()[:32]}.safetensors"

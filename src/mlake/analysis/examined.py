"""What runs store of every edit besides answers, read without a model.

``examined/<lang>/<batch>.safetensors`` holds ``neurons.<layer>``, the change of each neuron ``(d_ff,)``, and
``ability.<lang>``, a number for each held-out sentence.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from mlake.analysis.overlap import Changed
from mlake.analysis.store import held_out_row
from mlake.errors import RunError
from mlake.scorers.row import ScoredRow

__all__ = ["ability_scored", "changed_neurons"]

_NAME = re.compile(r"neurons\.(0|[1-9][0-9]{0,8})|ability\.[\w-]+")


def changed_neurons(run: Path) -> dict[str, dict[int, Changed]]:
    """Language to batch to the change of each neuron, of the edits of a run that change neurons.

    Raises:
        RunError: A file is damaged.
    """
    found: dict[str, dict[int, Changed]] = {}
    for lang, batch, tensors in _read(run):
        layers = {int(layer): values for layer, values in _part(tensors, "neurons").items()}
        if layers:
            found.setdefault(lang, {})[batch] = dict(sorted(layers.items()))
    return found


def ability_scored(run: Path) -> list[ScoredRow]:
    """The ability kept by every edit of a run, as rows.

    Raises:
        RunError: A file is damaged.
    """
    return [
        held_out_row(edit, batch, lang, sentence, float(value))
        for edit, batch, tensors in _read(run)
        for lang, values in _part(tensors, "ability").items()
        for sentence, value in enumerate(values)
    ]


def _part(tensors: Mapping[str, NDArray[np.floating]], name: str) -> dict[str, NDArray[np.floating]]:
    return {key.removeprefix(f"{name}."): one for key, one in tensors.items() if key.startswith(f"{name}.")}


def _read(run: Path) -> Iterator[tuple[str, int, dict[str, NDArray[np.floating]]]]:
    for path in sorted((run / "examined").glob("*/*.safetensors")):
        try:
            yield path.parent.name, int(path.stem), _checked(load_file(path))
        except (OSError, LookupError, ValueError, TypeError, SafetensorError) as error:
            raise RunError(f"{path} is damaged: {error}; delete the file and run again") from error


def _checked(tensors: dict[str, NDArray[np.floating]]) -> dict[str, NDArray[np.floating]]:
    """The tensors of a file.

    Raises:
        ValueError: One is no row of finite numbers, or has another name.
    """
    for name, values in tensors.items():
        if not _NAME.fullmatch(name) or values.ndim != 1 or values.dtype.kind != "f":
            raise ValueError(f"{name!r} is nothing that is measured")
        if not np.isfinite(values).all():
            raise ValueError(f"{name!r} holds NaN or infinity")
    return tensors

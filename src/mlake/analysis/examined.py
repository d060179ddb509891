"""What runs store of every edit besides answers, read without a model.

``examined/<lang>/<batch>.safetensors`` holds ``neurons.<layer>``, the change of each neuron ``(d_ff,)``, and
``ability.<lang>``, a number for each held-out sentence.
"""

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
            yield path.parent.name, int(path.stem), load_file(path)
        except (OSError, ValueError, SafetensorError) as error:
            raise RunError(f"{path} is damaged: {error}; delete the file and run again") from error

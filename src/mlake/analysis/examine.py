"""Measures every edit while it is at hand: how much each neuron changes, and the ability kept.

So edits that hold whole weights need not be kept. ``mlake.analysis.examined`` reads what is stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from mlake.analysis.examined import ability_scored
from mlake.analysis.perplexity import ability_rows, held_out_langs
from mlake.analysis.store import held_out_row, keep_rows, kept_path
from mlake.disk import write_atomic
from mlake.evaluation.store import read_run
from mlake.models.lm import LM

__all__ = ["Examined", "examine", "keep_ability"]

_ABILITY = "ability"


@dataclass(frozen=True, eq=False)
class Examined:
    """What was measured of an edit.

    Attributes:
        tensors: As stored.
    """

    tensors: Mapping[str, Tensor]

    def save(self, path: Path) -> None:
        """Write the tensors to one file, whole or not at all.

        Raises:
            OSError: It cannot be written; ``save_file`` of safetensors would raise an error of its own.
        """
        write_atomic(path, save(dict(self.tensors)))


def examine(lm: LM, edit: Any, langs: Sequence[str] | None = None) -> Examined:
    """Measure an edit.

    Args:
        lm: The unedited model.
        edit: The edit, not in force.
        langs: Languages of which those with held-out text are read; None for all.

    Raises:
        EditError: The edit does not fit the model.
    """
    tensors = {f"neurons.{layer}": norms.float() for layer, norms in edit.neurons(lm).items()}
    with edit.applied(lm) as edited:
        rows = ability_rows(edited, None, None, held_out_langs(langs))
    for lang in held_out_langs(langs):
        values = [row.nll for row in rows if row.test_lang == lang]
        tensors[f"ability.{lang}"] = torch.tensor(values, dtype=torch.float32)
    return Examined(tensors)


def keep_ability(lm: LM, run: Path) -> None:
    """Keep with a finished run how likely held-out text is, before any edit and under each; once.

    Args:
        lm: The unedited model.
        run: The run's folder.

    Raises:
        RunError: A file is damaged, or the folder cannot be written.
    """
    if kept_path(run, _ABILITY).exists():
        return
    langs = held_out_langs(read_run(run).spec["test_langs"])
    before = [
        held_out_row(None, None, row.test_lang, row.sentence, row.nll)
        for row in ability_rows(lm, None, None, langs)
    ]
    keep_rows(run, _ABILITY, {"languages": langs}, [*before, *ability_scored(run)])

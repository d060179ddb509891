"""Values on disk, of facts that are optimised side by side: what they depend on names their file.

A search edits the same facts again and again, and a run that was killed goes on where it was. A value
depends on the unedited model, the prompts, where it is written and how it is optimised, and on neither the
metric nor the ridge of the update.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from mlake.disk import json_of, write_atomic
from mlake.editing.locate.value import StepLoss, Values, ValueSettings
from mlake.editing.prompts import ValueTask
from mlake.folders import os_errors
from mlake.models.lm import LM

__all__ = ["ValueFiles", "keeping_values", "kept_values"]

_FORMAT = "values/2"


@dataclass
class ValueFiles:
    """A folder of values.

    Attributes:
        folder: The folder.
        made: How many values were optimised.
        found: How many of those that were asked for were there.
    """

    folder: Path
    made: int = 0
    found: int = 0


_FILES: ContextVar[ValueFiles | None] = ContextVar("files of values", default=None)


@contextmanager
def keeping_values(folder: Path) -> Iterator[ValueFiles]:
    """A block in which values of an unedited model are kept in a folder, and optimised only once."""
    files = ValueFiles(folder)
    token = _FILES.set(files)
    try:
        yield files
    finally:
        _FILES.reset(token)


def kept_values(
    lm: LM,
    where: tuple[int, str],
    settings: ValueSettings,
    progress: Callable[[int], object],
    tasks: Sequence[ValueTask],
    optimise: Callable[[], Values],
) -> Values:
    """Values of facts, from the folder that ``keeping_values`` named, if one is.

    Args:
        lm: The model, unedited.
        where: Block and site at which they are written.
        settings: How they are optimised.
        progress: Called with the number of facts where their values were there.
        tasks: The facts that are optimised side by side: what they are depends a little on each other in
            half precision.
        optimise: Optimises them.

    Raises:
        RunError: The folder cannot be written.
    """
    files = _FILES.get()
    if files is None:
        return optimise()
    path = files.folder / f"{_digest(lm, tasks, where, settings)}.safetensors"
    found = _read(path)
    if found is None:
        found = optimise()
        files.made += len(tasks)
        with os_errors(path):
            write_atomic(path, _bytes(found))
    else:
        files.found += len(tasks)
        progress(len(tasks))
        # Values of other chunks that are optimised now stand beside these.
        found = Values(found.target.to(lm.device), found.clean.to(lm.device), found.losses)
    return found


def _digest(lm: LM, tasks: Sequence[ValueTask], where: tuple[int, str], settings: ValueSettings) -> str:
    model = [lm.name, lm.revision, str(lm.dtype), lm.device.type]
    key = [_FORMAT, *model, [asdict(task) for task in tasks], *where, settings.told()]
    return sha256(json.dumps(key).encode()).hexdigest()[:32]


def _bytes(values: Values) -> bytes:
    # One tensor only: safetensors writes several in random order, and equal values must be equal files.
    both = torch.stack([values.target.cpu(), values.clean.cpu()])
    content: bytes = save({"values": both}, {"mlake": json.dumps({"losses": values.losses})})
    return content


def _read(path: Path) -> Values | None:
    """What is there; None where nothing is or it is damaged, to be made again."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            both, told = file.get_tensor("values"), json_of((file.metadata() or {})["mlake"])
        losses = tuple(tuple(StepLoss(*step) for step in fact) for fact in told["losses"])
        target, clean = both
        return Values(target, clean, losses) if len(target) == len(losses) else None
    except (SafetensorError, OSError, LookupError, TypeError, ValueError):
        return None

"""An editor for the facts of a reproduction: trained on those left over, unless it is there already."""

import hashlib
from pathlib import Path

from tqdm import tqdm

from mlake.editing.mend.network import Network
from mlake.editing.mend.training import Trainer
from mlake.errors import EditError
from mlake.models.lm import LM
from mlake.records import Benchmark

__all__ = ["file_in", "steps_for", "trained_on_the_rest"]

_STEPS = 500
_FEWEST = 100
_EDITS = 5000  # facts edited in training, with repeats
_LEAST = 50  # facts below which nothing general is learnt


def steps_for(batch_size: int) -> int:
    """Steps of training for batches of a size: fewer of large ones, which take longer."""
    return min(_STEPS, max(_FEWEST, _EDITS // batch_size))


def trained_on_the_rest(
    kind: type[Network], lm: LM, benchmark: Benchmark, facts: tuple[int, int], batch_size: int, out: Path
) -> Path:
    """The file of a trained editor; trained now if it is not there, going on where training was cut off.

    It is trained in all languages of the data set on the facts behind those that are edited, or else on
    those before them, in batches of the size that is edited: what is reported is never trained on.

    Args:
        kind: The editor's network.
        lm: The model.
        benchmark: The data set.
        facts: Start and stop of the facts that are edited.
        batch_size: How many of them are edited together.
        out: Folder for the file.

    Raises:
        EditError: Too few facts are left to train on.
    """
    path, steps = file_in(out, kind, lm, batch_size), steps_for(batch_size)
    left, settings = _left(kind, benchmark, facts), kind.settings(batch_size=batch_size)
    trainer = Trainer(lm, benchmark, facts=left, langs=benchmark.langs, settings=settings, kind=kind)
    if path.exists():
        trainer.resume(path)
    if trainer.step < steps:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tqdm(total=steps, initial=trainer.step, desc=f"training {kind.method}", unit="step") as bar:
            trainer.run(path, steps, lambda losses: bar.update())
    return path


def file_in(out: Path, kind: type[Network], lm: LM, batch_size: int) -> Path:
    """Where the trained editor of a model is, or will be."""
    pins = f"{lm.name} {lm.revision} {lm.style.template} {batch_size}"
    return out / kind.method / f"{hashlib.sha256(pins.encode()).hexdigest()[:16]}.safetensors"


def _left(kind: type[Network], benchmark: Benchmark, facts: tuple[int, int]) -> tuple[int, int]:
    start, stop = facts
    left = max(((stop, len(benchmark.facts)), (0, start)), key=lambda part: part[1] - part[0])
    if left[1] - left[0] < _LEAST:
        raise EditError(
            f"{kind.method} wants other facts to be trained on, and {left[1] - left[0]} are left besides "
            f"{start}:{stop}; edit fewer, or train on other data (mlake train "
            f"{kind.method} --data …) and give the file with --trained {kind.method}=FILE"
        )
    return left

"""An editor for the facts of a reproduction: trained on those left over, unless it is there already."""

import hashlib
from pathlib import Path

from tqdm import tqdm

from mlake.editing.mend.training import Trainer, TrainSettings
from mlake.errors import EditError
from mlake.models.lm import LM
from mlake.records import Benchmark

__all__ = ["STEPS", "file_in", "trained_on_the_rest"]

STEPS = 500
_LEAST = 50  # facts below which nothing general is learnt


def trained_on_the_rest(lm: LM, benchmark: Benchmark, facts: tuple[int, int], out: Path) -> Path:
    """The file of a trained editor; trained now if it is not there, going on where training was cut off.

    It is trained in all languages of the data set on the facts behind those that are edited, or else on
    those before them: what is reported is never trained on.

    Args:
        lm: The model.
        benchmark: The data set.
        facts: Start and stop of the facts that are edited.
        out: Folder for the file.

    Raises:
        EditError: Too few facts are left to train on.
    """
    path = file_in(out, lm)
    left = _left(benchmark, facts)
    trainer = Trainer(lm, benchmark, facts=left, langs=benchmark.langs, settings=TrainSettings())
    if path.exists():
        trainer.resume(path)
    if trainer.step < STEPS:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tqdm(total=STEPS, initial=trainer.step, desc="training mend", unit="step") as bar:
            trainer.run(path, STEPS, lambda losses: bar.update())
    return path


def file_in(out: Path, lm: LM) -> Path:
    """Where the trained editor of a model is, or will be."""
    name = hashlib.sha256(f"{lm.name} {lm.revision} {lm.style.template}".encode()).hexdigest()[:16]
    return out / "mend" / f"{name}.safetensors"


def _left(benchmark: Benchmark, facts: tuple[int, int]) -> tuple[int, int]:
    start, stop = facts
    left = max(((stop, len(benchmark.facts)), (0, start)), key=lambda part: part[1] - part[0])
    if left[1] - left[0] < _LEAST:
        raise EditError(
            f"MEND wants other facts to be trained on, and {left[1] - left[0]} are left besides "
            f"{start}:{stop}; edit fewer, or train on other data (mlake train mend --data …) and give the "
            "file with --trained mend=FILE"
        )
    return left

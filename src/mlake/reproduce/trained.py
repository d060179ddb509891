"""The trained network that MEND edits with: the user's own, or one trained here on the facts left over."""

import hashlib
from pathlib import Path

from tqdm import tqdm

from mlake.editing.mend.files import TrainedFile
from mlake.editing.mend.training import Trainer, TrainSettings
from mlake.errors import EditError
from mlake.evaluation.spec import parse_facts
from mlake.models.lm import LM
from mlake.records import Benchmark
from mlake.reproduce.options import Options

__all__ = ["STEPS", "mend_file", "trained_path"]

STEPS = 500
_LEAST = 50  # facts below which nothing general is learnt


def mend_file(lm: LM, benchmark: Benchmark, options: Options) -> Path:
    """The file of a trained editor; trained now if it is not there, going on where training was cut off.

    It is trained in all languages of the data set on the facts behind those that are edited, or else on
    those before them: what is reported is never trained on.

    Args:
        lm: The model.
        benchmark: The data set.
        options: The facts that are edited, and where files go.

    Raises:
        EditError: Too few facts are left to train on.
    """
    path = trained_path(lm, options)
    if options.mend is not None:
        return path
    facts = _left(benchmark, options.facts)
    trainer = Trainer(lm, benchmark, facts=facts, langs=benchmark.langs, settings=TrainSettings())
    if path.exists():
        trainer.restore(TrainedFile.read(path))
    if trainer.step < STEPS:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tqdm(total=STEPS, initial=trainer.step, desc="training mend", unit="step") as bar:
            trainer.run(path, STEPS, lambda losses: bar.update())
    return path


def trained_path(lm: LM, options: Options) -> Path:
    """Where the trained editor is, or will be."""
    name = hashlib.sha256(f"{lm.name} {lm.revision} {lm.style.template}".encode()).hexdigest()[:16]
    return options.mend or options.out / "mend" / f"{name}.safetensors"


def _left(benchmark: Benchmark, facts: str) -> tuple[int, int]:
    start, stop = parse_facts(facts, len(benchmark.facts))
    left = max(((stop, len(benchmark.facts)), (0, start)), key=lambda part: part[1] - part[0])
    if left[1] - left[0] < _LEAST:
        raise EditError(
            f"MEND wants other facts to be trained on, and {left[1] - left[0]} are left besides {facts}; "
            "edit fewer, or train on other data (mlake train mend --data …) and give the file with --mend"
        )
    return left

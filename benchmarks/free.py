"""Share of directions that AlphaEdit may change, by block, as JSON lines.

``python -m benchmarks.free --model PATH`` measures second moments of keys on the ``statements`` of a data
set, its first facts left out as a run that edits them would, and counts the directions that are free: those
whose eigenvalue is below an absolute threshold, as in AlphaEdit's code, and those of least energy that hold a
share of all of it together.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

import mlake
from mlake.data.ordinary import ordinary_text
from mlake.editing.locate.update import usage
from mlake.models.corpora import corpus
from mlake.models.moments import measured_moments

_THRESHOLDS = {"absolute": (0.02,), "energy": (0.001, 0.01, 0.02, 0.05, 0.1)}


def _rows(flags: argparse.Namespace) -> Iterator[dict[str, Any]]:
    lm = mlake.load_model(flags.model, dtype=flags.dtype)
    benchmark = mlake.load(flags.data, mirror=flags.mirror)
    text = ordinary_text(benchmark, benchmark.facts[: flags.facts])
    read = corpus(lm, "statements", tokens=flags.tokens, seed=flags.seed, text=text)
    yield {"model": lm.name, "dtype": str(lm.dtype), "data": benchmark.name, "tokens": read.tokens}
    for layer, moment in measured_moments(lm, flags.layers, read).items():
        values = torch.linalg.eigvalsh(moment.double())
        free = {
            unit: {str(one): round(float((usage(values, unit) < one).double().mean()), 4) for one in some}
            for unit, some in _THRESHOLDS.items()
        }
        yield {"layer": layer, "energy": round(float(values.sum()), 3), "free": free}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.free", description=__doc__)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--data", default="mlake")
    parser.add_argument("--mirror", type=Path)
    parser.add_argument("--facts", type=int, default=50)
    parser.add_argument("--tokens", type=int, default=12_000)
    parser.add_argument("--layers", type=int, nargs="+", default=[1, 3, 8, 14])
    parser.add_argument("--seed", type=int, default=0)
    for row in _rows(parser.parse_args(arguments)):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

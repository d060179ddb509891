"""``python -m benchmarks``: JSON lines, one a measurement; the first says what was measured on."""

import argparse
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

import mlake
from benchmarks import asking, edits, growth, matrix, moments, shares, value
from benchmarks.case import Case
from benchmarks.cost import Row
from benchmarks.machine import Floor, about
from benchmarks.shapes import SHAPES, about_weights, random_lm
from benchmarks.tokenizer import packaged, tokenizer_of
from mlake.errors import MlakeError
from mlake.models.lm import LM
from mlake.models.load import DTYPES

# As a run on a CPU, on a GPU: sequences that advance together, languages that are asked in one pass.
_CHAINS, _LANGS = (4, 16), (1, 5)


Measure = Callable[[Case, Mapping[str, Row]], Iterator[Row]]
"""Rows of a case; the second argument holds the rows printed before, by name."""

MEASURES: dict[str, Measure] = {
    "value": lambda case, _: value.value_step(case),
    "memit": lambda case, _: edits.memit(case),
    "rome": lambda case, _: edits.rome(case),
    "moments": lambda case, _: moments.second_moments(case),
    "answers": lambda case, _: asking.asking(case),
    "matrix": lambda _, rows: matrix.matrix(rows),
    "shares": lambda case, _: shares.shares(case),
    "growth": lambda case, _: growth.growth(case),
}
_NEEDED = {"matrix": ("memit", "answers")}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    shapes = " or ".join(SHAPES)
    parser.add_argument("--model", default="demo", help=f"a model, smollm2, or with random weights {shapes}")
    parser.add_argument("--dtype", choices=DTYPES, help="fp32; of random weights bf16")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--tokenizer", help="for random weights: folder, GGUF file or hub id; smollm2's")
    parser.add_argument("--layers", type=int, help="fewer layers, for random weights")
    parser.add_argument("--facts", type=int, default=100)
    parser.add_argument("--few", type=int, help="facts that the reference is timed on: 4; random weights 1")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--reference-steps", type=int, help="the rest is extrapolated: all; random weights 5")
    parser.add_argument("--questions", type=int, help="asked at a time: 198, on a GPU 990, as in a run")
    parser.add_argument("--chains", type=int, help="edits that advance together: 4, on a GPU 16, as in a run")
    parser.add_argument("--edits", type=int, default=2, help="facts of a chain")
    parser.add_argument("--only", default="", help=f"some of {','.join(MEASURES)}")
    return parser


def _flags(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The flags, those left out filled in as the model wants it."""
    parser = _parser()
    flags = parser.parse_args(arguments)
    random = flags.model in SHAPES
    flags.dtype = flags.dtype or ("bf16" if random else "fp32")
    flags.few = flags.few or (1 if random else 4)
    flags.reference_steps = flags.reference_steps or (5 if random else flags.steps)
    if flags.reference_steps < 2 <= flags.steps:
        parser.error("--reference-steps must be 2 or more: steps are extrapolated from their difference")
    if not random and (flags.layers or flags.tokenizer):
        parser.error(f"--layers and --tokenizer are for random weights: --model {' or '.join(SHAPES)}")
    if not random and flags.reference_steps < flags.steps:
        parser.error("--reference-steps is for random weights: a real model stops early")
    flags.only = _chosen(flags.only, parser)
    return flags


def _chosen(only: str, parser: argparse.ArgumentParser) -> list[str]:
    """Names of measures, what a measure needs before it."""
    names = only.split(",") if only else list(MEASURES)
    for name in names:
        if name not in MEASURES:
            parser.error(f"no measure {name!r}; there are {', '.join(MEASURES)}")
    return list(dict.fromkeys(one for name in names for one in (*_NEEDED.get(name, ()), name)))


def _loaded(flags: argparse.Namespace) -> LM:
    if flags.model in SHAPES:
        tokenizer = tokenizer_of(flags.tokenizer)
        where = {"dtype": flags.dtype, "device": flags.device, "layers": flags.layers}
        return random_lm(flags.model, tokenizer, **where)
    place = packaged() if flags.model == "smollm2" else flags.model
    return mlake.load_model(place, dtype=flags.dtype, device=flags.device)


def _case(lm: LM, flags: argparse.Namespace) -> Case:
    cuda = lm.device.type == "cuda"
    flags.chains = flags.chains or _CHAINS[cuda]
    flags.questions = flags.questions or matrix.A_TIME * _LANGS[cuda]
    names = ("facts", "few", "steps", "reference_steps", "questions", "chains", "edits")
    sizes = {name: getattr(flags, name) for name in names}
    return Case(lm, Floor.of(lm), random=flags.model in SHAPES, **sizes)


def _about(case: Case, flags: argparse.Namespace) -> Row:
    # Results are for others, who have other folders.
    short = vars(flags) | {"model": Path(flags.model).name}
    if flags.tokenizer:
        short["tokenizer"] = Path(flags.tokenizer).name
    more = about_weights(case.lm) if case.random else {}
    return {"name": "machine", **about(case.lm, case.floor), **more, "model": short["model"], "flags": short}


@contextmanager
def _new_cache() -> Iterator[None]:
    """An empty cache, so that second moments are measured and not recalled."""
    before = os.environ.get("MLAKE_CACHE")
    with TemporaryDirectory() as folder:
        os.environ["MLAKE_CACHE"] = folder
        try:
            yield
        finally:
            del os.environ["MLAKE_CACHE"]
            if before is not None:
                os.environ["MLAKE_CACHE"] = before


def main(arguments: Sequence[str] | None = None) -> None:
    flags = _flags(arguments)
    lm = _loaded(flags)
    case = _case(lm, flags)
    print(json.dumps(_about(case, flags)), flush=True)
    rows: dict[str, Row] = {}
    with _new_cache():
        for name in flags.only:
            for row in MEASURES[name](case, rows):
                rows[row["name"]] = row
                print(json.dumps({key: _rounded(one) for key, one in row.items()}), flush=True)
            if lm.device.type == "cuda":
                torch.cuda.empty_cache()


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    try:
        main()
    except MlakeError as error:
        raise SystemExit(f"error: {error}") from None

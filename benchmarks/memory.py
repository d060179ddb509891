"""``python -m benchmarks.memory``: how far the estimate of an edit's memory is from what it takes.

Prints a JSON line each: the estimate that a dry run gives, and the most bytes in use beyond those before.
Each is measured in a process of its own, since what one work frees the next may use.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from itertools import product
from typing import Any

import mlake
from benchmarks.cost import Row, measured
from benchmarks.facts import packaged as packaged_facts
from benchmarks.facts import statements
from benchmarks.tokenizer import packaged
from mlake.data.ordinary import ordinary_text
from mlake.editing.locate.method import LocateThenEdit
from mlake.evaluation.cost import memory_of

_EACH = product(("demo", "smollm2"), ("bf16", "fp32"), ("memit",), (1, 8, 32))


def one(model: str, dtype: str, name: str, facts: int) -> Row:
    """Estimate and measured peak of an edit of two steps of the value; later steps take no more."""
    lm = mlake.load_model(packaged() if model == "smollm2" else model, dtype=dtype, device="cpu")
    method: Any = mlake.editor(name, lm)
    if isinstance(method, LocateThenEdit):
        method = replace(method, value=replace(method.value, steps=2))
    text = ordinary_text(packaged_facts())
    method.edit(lm, statements(1), text=text)  # second moments are measured here
    before = measured(lambda: None, lm.device).peak or 0
    peak = measured(lambda: method.edit(lm, statements(facts), text=text), lm.device).peak or before
    estimate = memory_of(statements(facts), lm, method)
    return {
        "model": model, "dtype": dtype, "method": name, "facts": facts,
        "estimate_bytes": int(estimate), "measured_bytes": peak - before,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--one", nargs=4, help="model, data type, method and number of facts")
    flags = parser.parse_args()
    if flags.one:
        model, dtype, name, facts = flags.one
        print(json.dumps(one(model, dtype, name, int(facts))), flush=True)
        return
    for each in _EACH:
        command = [sys.executable, "-m", "benchmarks.memory", "--one", *map(str, each)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()

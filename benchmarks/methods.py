"""Seconds, peak memory and bytes of an edit by each method, as JSON lines.

``python -m benchmarks.methods`` edits the same facts of ``wikidata-5:test`` in one batch by each method, in a
process of its own. The first line says what was measured on. Seconds are those of the edit alone: second
moments are measured and values loaded before, as in a later batch of a run; what a method trains first is not
counted either.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.cost import measured
from benchmarks.machine import Floor, about
from mlake.cli.settings import setting, settings_of
from mlake.data import load
from mlake.data.ordinary import ordinary_text
from mlake.editing import EDITORS, editor
from mlake.models import load as load_model


def one(flags: argparse.Namespace) -> dict[str, Any]:
    """What an edit costs."""
    lm = load_model(flags.model, dtype="bf16")
    data = load("wikidata-5:test")
    facts = data.facts[: flags.facts]
    told = settings_of(map(setting, flags.set), no_subject=False, method=flags.one)
    method = editor(flags.one, lm, **told)
    text, stated = ordinary_text(data, facts), [fact.stated(flags.lang) for fact in facts]
    method.edit(lm, stated[:1], text=text)  # second moments are measured here
    seconds, edits = 0.0, []

    def work() -> None:
        nonlocal seconds
        start = perf_counter()
        edits.append(method.edit(lm, stated, text=text))
        seconds = perf_counter() - start

    before = measured(lambda: None, lm.device).peak or 0
    peak = measured(work, lm.device).peak or before
    with TemporaryDirectory() as folder:
        path = Path(folder) / "edit.safetensors"
        edits[0].save(path)
        size = path.stat().st_size
    return {
        "name": "edit", "method": flags.one, "editor": method.config(), "facts": flags.facts,
        "seconds": round(seconds, 2), "peak_bytes": peak - before, "edit_bytes": size,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.methods", description=__doc__)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--facts", type=int, default=100)
    parser.add_argument("--lang", default="en")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--methods", default=",".join(EDITORS))
    parser.add_argument("--one", help="the only method, in this process")
    flags = parser.parse_args()
    if flags.one:
        print(json.dumps(one(flags), ensure_ascii=False), flush=True)
        return
    lm = load_model(flags.model, dtype="bf16")
    print(json.dumps(about(lm, Floor.of(lm)), ensure_ascii=False), flush=True)
    shared = ["--model", flags.model, "--facts", str(flags.facts), "--lang", flags.lang]
    shared += [f"--set={one}" for one in flags.set]
    for name in flags.methods.split(","):
        command = [sys.executable, "-m", "benchmarks.methods", *shared, "--one", name]
        subprocess.run(command, check=False)


if __name__ == "__main__":
    main()

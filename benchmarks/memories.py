"""How well a memory tells what a question asks for, from a finished run, as JSON lines.

``python -m benchmarks.memories RUN --model demo`` asks the stored memory of a run for each of the run's
questions, without the model answering. For each language or set edited in: the share of questions about
edited facts that are shown their own fact, per language and kind, and of questions about others that are
shown none; and, from the stored answers, the share of those about others that are word for word what the
unedited model says, by whether they share a relation with the fact they belong to.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from mlake.editing import load_edit
from mlake.editing.edits.memory import Found, MemoryEdit
from mlake.evaluation.store import read_run
from mlake.models import load as load_model
from mlake.records import Asked, Probe
from mlake.scorers.drift import unchanged

_OWN = ("direct", "paraphrase")


def _edits(run: Path) -> Iterator[tuple[str, int, MemoryEdit]]:
    """Language, number of the batch and memory of each edit of a run."""
    for path in sorted((run / "edits").glob("*/*.safetensors")):
        edit = load_edit(path)
        if isinstance(edit, MemoryEdit):
            yield path.parent.name, int(path.stem), edit


def measured(run: Path, lm: Any) -> Iterator[dict[str, Any]]:
    """What a run's memories find, and what they leave alone, for each language or set edited in."""
    asked = [one for one in read_run(run).asked() if one.edit_lang is not None]
    shares: dict[str, dict[str, list[float]]] = {}
    for lang, batch, memory in _edits(run):
        found = shares.setdefault(lang, defaultdict(list))
        for one in asked:
            if (one.edit_lang, one.batch) == (lang, batch):
                _note(found, one, memory.found(lm, one.probe.text))
    for lang, found in shares.items():
        yield {
            "run": run.name,
            "edit_lang": lang,
            "shares": {name: round(fmean(values), 4) for name, values in sorted(found.items())},
            "n": {name: len(values) for name, values in sorted(found.items())},
        }


def _note(found: dict[str, list[float]], one: Asked, nearest: Found) -> None:
    if one.kind in _OWN:
        right = nearest.shown and nearest.entry.fact == one.probe.fact
        found[f"own fact shown: {one.kind} {one.probe.lang}"].append(float(right))
    elif one.kind == "locality":
        found["nothing shown: others"].append(float(not nearest.shown))
        same = unchanged(one)
        if same is not None:
            found[f"unchanged: others, {_relation(one.probe)}"].append(same)


def _relation(probe: Probe) -> str:
    """Whether a question about another fact has the relation of the fact that it belongs to."""
    own = str(probe.fact).rpartition("/")[2]
    return "same relation" if probe.triples and probe.triples[0].relation == own else "another relation"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memories", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--model", default="demo")
    flags = parser.parse_args()
    lm = load_model(flags.model, dtype="bf16")
    for run in flags.runs:
        for row in measured(run, lm):
            print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()

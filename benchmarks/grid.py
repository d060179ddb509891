"""Measures settings on a grid as ``mlake tune`` measures those that it tries, as JSON lines.

``python -m benchmarks.grid --grid ridge=1000,10000 --grid corpus_form=bare,asked --out FILE.jsonl`` edits
facts that no report uses once for each combination, and asks about all of them and of others. A line holds
the settings, a mark for each question by goal and language (``1`` where the answer is as it should be), the
rise of the negative log-likelihood of held-out text, and seconds. The first line says what was measured on.
Lines that are there are not measured again. ``--values DIR`` holds values that several grids share.
``--grid method=kn,grace`` tries several methods, one after another.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any, TextIO

from benchmarks.machine import Floor, about
from mlake.data import load
from mlake.data.ordinary import ordinary_text
from mlake.errors import MlakeError
from mlake.languages import in_order
from mlake.models import load as load_model
from mlake.tuning.bench import Bench
from mlake.tuning.questions import questions_of


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _axis(text: str) -> tuple[str, list[Any]]:
    """``ridge=1000,10000``; values that are lists are divided by semicolons: ``layers=[3];[8,9]``."""
    name, _, values = text.partition("=")
    return name, [_value(one) for one in values.split(";" if ";" in values or "[" in values else ",")]


def _bench(flags: argparse.Namespace) -> Bench:
    lm = load_model(flags.model, dtype=flags.dtype)
    data = load(flags.data)
    start, stop = flags.facts
    own, others = data.facts[start:stop], (*data.facts[:start], *data.facts[stop:])
    langs = in_order(data.langs if flags.test_lang == "all" else flags.test_lang.split(","))
    asked = questions_of(own, others, flags.edit_lang.split("+"), langs, seed=flags.seed)
    text = ordinary_text(data, asked.edited, (one.probe.text for one in asked.of_others()))
    fixed = {"settings": dict(pair for one in flags.set for pair in [_single(one)])}
    return Bench(
        lm, flags.method, fixed, asked, text, flags.batch_size, flags.seed, flags.max_new_tokens, flags.values
    )


def _single(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    return name, _value(value)


def _measured(bench: Bench, settings: dict[str, Any]) -> dict[str, Any]:
    start, own = perf_counter(), dict(settings)
    bench.method = own.pop("method", bench.method)
    try:
        found = bench.measured(own, len(bench.questions.edited), lambda: None)
    except MlakeError as error:
        return {"settings": settings, "failed": str(error)}
    shares = {goal: {lang: found.share(goal, lang) for lang in marks} for goal, marks in found.marks.items()}
    return {
        "settings": settings,
        "shares": shares,
        "marks": found.marks,
        "held_out": found.held_out,
        "seconds": round(perf_counter() - start, 1),
    }


def _wanted(axes: Sequence[tuple[str, list[Any]]]) -> Iterator[dict[str, Any]]:
    for values in product(*(values for _, values in axes)):
        yield dict(zip((name for name, _ in axes), values, strict=True))


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--method", default="memit")
    parser.add_argument("--data", default="wikidata-5:tuning")
    parser.add_argument("--facts", type=lambda text: tuple(map(int, text.split(":"))), default=(0, 100))
    parser.add_argument("--edit-lang", default="en")
    parser.add_argument("--test-lang", default="all")
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--max-new-tokens", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--grid", action="append", type=_axis, default=[])
    parser.add_argument("--values", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def main() -> None:
    """Measures what is not there yet."""
    flags = _flags()
    flags.method = ",".join(dict(flags.grid).get("method", [flags.method]))
    bench = _bench(flags)
    lines = flags.out.read_text(encoding="utf-8").splitlines() if flags.out.exists() else []
    known = [json.loads(line).get("settings") for line in lines]
    with flags.out.open("a", encoding="utf-8") as out:
        if not lines:
            _write(out, _about(bench, flags))
        for settings in _wanted(flags.grid):
            if settings not in known:
                row = _measured(bench, settings)
                _write(out, row)
                print(settings, row.get("shares", row.get("failed")), row.get("seconds"), file=sys.stderr)


def _about(bench: Bench, flags: argparse.Namespace) -> dict[str, Any]:
    names = ("method", "data", "facts", "edit_lang", "batch_size", "set", "max_new_tokens", "seed")
    langs = bench.questions.test_langs
    return {
        **about(bench.lm, Floor.of(bench.lm)),
        **{name: getattr(flags, name) for name in names},
        "others_known": {lang: sum(one.lang == lang for one in bench.known) for lang in langs},
    }


def _write(out: TextIO, row: dict[str, Any]) -> None:
    print(json.dumps(row, ensure_ascii=False), file=out, flush=True)


def table(path: Path, axes: Sequence[str]) -> str:
    """What a file of lines says, as Markdown: a row for each combination, intervals over facts left to marks.

    Args:
        path: File of lines.
        axes: Settings that were varied, in the order of their columns; what a line lacks is the default.
    """
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found = [row for row in rows if "shares" in row]
    own = list(found[0]["marks"]["own"]) if found else []
    named = [f"own language, {lang}" for lang in own] if len(own) > 1 else ["own language"]
    head = (*axes, *named, "rephrased", "other languages", "other facts kept", "held-out text")
    rules = ["---"] * len(axes) + ["---:"] * (len(head) - len(axes))
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(rules)} |"]
    for row in sorted(found, key=lambda row: [_order(row["settings"].get(name)) for name in axes]):
        values = [str(row["settings"].get(name, "default")) for name in axes]
        lines.append(f"| {' | '.join([*values, *_numbers(row)])} |")
    return "\n".join(lines) + "\n"


def _order(value: Any) -> tuple[bool, bool, Any]:
    return value is None, isinstance(value, str), value if value is not None else 0


def _numbers(row: Mapping[str, Any]) -> Iterator[str]:
    marks = row["marks"]
    yield from (_percent(one) for one in marks["own"].values())
    for goal in ("rephrased", "transfer", "kept"):
        yield _percent("".join(marks.get(goal, {}).values()))
    yield f"{fmean(row['held_out'].values()):+.3f}"


def _percent(marks: str) -> str:
    return f"{100 * marks.count('1') / len(marks):.0f}" if marks else "–"


if __name__ == "__main__":
    main()

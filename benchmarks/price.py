"""``python -m benchmarks.price``: what asking for an edit's price adds to it, a JSON line for each size.

Seconds are given by the clock and of the processor, all threads together: on a busy machine only the second
mean something. ``edit`` is the edit and its own questions before and after (``mlake edit --price none``),
without second moments, which are measured once. ``price`` is what the default asks besides; ``price_again``
the same where the unedited model's answers are known.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from shutil import rmtree
from time import perf_counter, process_time

import mlake
from benchmarks.cost import Row
from benchmarks.machine import Floor, about
from mlake.data.ordinary import ordinary_text
from mlake.disk import cache_dir
from mlake.editing.edits.edit import Edit
from mlake.models.lm import LM
from mlake.pricing.price import Unpriced
from mlake.pricing.questions import SOME, price_questions
from mlake.records import Fact

_LANG = "en"
_LONGEST = 32


class _Clock:
    """Seconds by the clock and of the processor since it was made."""

    def __init__(self) -> None:
        self.start = perf_counter(), process_time()

    def read(self) -> dict[str, float]:
        clock, processor = self.start
        return {"clock": round(perf_counter() - clock, 2), "processor": round(process_time() - processor, 2)}


def _asked(lm: LM, edit: Edit, facts: Sequence[Fact], many: int | None) -> int:
    """Ask before and after; the number of questions."""
    asking = price_questions(facts, _LANG, many)
    before = Unpriced.of(lm, _LANG, asking, max_new_tokens=_LONGEST)
    with edit.applied(lm) as edited:
        before.priced(edited)
    return len(asking.every)


def _forget() -> None:
    rmtree(cache_dir() / "answers", ignore_errors=True)


def priced(lm: LM, method: str, count: int) -> Row:
    """What an edit of so many packaged facts takes, and its price.

    Args:
        lm: The model.
        method: Name of the method.
        count: Facts edited together.
    """
    benchmark = mlake.load("mini")
    facts, text = benchmark.facts[:count], ordinary_text(benchmark)
    editor = mlake.editor(method, lm)
    editor.edit(lm, [facts[0].stated(_LANG)], text=text)  # second moments are measured here
    clock = _Clock()
    edit = editor.edit(lm, [fact.stated(_LANG) for fact in facts], text=text)
    edited = clock.read()

    def timed(many: int | None, before: Callable[[], object]) -> tuple[dict[str, float], int]:
        before()
        own = _Clock()
        asked = _asked(lm, edit, facts, many)
        return own.read(), asked

    own, _ = timed(0, _forget)
    first, asked = timed(SOME, _forget)
    again, _ = timed(SOME, lambda: None)
    return {
        "name": "price of an edit",
        "method": method,
        "facts": count,
        "questions": asked,
        "edit": {unit: round(edited[unit] + own[unit], 2) for unit in edited},
        "price": {unit: round(first[unit] - own[unit], 2) for unit in first},
        "price_again": {unit: round(again[unit] - own[unit], 2) for unit in again},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line that says what was measured on, then one for each number of facts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.price", description=__doc__)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--method", default="memit")
    parser.add_argument("--facts", type=int, nargs="+", default=[1, 10])
    flags = parser.parse_args(arguments)
    lm = mlake.load_model(flags.model)
    print(
        json.dumps({"name": "machine", **about(lm, Floor.of(lm))}),
        flush=True,
    )
    for count in flags.facts:
        print(json.dumps(priced(lm, flags.method, count)), flush=True)


if __name__ == "__main__":
    main()

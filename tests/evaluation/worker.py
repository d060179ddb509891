"""A whole run with fakes instead of a model. As a script it stops at a given event and waits to be killed."""

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import Engine, run
from mlake.evaluation.spec import RunSpec
from mlake.evaluation.store import Store
from mlake.records import Answer, Benchmark, Fact, Probe, Statement

LANGS = ("en", "de", "ja")
TEXT = {"en": "Who leads {}?", "de": "Wer führt {}?", "ja": "{}の長は誰ですか？"}


def probe(fact: str, kind: str, lang: str) -> Probe:
    return Probe(f"{fact}-{kind}-{lang}", fact, kind, lang, TEXT[lang].format(fact), (f"new {fact}",))


def make_fact(row: int, *, stated: Sequence[str] = LANGS, multihop: Sequence[str] = LANGS) -> Fact:
    name = f"f{row}"
    probes = [probe(name, "direct", lang) for lang in stated]
    probes += [probe(name, "multihop", lang) for lang in multihop]
    statements = {
        lang: Statement(name, lang, TEXT[lang].format(name), name, f"old {name}", f"new {name}")
        for lang in stated
    }
    return Fact(name, row, statements, tuple(probes))


def benchmark() -> Benchmark:
    """Seven facts; f2 has no German two-hop question, f4 is not stated in German."""
    facts = [make_fact(row) for row in range(7)]
    facts[2] = make_fact(2, multihop=("en", "ja"))
    facts[4] = make_fact(4, stated=("en", "ja"), multihop=("en", "ja"))
    return Benchmark("fake", "r1", "0" * 64, tuple(facts))


def make_spec(**changes: Any) -> RunSpec:
    settings: dict[str, Any] = {
        "model": "fake",
        "model_revision": "m1",
        "dtype": "float32",
        "template": "Q: {question}\nA:",
        "data": "fake",
        "data_revision": "r1",
        "data_sha256": "0" * 64,
        "facts": (0, 6),
        "method": "fake",
        "editor": {"steps": 25, "layers": [3]},
        "edit_langs": ("en", "de"),
        "test_langs": LANGS,
        "batch_size": 2,
        "locality": 2,
    }
    return RunSpec(**settings | changes)


class FakeEdit:
    """New answers by fact, and a random number that shows whether the generator was seeded."""

    def __init__(self, content: dict[str, Any], event: Callable[[str], None]):
        self.content = content
        self.event = event

    @contextmanager
    def applied(self, lm: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield lm | self.content

    def save(self, path: Path) -> None:
        text = json.dumps(self.content)
        half = path.with_name(f".tmp-{path.name}")
        half.write_text(text[: len(text) // 2])
        self.event("half an edit")
        half.write_text(text)
        half.replace(path)


class Fakes:
    """An editor and an answer function that tell of everything they are asked for."""

    def __init__(self, event: Callable[[str], None] = lambda name: None):
        self.event = event
        self.log: list[str] = []

    def engine(self) -> Engine:
        editing: Any = self
        return Engine({}, editing, self.answer, self.load_edit, random.seed)

    def load_edit(self, path: Path) -> FakeEdit:
        return FakeEdit(json.loads(path.read_text()), self.event)

    def edit(
        self, lm: Any, statements: Sequence[Statement], *, text: object, history: Any, progress: Any
    ) -> FakeEdit:
        self.log.append("edit " + " ".join(f"{one.fact}-{one.lang}" for one in statements))
        self.event("edit")
        return FakeEdit({one.question: f"{one.new} {random.random()}" for one in statements}, self.event)

    def answer(self, lm: Any, questions: Sequence[str], progress: Any) -> list[Answer]:
        self.log.append(f"answer {len(questions)}")
        self.event("answer")
        return [Answer(f"{lm.get(one, 'nobody 🤷 ' + one)} {random.random()}", True) for one in questions]


def stop_at(number: int) -> Callable[[str], None]:
    """An event handler that says it got there, and waits to be killed."""
    count = 0

    def event(name: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            print(f"at {number}: {name}", flush=True)
            time.sleep(600)

    return event


def main() -> None:
    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    event = stop_at(number)
    sync = os.fsync

    def watched(handle: int) -> None:
        event("before a sync")
        sync(handle)

    os.fsync = watched  # type: ignore[assignment]
    spec = make_spec(sequence=sys.argv[3]) if len(sys.argv) > 3 else make_spec()
    with Store.open(folder, spec) as store:
        run(make_plan(spec, benchmark()), store, Fakes(event).engine())
    print("done", flush=True)


if __name__ == "__main__":
    main()

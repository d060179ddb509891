"""Fakes in place of the data and of the method of ``mlake run``."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from mlake.errors import UnknownNameError
from mlake.records import Benchmark, Fact, Probe, Statement

QUESTIONS = {"en": "Who leads {}?", "ja": "{}の長は誰ですか？"}


def benchmark() -> Benchmark:
    facts = []
    for row in range(3):
        probes = [Probe(f"{row}-{lang}", f"f{row}", "direct", lang, text.format(row), ("x",))
                  for lang, text in QUESTIONS.items()]  # fmt: skip
        statements = {lang: Statement(f"f{row}", lang, text.format(row), str(row), "old", "new")
                      for lang, text in QUESTIONS.items()}  # fmt: skip
        facts.append(Fact(f"f{row}", row, statements, tuple(probes)))
    return Benchmark("fake", "r1", "0" * 64, tuple(facts), notes=("a note of the loader",))


class Edit:
    kept = True

    def deltas(self) -> dict[int, Any]:
        return {}

    def warn_of_another_model(self, lm: Any) -> None:
        return None

    def save(self, path: Path) -> None:
        path.write_text("edit")

    def applied(self, lm: Any) -> Any:
        return nullcontext(lm)


class Editor:
    name = "memit"
    sequential = False
    stackable = True
    only_asks = False

    def __init__(self, **overrides: Any):
        unknown = set(overrides) - {"steps", "layers", "site"}
        if unknown:
            raise UnknownNameError("setting of memit", unknown.pop(), ["steps", "layers", "site"])
        self.settings = {"steps": 25, "layers": [4, 5], "site": "subject"} | overrides

    def may_continue(self) -> None:
        pass

    def config(self) -> dict[str, Any]:
        return self.settings

    def needs_subject(self) -> bool:
        return False

    def refusal(self, lm: object, statement: object) -> None:
        return None

    def warning(self, facts: object) -> None:
        return None

    def edit(self, lm: Any, statements: Any, *, text: object, history: Any, progress: Any) -> Edit:
        return Edit()

    def edit_many(self, lm: Any, batches: Any, *, text: object, progress: Any) -> list[Edit]:
        return [Edit() for _ in batches]

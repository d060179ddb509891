"""Training of MEND's editor on five facts and a tiny model."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlake.editing.mend.training import Trainer, TrainSettings
from mlake.records import Benchmark, Fact, Probe, Statement

SETTINGS = TrainSettings(batch_size=3, others=2, rank=4, rate=3e-3, step=0.01, measured=2, validation=0)
LANGS = ("en", "de", "fr", "ja", "zh")


@pytest.fixture
def benchmark(statements: tuple[Statement, ...]) -> Benchmark:
    """Five facts, each in its language and in English; the first has another wording."""
    said = Probe("p0", "f0", "paraphrase", "en", "At what place did Sagan work?", ("BBC",))
    facts = [
        Fact(one.fact, row, {one.lang: one, "en": replace(one, lang="en")}, (said,) * (row == 0))
        for row, one in enumerate(statements)
    ]
    return Benchmark("five", "1", "0" * 64, tuple(facts))


@pytest.fixture
def trainer(tiny_lm: Any, benchmark: Benchmark) -> Callable[..., Trainer]:
    """``trainer(lm, **settings)``: training on all five facts in all languages."""

    def make(lm: Any = None, *, langs: Sequence[str] = LANGS, **settings: Any) -> Trainer:
        lm = lm or tiny_lm("llama", layers=4)
        return Trainer(lm, benchmark, facts=(0, 5), langs=langs, settings=replace(SETTINGS, **settings))

    return make


@pytest.fixture
def file(trainer: Callable[..., Trainer], tmp_path: Path) -> Path:
    """A trained editor."""
    trainer().run(tmp_path / "mend.safetensors", 4, lambda _: None)
    return tmp_path / "mend.safetensors"

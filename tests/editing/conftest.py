"""Facts for tiny models, in five languages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlake.records import Statement

STATEMENTS = (
    Statement(
        "f0", "en", "Where did Carl Sagan work?", "Carl Sagan", "Harvard", "BBC",
        new_sentence="Carl Sagan worked at BBC.",
    ),
    Statement(
        "f1", "de", "Wo wurde Jürgen Müller geboren?", "Jürgen Müller", "Köln", "Bonn am Rhein",
        new_sentence="Jürgen Müller wurde in Bonn am Rhein geboren.",
    ),
    Statement(
        "f2", "fr", "Où est né Balzac ?", "Balzac", "Tours", "Italie",
        new_sentence="Le pays de Balzac est l'Italie.",
    ),
    Statement(
        "f3", "ja", "フランスの首都は？", "フランス", "パリ", "東京",
        new_sentence="フランスの首都は東京です。",
    ),
    Statement(
        "f4", "zh", "法国的首都是？", "法国", "巴黎", "北京",
        new_sentence="法国的首都是北京。",
    ),
)  # fmt: skip


@pytest.fixture
def statements() -> tuple[Statement, ...]:
    """One fact in each language."""
    return STATEMENTS


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Key moments are cached in a folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MLAKE_CACHE", str(folder))
    return folder


@pytest.fixture
def state() -> Callable[[Any], Any]:
    """``state(lm)``: a copy of all weights; ``==`` of two compares bits."""
    import torch

    class State:
        def __init__(self, lm: Any) -> None:
            self.tensors = {name: t.detach().clone() for name, t in lm.model.state_dict().items()}

        def __eq__(self, other: object) -> bool:
            return isinstance(other, State) and all(
                torch.equal(t.view(torch.uint8), other.tensors[n].view(torch.uint8))
                for n, t in self.tensors.items()
                if t.ndim
            )

        __hash__ = None  # type: ignore[assignment]

    return State

"""What is measured of models that are not on the CPU, and a whole run with one."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.evaluation.worker import benchmark

from mlake.analysis.choices import ask_choices
from mlake.analysis.examine import examine
from mlake.analysis.perplexity import ability_rows, perplexity_rows
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.factors import Factors
from mlake.evaluation.session import Session, Settings
from mlake.records import Answer, Asked, Probe

from .conftest import Pair

pytestmark = pytest.mark.slow  # every operation of the pretend device is dispatched in Python

ANSWERS = ("Harvard University", "Die Stadt Köln", "東京", "")


def probe(number: int, lang: str, **more: Any) -> Probe:
    return Probe(f"p{number}", "f0", "direct", lang, "Where did Carl Sagan work?", ("A",), **more)


def asked() -> list[Asked]:
    probes = [probe(number, lang) for number, lang in enumerate(("en", "de", "ja", "en"))]
    return [
        Asked(None, None, "direct", one, Answer(text, True), None)
        for one, text in zip(probes, ANSWERS, strict=True)
    ]


def values(rows: Any, field: str) -> list[Any]:
    return [getattr(row, field) for row in rows]


def test_perplexity(pair: Pair) -> None:
    there, here = (values(perplexity_rows(lm, asked()), "value") for lm in pair)
    assert here[3] is there[3] is None and there[:3] == pytest.approx(here[:3], rel=1e-9)
    there, here = (values(ability_rows(lm, None, None, ["en", "zh"]), "nll") for lm in pair)
    assert len(here) == 24 and there == pytest.approx(here, rel=1e-9)


def test_choices(pair: Pair) -> None:
    probes = [probe(0, "en", options=("Rome", "Paris")), probe(1, "fr", options=("Lyon", "Tours", "Nice"))]
    there, here = (ask_choices(lm, probes) for lm in pair)
    assert there == here


def test_an_examined_edit(pair: Pair) -> None:
    random = torch.Generator().manual_seed(0)
    name = f"{pair.here.arch.layers}.3.{pair.here.arch.down}.weight"
    weight = pair.here.weight(3)
    left, right = (torch.randn(size, 2, generator=random, dtype=torch.float64) for size in weight.shape)
    for edit in (
        ParameterEdit({name: Factors(left, right)}),
        ParameterEdit(values={name: weight + left @ right.T}),
    ):
        there, here = (examine(lm, edit).tensors for lm in pair)
        assert "neurons.3" in here and there.keys() == here.keys()
        for key, tensor in here.items():
            torch.testing.assert_close(there[key], tensor, rtol=1e-5, atol=1e-6)
        one, other = (edit.neurons(lm)[3] for lm in pair)
        assert one == pytest.approx(other)


def test_a_run(pair: Pair, tmp_path: Path) -> None:
    settings = Settings(
        method="memit", editor={"layers": [3], "steps": 2, "contexts": 1}, edit_langs="en", facts="0:2",
        test_langs="en,ja", batch_size=1, locality=1, max_new_tokens=4,
    )  # fmt: skip
    told = []
    for name, lm in zip(("there", "here"), pair, strict=True):
        session = Session(lm, benchmark(), settings)
        session.carry_out(tmp_path / name, examine=lambda lm, edit, langs: edit, progress=False)
        folder = tmp_path / name / "answers"
        told.append({path.relative_to(folder): path.read_text() for path in folder.rglob("*.jsonl")})
    assert told[0] == told[1] and len(told[1]) > 4
    assert len(list((tmp_path / "there" / "edits").rglob("*.safetensors"))) == 2

"""Edits computed on models that are not on the CPU are those of the CPU, and leave nothing behind."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from benchmarks.reference import optimise_one_value
from torch import Tensor

from mlake.editing import EDITORS, editor, load_edit
from mlake.editing.locate import suffix
from mlake.editing.locate.value import ValueSettings, optimise_values
from mlake.editing.locate.value_files import keeping_values
from mlake.editing.mend.files import TrainedFile
from mlake.editing.mend.hypernet import GradientNetwork
from mlake.editing.mend.ke import ConditionedNetwork, KeSettings
from mlake.editing.mend.method import TrainedEditor
from mlake.editing.mend.network import Network
from mlake.editing.mend.training import Trainer, TrainSettings
from mlake.editing.mend.upper import Upper
from mlake.editing.prompts import prompted
from mlake.models.generate import answers
from mlake.records import Benchmark, Exchange, Fact, Statement

from .conftest import Pair

pytestmark = pytest.mark.slow  # every operation of the pretend device is dispatched in Python

TEXT = ("Some ordinary text.", "日本の首都は東京です。", "法国的首都是巴黎。", "Où est né Balzac ?")
TRAINED: dict[str, tuple[type[Network], type[TrainSettings]]] = {
    "mend": (GradientNetwork, TrainSettings),
    "ke": (ConditionedNetwork, KeSettings),
}
LOCATING: dict[str, dict[str, Any]] = {
    "rome": {"layers": [2], "contexts": 2},
    "r-rome": {"layers": [2], "contexts": 2},
    "emmet": {"layers": [2], "contexts": 2},
    "memit": {"layers": [1, 2], "contexts": 1},
    "alphaedit": {"layers": [1, 2], "contexts": 0, "null_threshold": 1e9, "preserve": 0.5},
    "pmet": {"layers": [1, 2], "contexts": 1},
    "langedit": {"layers": [1, 2], "contexts": 0, "null_threshold": 1e9},
}
GRADIENT: dict[str, dict[str, Any]] = {"ultraedit": {"rate": 1e-3}, "kn": {"points": 3, "contexts": 1}}
BESIDE: dict[str, dict[str, Any]] = {
    "grace": {"steps": 3},
    "t-patcher": {"steps": 3},
    "memoir": {"steps": 3},
    "calinet": {"epochs": 2},
    "babelreft": {},
    "ice": {},
    "ike": {"demonstrations": 1},
    "remake": {"retriever": "hidden", "scope": 0.5},
    "serac": {},
}
"""Methods that leave the weights as they are."""
SANDWICH: dict[str, Any] = {"layers": [2]}
TUNING: dict[str, Any] = {"texts": 2, "epochs": 2, "rate": 1e-3, "text_batch": 2}
QUESTION = "Where did Carl Sagan work?"


def method(name: str, lm: Any) -> Any:
    settings: dict[str, Any] = {"steps": 3} | LOCATING[name] | (SANDWICH if lm.arch.sandwich else {})
    return editor(name, lm, **settings)


def weights(lm: Any) -> dict[str, Tensor]:
    return {name: one.detach().cpu().clone() for name, one in lm.model.state_dict().items()}


def same_bits(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def changes(edit: Any) -> dict[Any, Tensor]:
    """What an edit adds or puts, by layer or name."""
    values = dict(getattr(edit, "values", {}))
    factors = edit.deltas() or edit.factors
    return values | {key: one.dense() for key, one in factors.items()}


def close(found: Any, expected: Any) -> None:
    assert changes(found).keys() == changes(expected).keys()
    for key, change in changes(expected).items():
        assert bool(change.any())
        torch.testing.assert_close(changes(found)[key].cpu(), change.cpu(), rtol=1e-6, atol=1e-9)


def elsewhere(report: Any) -> Any:
    """A report without the device that a writer of texts was on."""
    texts = report.get("texts", {})
    writer = {key: value for key, value in (texts.get("writer") or {}).items() if key != "device"}
    return {**report, "texts": {**texts, "writer": writer}}


def check(pair: Pair, found: Any, expected: Any, tmp_path: Path) -> None:
    """The same edit; put into force, kept and read again, it is the same; the weights come back."""
    close(found, expected)
    assert elsewhere(found.report) == elsewhere(expected.report)
    before = weights(pair.there)
    found.save(tmp_path / "edit.safetensors")
    kept = load_edit(tmp_path / "edit.safetensors")
    close(kept, expected)
    with found.applied(pair.there):
        after, said = weights(pair.there), answers(pair.there, [QUESTION], max_new_tokens=5)
    assert same_bits(weights(pair.there), before) and not same_bits(after, before)
    with kept.applied(pair.there):
        for name, weight in weights(pair.there).items():
            torch.testing.assert_close(weight, after[name], rtol=1e-9, atol=1e-9)
    with expected.applied(pair.here):
        assert said == answers(pair.here, [QUESTION], max_new_tokens=5)
        for name, weight in weights(pair.here).items():
            torch.testing.assert_close(after[name], weight, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", LOCATING)
def test_locate_then_edit(pair: Pair, name: str, statements: tuple[Statement, ...], tmp_path: Path) -> None:
    before = weights(pair.there)
    found, expected = (method(name, lm).edit(lm, statements[:2], text=TEXT) for lm in pair)
    assert same_bits(weights(pair.there), before)
    check(pair, found, expected, tmp_path)


def test_every_method_is_tried_here_or_named() -> None:
    alike = {"ft", "ft-l", "ft-last", "ft-m", "lora", "locft-bf"}  # rows of its class
    assert set(EDITORS) == {*LOCATING, *GRADIENT, *BESIDE, *TRAINED, "stableke", "stableke-lora", *alike}


@pytest.mark.parametrize("name", GRADIENT)
def test_gradient(pair: Pair, name: str, statements: tuple[Statement, ...], tmp_path: Path) -> None:
    before = weights(pair.there)
    found, expected = (editor(name, lm, **GRADIENT[name]).edit(lm, statements[:2]) for lm in pair)
    assert same_bits(weights(pair.there), before)
    check(pair, found, expected, tmp_path)


@pytest.mark.parametrize("name", BESIDE)
def test_beside_the_weights(pair: Pair, name: str, statements: tuple[Statement, ...], tmp_path: Path) -> None:
    before, asked = weights(pair.there), [one.question for one in statements[:3]]
    text = [
        Exchange(f"{word} {other}?", "Rome", lang, other, other)
        for lang, word in (("en", "Where is"), ("de", "Wo ist"))
        for other in ("Ada Bo", "Cy Dee", "Eve Fay", "Gus Hal")
    ]
    found, expected = (editor(name, lm, **BESIDE[name]).edit(lm, statements[:2], text=text) for lm in pair)
    found.save(tmp_path / "edit.safetensors")
    with expected.applied(pair.here) as here:
        said = answers(here, asked, max_new_tokens=5)
    for one in (found, load_edit(tmp_path / "edit.safetensors")):
        with one.applied(pair.there) as there:
            assert answers(there, asked, max_new_tokens=5) == said
    assert same_bits(weights(pair.there), before)


def test_chains(pair: Pair, statements: tuple[Statement, ...], tmp_path: Path) -> None:
    batches = [statements[:2], statements[2:3], statements[3:]]
    found, expected = (method("rome", lm).edit_many(lm, batches) for lm in pair)
    for one, other in zip(found, expected, strict=True):
        check(pair, one, other, tmp_path)


def test_earlier_edits_are_kept(pair: Pair, statements: tuple[Statement, ...], tmp_path: Path) -> None:
    found: list[Any] = []
    expected: list[Any] = []
    for lm, made in zip(pair, (found, expected), strict=True):
        alphaedit = method("alphaedit", lm)
        made.append(alphaedit.edit(lm, statements[:1], text=TEXT))
        with made[0].applied(lm):
            made.append(alphaedit.edit(lm, statements[1:2], text=TEXT, history=made[:1]))
    check(pair, found[0].then(found[1]), expected[0].then(expected[1]), tmp_path)


def test_moments_of_the_edited_model_and_of_its_own_text(
    pair: Pair, statements: tuple[Statement, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlake.models.sampled._ROWS", 2)
    monkeypatch.setattr("mlake.models.sampled._LENGTH", 20)
    settings = LOCATING["memit"] | {"moments": "edited", "corpus": "self", "corpus_tokens": 60, "steps": 2}
    if pair.here.arch.sandwich:
        settings |= SANDWICH
    close(*(editor("memit", lm, **settings).edit(lm, statements[:2], text=TEXT) for lm in pair))


@pytest.mark.parametrize(("layer", "site"), [(0, "block"), (2, "down"), (3, "down"), (3, "block")])
def test_values_at_any_layer(pair: Pair, layer: int, site: Any, statements: tuple[Statement, ...]) -> None:
    settings = ValueSettings(steps=3, stop=6.0)  # some facts stop before the others
    key: Any = "prompt" if layer == 3 else "subject"  # later tokens do not see the last block's value
    found, expected = (
        optimise_values(
            lm,
            [prompted(lm, one, kind="question", key=key, contexts=1).task for one in statements[:3]],
            layer=layer,
            site=site,
            settings=settings,
        )
        for lm in pair
    )
    assert [len(steps) for steps in found.losses] == [len(steps) for steps in expected.losses]
    torch.testing.assert_close(found.target.cpu(), expected.target, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(torch.tensor(found.losses[0]), torch.tensor(expected.losses[0]))


def test_values_on_disk_stand_beside_new_ones(
    pair: Pair, statements: tuple[Statement, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suffix, "chunk_budget", lambda _: 1)  # every fact is a chunk of its own
    memit = editor("memit", pair.there, layers=[1], steps=3, metric="identity")
    alone = memit.edit(pair.there, statements[:2])
    with keeping_values(tmp_path / "values") as files:
        memit.edit(pair.there, statements[:1])
        edit = memit.edit(pair.there, statements[:2])
    assert (files.made, files.found) == (2, 1)
    close(edit, alone)


def test_the_reference(pair: Pair, statements: tuple[Statement, ...]) -> None:
    found, expected = (
        optimise_one_value(
            lm,
            prompted(lm, statements[0], kind="question", key="subject", contexts=1).task,
            layer=2,
            site="down",
            settings=ValueSettings(steps=3),
        )[0]
        for lm in pair
    )
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-6, atol=1e-9)


@pytest.fixture
def benchmark(statements: tuple[Statement, ...]) -> Benchmark:
    """Five facts."""
    facts = [Fact(one.fact, row, {one.lang: one}) for row, one in enumerate(statements)]
    return Benchmark("five", "1", "0" * 64, tuple(facts))


@pytest.mark.parametrize("name", TRAINED)
def test_trained_editors(
    pair: Pair, name: str, statements: tuple[Statement, ...], benchmark: Benchmark, tmp_path: Path
) -> None:
    kind, chosen = TRAINED[name]
    settings = chosen(batch_size=2, others=1, rank=3, step=0.1, measured=1)
    made = []
    for number, lm in enumerate(pair):
        path = tmp_path / f"{number}.safetensors"
        trainer = Trainer(lm, benchmark, facts=(0, 5), langs=("en", "ja"), settings=settings, kind=kind)
        trainer.run(path, 2, lambda _: None)
        again = Trainer(lm, benchmark, facts=(0, 5), langs=("en", "ja"), settings=settings, kind=kind)
        again.restore(TrainedFile.read(path, kind))
        made.append(again.run(path, 3, lambda _: None))
    for one, tensor in made[1].tensors.items():
        torch.testing.assert_close(made[0].tensors[one], tensor, rtol=1e-6, atol=1e-9)
    trained = editor(name, pair.here, trained=str(path))
    assert isinstance(trained, TrainedEditor)
    check(pair, *(trained.edit(lm, statements[:2]) for lm in pair), tmp_path)
    check(pair, *(trained.edit_many(lm, [statements[:1]])[0] for lm in pair), tmp_path)


def test_the_upper_blocks_of_a_model_that_adds_positions(
    placed: Callable[..., Pair], statements: tuple[Statement, ...]
) -> None:
    pair = placed("gpt_neo", "split")
    prompt = prompted(pair.here, statements[0], kind="question", key="prompt", contexts=0).plain
    found, expected = (Upper.of(lm, 3, [prompt]).logs(lm) for lm in pair)
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["stableke", "stableke-lora"])
def test_stableke(pair: Pair, name: str, statements: tuple[Statement, ...], tmp_path: Path) -> None:
    before = weights(pair.there)
    found, expected = (editor(name, lm, **TUNING).edit(lm, statements[:2]) for lm in pair)
    assert same_bits(weights(pair.there), before)
    assert not any(one.requires_grad or one.grad is not None for one in pair.there.model.parameters())
    check(pair, found, expected, tmp_path)


@pytest.mark.parametrize("name", ["memit", "rome", "stableke", "stableke-lora"])
def test_half_precision(placed: Callable[..., Pair], name: str, statements: tuple[Statement, ...]) -> None:
    lm = placed("llama", "split", torch.bfloat16).there
    before = weights(lm)
    row = method(name, lm) if name in LOCATING else editor(name, lm, **TUNING)
    edit = row.edit(lm, statements[:2], text=TEXT)
    assert same_bits(weights(lm), before)
    assert all(bool(change.any()) and change.device.type == "cpu" for change in changes(edit).values())
    with edit.applied(lm):
        assert not same_bits(weights(lm), before)
    assert same_bits(weights(lm), before)

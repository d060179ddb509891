"""``--keep``: the edits of a run as adapters and checkpoints that other software loads."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from mlake import api
from mlake.cli import main
from mlake.editing import load_edit
from mlake.errors import EditError, MlakeError, RunError, UnknownNameError
from mlake.evaluation.forms import form_bytes
from mlake.evaluation.session import Session, Settings

from .worker import benchmark

QUICK: dict[str, Any] = {"layers": [1], "steps": 1, "contexts": 0, "corpus_tokens": 50}


def settings(method: str = "rome", **choices: Any) -> Settings:
    given: dict[str, Any] = {
        "editor": QUICK if method == "rome" else {}, "edit_langs": "en", "test_langs": "en", "facts": "2",
        "batch_size": 1, "kinds": ("direct",), "locality": 0, "max_new_tokens": 2,
    }  # fmt: skip
    return Settings(method=method, **{**given, **choices})


def kept(lm: Any, folder: Path, form: str | None, **choices: Any) -> Session:
    session = api.planned(lm, benchmark(), settings(**choices), keep=form)
    api.carry_out(session, folder, forced=False, progress=False, keep=form)
    return session


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))


def test_an_adapter_for_each_edit_within_the_size_that_was_told(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm("llama")
    session = kept(lm, tmp_path / "run", "peft")
    told = form_bytes("peft", session.plan, lm, session.method)  # type: ignore[arg-type]
    size = 0
    for step in session.plan.steps:
        edit = load_edit(tmp_path / "run/edits" / f"{step.name}.safetensors")
        ((layer, factors),) = (edit.deltas() or {}).items()
        place = tmp_path / "run/adapters" / step.name
        stored = load_file(place / "adapter_model.safetensors")
        name = f"base_model.model.model.layers.{layer}.mlp.down_proj.lora_B.weight"
        assert stored[name].equal(factors.left)
        assert json.loads((place / "adapter_config.json").read_text())["r"] == 1
        size += sum(one.numel() * one.element_size() for one in stored.values())
    assert len(session.plan.steps) == 2 and told == size


def test_a_checkpoint_for_each_edit_of_a_sequence_holds_those_before(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm("llama")
    session = kept(lm, tmp_path / "run", "merged", sequence="batches")
    first, second = (
        AutoModelForCausalLM.from_pretrained(tmp_path / "run/models" / step.name).get_parameter(
            "model.layers.1.mlp.down_proj.weight"
        )
        for step in session.plan.steps
    )
    edits = [load_edit(tmp_path / "run/edits" / f"{step.name}.safetensors") for step in session.plan.steps]
    with edits[0].applied(lm) as edited, edits[1].applied(edited):
        assert second.equal(lm.weight(1).to(second.dtype))
    assert not first.equal(second)
    assert not list((tmp_path / "run/models").rglob(".part-*"))
    weights = sum(one.numel() * one.element_size() for one in lm.model.parameters())
    assert form_bytes("merged", session.plan, lm, session.method) == 2 * weights  # type: ignore[arg-type]


def test_a_finished_run_can_be_kept_later_and_only_what_is_missing_is_written(
    tiny_lm: Any, tmp_path: Path
) -> None:
    lm = tiny_lm("llama")
    session = kept(lm, tmp_path / "run", None)
    assert not (tmp_path / "run/adapters").exists()
    first, second = (tmp_path / "run/adapters" / step.name for step in session.plan.steps)
    kept(lm, tmp_path / "run", "peft")
    marked = first / "adapter_config.json"
    marked.write_text("mine")
    for path in second.iterdir():
        path.unlink()
    second.rmdir()
    kept(lm, tmp_path / "run", "peft")
    assert marked.read_text() == "mine" and (second / "adapter_config.json").exists()
    second.joinpath("adapter_config.json").unlink()
    second.joinpath("adapter_model.safetensors").unlink()
    second.rmdir()
    (tmp_path / "run/edits" / f"{session.plan.steps[1].name}.safetensors").unlink()
    with pytest.raises(RunError, match=r"001\.safetensors is not stored"):
        kept(lm, tmp_path / "run", "peft")


@pytest.mark.parametrize(
    ("form", "choices", "message"),
    [
        ("lora", {}, "unknown form of kept edits 'lora'; known: merged, peft"),
        ("peft", {"method": "none"}, "--method none makes none"),
        ("peft", {"method": "ft"}, "not those of ft; take --keep merged"),
        ("merged", {"method": "ice"}, "stands beside them"),
        ("merged", {"method": "calinet"}, "stands beside them"),
        ("peft", {"method": "grace"}, "stands beside them"),
        ("peft", {"sequence": "batches"}, "come on top of others; take --keep merged"),
    ],
)
def test_what_cannot_be_kept_is_told_before_the_model_loads(
    form: str, choices: dict[str, Any], message: str
) -> None:
    with pytest.raises((EditError, UnknownNameError)) as caught:
        api.planned("no such model", benchmark(), settings(**choices), keep=form)
    assert message in str(caught.value) and isinstance(caught.value, MlakeError)


@pytest.mark.parametrize(
    ("form", "told"), [("peft", "edits as peft: 2, at most about 0.00"), ("merged", "models")]
)
def test_the_dry_run_says_how_large_they_will_be(
    tiny_lm: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str, told: str
) -> None:
    monkeypatch.setattr("mlake.models.load", lambda name, **_: tiny_lm("llama"))
    words = (
        "run --model tiny --data mini --method rome --facts 2 --batch-size 1 --edit-lang en --test-lang en"
    )
    more = ["--set", "layers=[1]", "--keep", form, "--dry-run", "--out", str(tmp_path / "out")]
    shown = CliRunner().invoke(main, [*words.split(), *more])
    assert shown.exit_code == 0, shown.output
    assert told in shown.stdout.splitlines()[-1]
    as_json = json.loads(CliRunner().invoke(main, [*words.split(), *more, "--json"]).stdout)
    assert as_json["keep"] == form and as_json["bytes_kept"] > 0
    assert not (tmp_path / "out").exists()

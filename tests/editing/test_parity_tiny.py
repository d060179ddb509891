"""Updates that EasyEdit computed for tiny random models, and the preset ``easyedit`` given its prefixes."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from mlake.editing import editor
from mlake.records import Statement

RECORDED = Path(__file__).parent / "parity"


@cache
def recorded() -> tuple[dict[str, Any], dict[str, Tensor]]:
    return json.loads((RECORDED / "tiny.json").read_text("utf-8")), load_file(RECORDED / "tiny.safetensors")


def facts() -> list[Statement]:
    found = []
    for one in recorded()[0]["requests"]:
        question = one["prompt"].format(one["subject"])
        found.append(Statement(str(one["case_id"]), "en", question, one["subject"], "", one["target_new"]))
    return found


def method_of(lm: Any, family: str, name: str, path: Path) -> Any:
    """The preset with the recorded run's prefixes, text and numbers."""
    told, _ = recorded()
    (run,) = [one for one in told["runs"] if one["key"] == f"{family}.{name}"]
    theirs = run["hparams"]
    path.write_text("".join(f"{line}\n" for line in told["text"]), encoding="utf-8")
    settings: dict[str, Any] = {
        "contexts": run["contexts"],
        "layers": theirs["layers"],
        "steps": theirs["v_num_grad_steps"],
        "rate": theirs["v_lr"],
        "decay": theirs["v_weight_decay"],
        "clamp": theirs["clamp_norm_factor"],
        "kl": theirs["kl_factor"],
        "corpus": f"file:{path}",
    }
    if name == "memit":
        settings["ridge"] = theirs["mom2_update_weight"]
    if name == "emmet":
        settings["ridge"] = theirs["emmet_lambda"] * theirs["mom2_update_weight"]
    if name == "alphaedit":
        settings |= {"ridge": theirs["L2"], "null_threshold": theirs["nullspace_threshold"]}
    return editor(name, lm, like="easyedit", **settings)


def alike(found: Tensor, key: str) -> None:
    expected = recorded()[1][key].double()
    assert float((found.double() - expected).norm() / expected.norm()) < 1e-4, key


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("name", ["rome", "r-rome"])
def test_one_fact_with_twenty_prefixes(tiny_lm: Any, family: str, name: str, tmp_path: Path) -> None:
    lm = tiny_lm(family)
    method = method_of(lm, family, name, tmp_path / "text")
    assert method.prompts() == 21
    for number, fact in enumerate(facts()):
        alike(method.edit(lm, [fact]).factors[1].dense(), f"{family}.{name}.{number}")


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("name", ["memit", "emmet"])
def test_a_batch(tiny_lm: Any, family: str, name: str, tmp_path: Path) -> None:
    lm = tiny_lm(family)
    edit = method_of(lm, family, name, tmp_path / "text").edit(lm, facts())
    for layer, factors in edit.factors.items():
        alike(factors.dense(), f"{family}.{name}.0.L{layer}")


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_alphaedit_in_two_batches(tiny_lm: Any, family: str, tmp_path: Path) -> None:
    """The second batch keeps the keys of the first."""
    lm, (first, second, third) = tiny_lm(family), facts()
    method = method_of(lm, family, "alphaedit", tmp_path / "text")
    one = method.edit(lm, [first, second])
    assert set(one.report["free"]) == {"0", "1"} and all(0 < s < 1 for s in one.report["free"].values())
    with one.applied(lm):
        two = method.edit(lm, [third], history=[one])
    for batch, edit in enumerate((one, two)):
        for layer, factors in edit.factors.items():
            alike(factors.dense(), f"{family}.alphaedit.{batch}.L{layer}")


def test_what_was_recorded_is_not_what_our_defaults_do(tiny_lm: Any) -> None:
    """The comparison can fail: without the preset the same facts give other updates."""
    lm = tiny_lm("llama")
    ours: Any = editor("rome", lm, layers=[1], steps=6)
    found = ours.edit(lm, facts()[:1]).factors[1].dense()
    expected = recorded()[1]["llama.rome.0"].double()
    assert float(torch.cosine_similarity(found.flatten(), expected.flatten(), dim=0)) < 0.9

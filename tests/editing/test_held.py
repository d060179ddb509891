"""What is computed once for all batches: how often, for how long, and that it changes no number."""

import gc
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
import torch
from torch import nn

from mlake.editing import editor
from mlake.editing.locate import metric_cache, metrics, update
from mlake.editing.locate.metric_cache import Held, solving_device
from mlake.editing.locate.update import Identity

TEXT = ("The capital of France is Paris.", "フランスの首都", "法国的首都是巴黎。", "Q: Wo? A: Köln", "Où ?")
FAST = {"layers": [0, 1], "steps": 2, "contexts": 0, "null_threshold": 1e-3}


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Held]:
    """``forget()``: nothing is held any more; the new store."""

    def new() -> Held:
        store = Held()
        monkeypatch.setattr(metrics, "HELD", store)
        return store

    new()
    return new


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a matrix of the models' 80 key dimensions was factorised, decomposed or read from disk."""
    counts: Counter[str] = Counter()

    def counted(name: str, run: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **flags: Any) -> Any:
            counts[name] += getattr(args[0], "shape", [80])[0] == 80
            return run(*args, **flags)

        return wrapped

    for name in ("cholesky_ex", "eigh"):
        monkeypatch.setattr(torch.linalg, name, counted(name, getattr(torch.linalg, name)))
    monkeypatch.setattr(metrics, "key_moments", counted("moments", metrics.key_moments))
    return counts


def same(one: Any, other: Any) -> bool:
    pairs = zip(one.factors.values(), other.factors.values(), strict=True)
    return all(torch.equal(a, b) for mine, theirs in pairs for a, b in zip(mine, theirs, strict=True))


@pytest.mark.parametrize(("name", "call"), [("memit", "cholesky_ex"), ("alphaedit", "eigh")])
def test_batches_share_a_factor(
    tiny_lm: Any, statements: Any, work: Any, forget: Any, name: str, call: str
) -> None:
    lm = tiny_lm("llama")
    method = editor(name, lm, **FAST)
    first = method.edit(lm, statements[:2], text=TEXT)
    assert (work[call], work["moments"]) == (2, 1)
    later = method.edit(lm, statements[2:], text=TEXT)
    again = method.edit(lm, statements[:2], text=TEXT)
    assert (work[call], work["moments"]) == (2, 1)
    forget()
    assert same(again, first) and same(later, method.edit(lm, statements[2:], text=TEXT))
    assert (work[call], work["moments"]) == (4, 2)


def test_facts_one_after_another_share_a_factor(tiny_lm: Any, statements: Any, work: Any) -> None:
    lm = tiny_lm("llama")
    editor("rome", lm, **FAST, metric="moment").edit(lm, statements, text=TEXT)
    assert work["cholesky_ex"] == 2


def test_methods_of_one_moment_share_a_factor(tiny_lm: Any, statements: Any, work: Any) -> None:
    lm = tiny_lm("gpt2")
    for settings in ({"ridge": 15.0}, {"ridge": 30.0, "key_mean": "all"}, {"ridge": 0.0}):
        editor("memit", lm, **FAST, **settings).edit(lm, statements[:1], text=TEXT)
    editor("emmet", lm, **FAST).edit(lm, statements[:1], text=TEXT)
    assert work["cholesky_ex"] == 2


def test_everything_else_has_a_factor_of_its_own(tiny_lm: Any, statements: Any, work: Any) -> None:
    lm = tiny_lm("llama")
    method = editor("memit", lm, **FAST)
    expected = []
    for other in (lm, replace(lm, revision="b"), tiny_lm("qwen2")):
        expected.append(method.edit(other, statements, text=TEXT))
    expected.append(method.edit(lm, statements, text=TEXT[:2]))
    assert work["cholesky_ex"] == 8
    assert not same(expected[0], expected[2]) and not same(expected[0], expected[3])
    lm.model.to(torch.bfloat16)
    method.edit(lm, statements, text=TEXT[:2])
    assert work["cholesky_ex"] == 10


def test_thresholds_have_spaces_of_their_own(tiny_lm: Any, statements: Any, work: Any) -> None:
    lm = tiny_lm("llama")
    for threshold in (1e-3, 1e-2, 1e-2):
        editor("alphaedit", lm, **FAST | {"null_threshold": threshold}).edit(lm, statements, text=TEXT)
    assert work["eigh"] == 4


def test_moments_of_an_edited_model_are_not_held(tiny_lm: Any, statements: Any, work: Any) -> None:
    lm = tiny_lm("llama")
    method = editor("memit", lm, **FAST, moments="edited")
    assert same(method.edit(lm, statements, text=TEXT), method.edit(lm, statements, text=TEXT))
    assert work["cholesky_ex"] == 4


@pytest.mark.parametrize("ridge", [1000.0, 1e-2])
def test_prompt_keys_beside_the_factor(
    tiny_lm: Any, statements: Any, work: Any, monkeypatch: Any, ridge: float
) -> None:
    lm = tiny_lm("llama")
    method = editor("memit", lm, **FAST, preserve=0.3, ridge=ridge)
    few = method.edit(lm, statements[:2], text=TEXT)  # two prompts of some 20 tokens
    assert same(few, method.edit(lm, statements[:2], text=TEXT))
    assert work["cholesky_ex"] == 2
    monkeypatch.setattr(update.Keeping, "pays", lambda width, count: False)
    for layer, factors in method.edit(lm, statements[:2], text=TEXT).factors.items():
        torch.testing.assert_close(factors.dense(), few.factors[layer].dense(), rtol=1e-6, atol=1e-8)
    assert work["cholesky_ex"] == 4


@pytest.mark.parametrize("why", ["many keys", "steep moment"])
def test_prompt_keys_in_a_factor_of_their_own(
    tiny_lm: Any, statements: Any, work: Any, monkeypatch: Any, why: str
) -> None:
    lm = tiny_lm("llama")
    if why == "steep moment":
        monkeypatch.setattr(update, "_SOUND", 0.0)
    method = editor("memit", lm, **FAST | {"layers": [1]}, preserve=0.3, ridge=1000.0)
    facts = statements if why == "many keys" else statements[:1]
    for batches in (1, 2):
        method.edit(lm, facts, text=TEXT)
        assert work["cholesky_ex"] == (batches if why == "many keys" else 1 + batches)


def test_history_is_gone_through_once(tiny_lm: Any, statements: Any, work: Any, forget: Any) -> None:
    lm = tiny_lm("llama")
    method = editor("alphaedit", lm, **FAST)
    history: list[Any] = []
    for statement in statements:
        history.append(method.edit(lm, [statement], text=TEXT, history=history))
    assert work["eigh"] == 2
    (space, *_) = metrics.HELD._models[lm.model].values()
    assert space.past.shape == (80, 4)
    forget()
    alone = method.edit(lm, statements[4:], text=TEXT, history=history[:4])
    for layer, factors in history[4].factors.items():
        torch.testing.assert_close(factors.dense(), alone.factors[layer].dense(), rtol=1e-5, atol=1e-7)


def test_moments_under_an_edit_are_never_taken_for_the_models(
    tiny_lm: Any, statements: Any, cache: Path
) -> None:
    lm = tiny_lm("llama")
    first = editor("rome", lm, layers=[0], steps=2, contexts=0).edit(lm, statements[:1])
    with first.applied(lm):
        method = editor("alphaedit", lm, **FAST)
        method.edit(lm, statements[3:4], text=TEXT, history=[first])
    assert not list(cache.rglob("*.safetensors"))
    assert lm.model not in metrics.HELD._models


def test_null_space_with_prompt_keys(tiny_lm: Any, statements: Any, work: Any) -> None:
    lm = tiny_lm("llama")
    method = editor("alphaedit", lm, **FAST, preserve=0.3)
    assert same(method.edit(lm, statements[:1], text=TEXT), method.edit(lm, statements[:1], text=TEXT))
    assert work["eigh"] == 4 and lm.model not in metrics.HELD._models


def test_no_more_than_there_is_room_for() -> None:
    kept, model, made = Held(), nn.Linear(1, 1), []

    def get(key: str, room: int) -> Identity:
        def make() -> Identity:
            made.append((key, len(kept._models[model])))
            return Identity()

        return kept.get(model, key, make, room=room)

    first = get("a", 2)
    get("b", 2)
    assert get("a", 2) is first
    get("c", 2)  # b was used least recently
    assert get("a", 2) is first and kept.has(model, ["a", "c"]) and not kept.has(model, ["a", "b"])
    assert made == [("a", 0), ("b", 1), ("c", 1)]  # room was made before
    get("d", 1)
    assert kept.has(model, ["d"]) and not kept.has(model, ["a"])


def test_metrics_go_with_their_model() -> None:
    kept, one, other = Held(), nn.Linear(1, 1), nn.Linear(1, 1)
    first = kept.get(one, "key", Identity, room=5)
    assert kept.get(other, "key", Identity, room=5) is not first
    assert not kept.has(one, ["key"])
    metric = ref(kept.get(one, "key", Identity, room=5))
    assert metric() is not None
    del one
    gc.collect()
    assert metric() is None


def test_what_fails_is_not_held() -> None:
    kept, model = Held(), nn.Linear(1, 1)
    with pytest.raises(KeyboardInterrupt):
        kept.get(model, "key", _interrupted, room=1)
    assert not kept.has(model, ["key"])


def _interrupted() -> Identity:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("free", "expected"), [(5 * 969_408_512, "cuda"), (5 * 969_408_512 - 1, "cpu")])
def test_the_device_needs_room(monkeypatch: pytest.MonkeyPatch, free: int, expected: str) -> None:
    monkeypatch.setattr(metric_cache.torch.cuda, "mem_get_info", lambda device: (free, 2**36))
    assert solving_device(torch.device("cuda", 0), 11008).type == expected
    for name in ("cpu", "mps"):
        assert solving_device(torch.device(name), 11008).type == "cpu"

"""Values: the fast batched optimisation against the obvious one, and its parts by themselves."""

from typing import Any

import pytest
import torch
from benchmarks.reference import optimise_one_value

from mlake.editing.locate import suffix
from mlake.editing.locate.value import ValueSettings, _Adam, optimise_values
from mlake.editing.prompts import ValueTask
from mlake.errors import EditError
from mlake.models.spans import Encoded, encode

# Text before the subject, subject, rest of the prompt, target, essence prompt, context prefixes.
PROMPTS = (
    ("Q: Which university was it that educated ", "Jürgen Müller", "? A:", " Köln", "Jürgen Müller is a",
     ("The country's capital. ", "Q: A long list of cities, they said. ")),
    ("", "Paris", " is", " a city", None, ()),
    ("Q: フランスの首都", "東京", "は", "日本", "東京は", ("日本の首都。",)),
    ("", "法国", "的首都是", "北京", "法国是", ("首都。", "中国的首都是哪里，日本的首都是哪里？")),
    ("", "Q", ":", " é", None, ("A ",)),
)  # fmt: skip
ROUGH = {"gemma2", "gpt_neo", "gptj"}  # their attention scores are float32 whatever the weights are


def tasks(lm: Any, *, last: bool = False) -> list[ValueTask]:
    """The facts; ``last`` keys them at the prompt's last token, the only one that a last block can use."""
    out = []
    for before, subject, rest, target, essence, contexts in PROMPTS:
        prompts = tuple(
            encode(
                lm,
                context + before + subject + rest,
                target=target,
                subject_end=None if last else len(context + before + subject),
                special=bool(before),
            )
            for context in ("", *contexts)
        )
        end = None if last else len(subject)
        asked = encode(lm, essence, subject_end=end) if essence else None
        out.append(ValueTask(prompts, asked))
    return out


def check(
    lm: Any, settings: ValueSettings, *, site: Any, layer: int, tolerance: float = 1e-9, last: bool = False
) -> Any:
    """Hold the two implementations together; returns the fast one's result."""
    facts = tasks(lm, last=last)
    values = optimise_values(lm, facts, layer=layer, site=site, settings=settings)
    for index, fact in enumerate(facts):
        target, clean, losses = optimise_one_value(lm, fact, layer=layer, site=site, settings=settings)
        close = {"rtol": tolerance, "atol": tolerance}
        torch.testing.assert_close(values.clean[index], clean, **close)
        torch.testing.assert_close(torch.tensor(values.losses[index]), torch.tensor(losses), **close)
        torch.testing.assert_close(values.target[index], target, **close)
    return values


@pytest.mark.parametrize("site", ["down", "block"])
def test_suffix_only_is_whole_sequence(tiny_lm: Any, family: str, site: str) -> None:
    lm = tiny_lm(family)
    facts = tasks(lm)
    lookups = [p.lookup for fact in facts for p in fact.prompts]
    assert 0 in lookups and max(lookups) > 16  # an empty prefix, and one of twice the sliding windows
    assert len({len(p.ids) - p.lookup for fact in facts for p in fact.prompts}) > 2
    assert {p.target for fact in facts for p in fact.prompts} >= {1, 2, 4}
    check(lm, ValueSettings(steps=3, stop=0), site=site, layer=1, tolerance=1e-4 if family in ROUGH else 1e-9)


@pytest.mark.parametrize("layer", [0, 3])
@pytest.mark.parametrize("kind", ["gpt2", "gemma3", "mistral", "gpt_neox"])
def test_first_and_last_layer(tiny_lm: Any, kind: str, layer: int) -> None:
    lm = tiny_lm(kind, layers=4)
    check(lm, ValueSettings(steps=3, stop=0), site="down", layer=layer, last=layer == 3)


def test_facts_stop_by_themselves(tiny_lm: Any) -> None:
    lm = tiny_lm("gpt2")
    values = check(lm, ValueSettings(steps=25, stop=7.2, clamp=40.0), site="block", layer=1)
    taken = [len(steps) for steps in values.losses]
    assert len(set(taken)) > 2, taken
    for steps in values.losses:
        assert all(step.total >= 7.2 for step in steps[:-1])
        assert steps[-1].total < 7.2 or len(steps) == 25


def test_all_done_at_once_moves_nothing(tiny_lm: Any) -> None:
    values = check(tiny_lm(), ValueSettings(stop=100.0), site="down", layer=1)
    assert torch.equal(values.target, values.clean)
    assert [len(steps) for steps in values.losses] == [1] * len(PROMPTS)


def test_clamp(tiny_lm: Any) -> None:
    values = check(tiny_lm(), ValueSettings(steps=6, stop=0, clamp=0.25), site="down", layer=0)
    moved = (values.target - values.clean).norm(dim=1) / values.clean.norm(dim=1)
    torch.testing.assert_close(moved, torch.full_like(moved, 0.25))


def test_rate_in_units_of_the_value(tiny_lm: Any) -> None:
    settings = ValueSettings(steps=2, stop=0, rate=0.125, rate_unit="rms", clamp=100.0)
    values = check(tiny_lm("gemma3"), settings, site="down", layer=1)
    # Adam's first step moves every coordinate by the learning rate.
    moved = (values.target - values.clean).norm(dim=1) / values.clean.norm(dim=1)
    torch.testing.assert_close(moved, torch.full_like(moved, 0.125), rtol=1e-3, atol=0)


def test_chunks_change_nothing(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm("mistral")
    settings = ValueSettings(steps=4, stop=0)
    done: list[int] = []
    whole = optimise_values(lm, tasks(lm), layer=1, site="block", settings=settings, progress=done.append)
    assert sum(done) == 5 and len(done) > 1, "facts are told of while a step is under way"
    monkeypatch.setattr(suffix, "chunk_budget", lambda lm: 1)
    done.clear()
    alone = optimise_values(lm, tasks(lm), layer=1, site="block", settings=settings, progress=done.append)
    assert done == [1] * 5
    torch.testing.assert_close(alone.target, whole.target, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(alone.clean, whole.clean, rtol=1e-10, atol=1e-10)
    for one, other in zip(alone.losses, whole.losses, strict=True):
        torch.testing.assert_close(torch.tensor(one), torch.tensor(other), rtol=1e-10, atol=1e-10)


def test_chunks_end_where_lengths_change(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm()
    facts = [(fact.prompts, fact.essence) for fact in tasks(lm)] * 4
    monkeypatch.setattr(suffix, "_ENOUGH", {"cpu": 1})
    chunks = list(suffix.Suffix.chunks(lm, facts))
    assert sorted(i for chunk in chunks for i in chunk) == list(range(len(facts)))
    lengths = [[suffix._length(facts[i]) for i in chunk] for chunk in chunks]
    assert all(min(chunk) > suffix._ALIKE * max(chunk) for chunk in lengths) and len(chunks) > 1
    monkeypatch.setattr(suffix, "_ENOUGH", {"cpu": 10**6})
    assert len(list(suffix.Suffix.chunks(lm, facts))) == 1


def test_chunks_hold_every_fact_once(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm()
    facts = [(fact.prompts, fact.essence) for fact in tasks(lm)] * 3
    need = max(suffix._bytes_needed(lm, fact) for fact in facts)
    monkeypatch.setattr(suffix, "chunk_budget", lambda lm: 2 * need)
    chunks = list(suffix.Suffix.chunks(lm, facts))
    assert 1 < len(chunks) < len(facts)
    assert sorted(i for chunk in chunks for i in chunk) == list(range(len(facts)))
    assert all(sum(suffix._bytes_needed(lm, facts[i]) for i in chunk) <= 2 * need for chunk in chunks)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("family_name", ["llama", "gemma3_text"])
@pytest.mark.parametrize("prefix", [1, 40, 200])
def test_memory_is_not_underestimated(tiny_lm: Any, family_name: str, prefix: int, kind: torch.dtype) -> None:
    lm = tiny_lm(family_name, layers=8)
    lm.model.to(kind)
    facts = [((Encoded(tuple(range(2, prefix + 15)), prefix, 2),), None)] * 3
    rows = suffix.Suffix.prepare(lm, facts, layer=0, site="block")
    fixed = {weight.untyped_storage().data_ptr() for weight in lm.model.state_dict().values()}
    kept: dict[int, int] = {}

    def keep(saved: torch.Tensor) -> torch.Tensor:
        storage = saved.untyped_storage()
        if storage.data_ptr() not in fixed:
            kept[storage.data_ptr()] = storage.nbytes()
        return saved

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
        rows.losses(lm, torch.zeros_like(rows.clean).requires_grad_())
    needed = sum(suffix._bytes_needed(lm, fact) for fact in facts)
    assert sum(kept.values()) <= needed <= 3 * sum(kept.values())


def test_a_chunk_too_large_for_the_memory_goes_in_halves(
    tiny_lm: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lm, settings = tiny_lm(), ValueSettings(steps=3, stop=0)
    whole = optimise_values(lm, tasks(lm), layer=1, site="block", settings=settings)
    prepare = suffix.Suffix.prepare

    def tight(lm: Any, chosen: Any, **options: Any) -> Any:
        if len(chosen) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return prepare(lm, chosen, **options)

    monkeypatch.setattr(suffix.Suffix, "prepare", tight)
    done: list[int] = []
    parts = optimise_values(lm, tasks(lm), layer=1, site="block", settings=settings, progress=done.append)
    assert sum(done) == 5 and "no memory to optimise 5 values at once; going on with 2" in caplog.text
    torch.testing.assert_close(parts.target, whole.target, rtol=1e-10, atol=1e-10)
    monkeypatch.setattr(
        suffix.Suffix, "prepare", lambda *_, **__: (_ for _ in ()).throw(torch.OutOfMemoryError("none"))
    )
    with pytest.raises(torch.OutOfMemoryError):
        optimise_values(lm, tasks(lm)[:1], layer=1, site="block", settings=settings)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float32])
def test_narrow_models_get_float32_values(tiny_lm: Any, kind: torch.dtype) -> None:
    lm = tiny_lm("llama")
    expected = optimise_values(
        lm, tasks(lm), layer=1, site="down", settings=ValueSettings(steps=2, stop=0)
    ).losses
    lm.model.to(kind)
    values = optimise_values(lm, tasks(lm), layer=1, site="down", settings=ValueSettings(steps=2, stop=0))
    assert values.target.dtype == values.clean.dtype == torch.float32
    tolerance = {torch.bfloat16: 0.2, torch.float16: 0.02, torch.float32: 1e-4}[kind]
    for one, other in zip(values.losses, expected, strict=True):
        assert one[1].total == pytest.approx(other[1].total, abs=tolerance)


def test_adam_is_torchs() -> None:
    random = torch.Generator().manual_seed(0)
    start = torch.randn(3, 4, generator=random, dtype=torch.float64)
    rate = torch.tensor([0.5, 0.01, 2.0], dtype=torch.float64)
    ours = _Adam(start.clone(), rate[:, None])
    theirs = [row.clone().requires_grad_() for row in start]
    optimisers = [torch.optim.Adam([row], lr=float(r)) for row, r in zip(theirs, rate, strict=True)]
    for rows in ([0, 1, 2], [0, 1, 2], [0, 2], [2], [2]):
        gradient = torch.randn(3, 4, generator=random, dtype=torch.float64) ** 3
        ours.step(torch.tensor(rows), gradient[rows])
        for row in rows:
            theirs[row].grad = gradient[row].clone()
            optimisers[row].step()
    for row in range(3):
        torch.testing.assert_close(ours.value[row], theirs[row].detach(), rtol=1e-12, atol=1e-12)


def test_clamp_leaves_short_and_other_rows_alone() -> None:
    adam = _Adam(torch.tensor([[3.0, 4.0], [0.3, 0.4], [30.0, 40.0], [0.0, 0.0]]), torch.ones(4, 1))
    adam.clamp(torch.tensor([0, 1, 3]), torch.ones(3, 1))
    expected = torch.tensor([[0.6, 0.8], [0.3, 0.4], [30.0, 40.0], [0.0, 0.0]])
    torch.testing.assert_close(adam.value, expected)


def test_a_loss_that_is_no_number_is_an_error_and_leaves_no_trace(tiny_lm: Any, state: Any) -> None:
    lm = tiny_lm("gpt2")
    lm.weight(2)[0, 0] = float("nan")
    before = state(lm)
    with pytest.raises(EditError, match="not a number; expected finite losses; load the model in float32"):
        optimise_values(lm, tasks(lm), layer=1, site="down", settings=ValueSettings())
    assert state(lm) == before
    for block in lm.layers:
        assert "forward" not in block.__dict__
        assert not block._forward_hooks and not lm.down(0)._forward_hooks
        assert len(block._forward_pre_hooks) == 1  # the fixture's own


def test_the_model_is_left_as_it_was(tiny_lm: Any, state: Any, family: str) -> None:
    lm = tiny_lm(family)
    before = state(lm)
    ids = torch.tensor([tasks(lm)[0].prompts[0].ids])
    expected = lm.model(input_ids=ids).logits
    optimise_values(lm, tasks(lm)[:2], layer=1, site="down", settings=ValueSettings(steps=2))
    assert state(lm) == before
    assert torch.equal(lm.model(input_ids=ids).logits, expected)
    assert all(weight.grad is None for weight in lm.model.parameters())

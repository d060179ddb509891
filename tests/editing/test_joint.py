"""Several languages and earlier edits in the closed form, on tiny models."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from mlake.editing import EDITORS, WeightEdit, editor, load_edit
from mlake.editing.locate import metrics
from mlake.editing.locate import residuals as locate
from mlake.editing.locate.metric_cache import Held
from mlake.editing.prompts import prompted
from mlake.errors import EditError
from mlake.records import Statement

from .test_merging import draw, off

TEXT = ("The capital of France is Paris.", "フランスの首都", "法国的首都是巴黎。", "Q: Wo? A: Köln", "Où ?")
FAST: dict[str, Any] = {"layers": [1], "steps": 3, "contexts": 0}


def as_weights(edit: Any) -> WeightEdit:
    assert isinstance(edit, WeightEdit)
    return edit


@pytest.fixture(autouse=True)
def nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "HELD", Held())


@pytest.fixture
def both(statements: Sequence[Statement]) -> list[Statement]:
    """Three facts, each in English and another language."""
    first = [replace(one, lang="en") for one in statements[:3]]
    others = [replace(one, fact=f"f{at}") for at, one in enumerate(statements[2:5])]
    return [one for pair in zip(first, others, strict=True) for one in pair]


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that do not depend on the model: what a question should give is drawn once."""
    real = locate.optimise_values

    def optimise(lm: Any, tasks: Any, **how: Any) -> Any:
        values = real(lm, tasks, **how)
        drawn = [draw(values.target.shape[1], seed=sum(task.prompts[0].ids)) for task in tasks]
        return values._replace(target=torch.stack(drawn))

    monkeypatch.setattr(locate, "optimise_values", optimise)


@pytest.mark.parametrize("name", ["memit", "alphaedit"])
@pytest.mark.parametrize("kind", ["llama", "gemma3_text"])
def test_languages_merged_with_a_shared_covariance_are_one_batch(
    tiny_lm: Any, both: list[Statement], name: str, kind: str
) -> None:
    lm = tiny_lm(kind)
    method = editor(name, lm, **FAST, null_threshold=0.5, preserve=0)
    joint = method.edit(lm, both, text=TEXT)
    sums = replace(method, merge="sum").edit(lm, both, text=TEXT)
    assert off(sums.factors[1].dense(), joint.factors[1].dense()) < 1e-6
    naive = replace(method, merge="sum", merge_covariance="own").edit(lm, both, text=TEXT)
    assert off(naive.factors[1].dense(), joint.factors[1].dense()) > 1e-4
    told = [(one["fact"], one["lang"]) for one in sums.report["facts"]]
    assert told == [(one.fact, one.lang) for one in sorted(both, key=lambda one: one.lang != "en")]
    assert sums.keys[1].shape[1] == len(both)


def test_a_merge_of_several_layers_edits_each_language_on_its_own(
    tiny_lm: Any, both: list[Statement]
) -> None:
    lm = tiny_lm("llama")
    method = editor("memit", lm, **FAST | {"layers": [0, 1]}, merge="mean", merge_covariance="own")
    made = method.edit(lm, both, text=TEXT)
    many = method.edit_many(lm, [both, both[:1]], text=TEXT)
    assert off(many[0].factors[1].dense(), made.factors[1].dense()) < 1e-6
    alone = replace(method, merge="together")
    one, english = (alone.edit(lm, facts, text=TEXT).factors[1] for facts in (both[:1], both[::2]))
    assert off(many[1].factors[1].dense(), one.dense()) < 1e-6
    assert [part.left.shape[1] for part in made.factors.values()] == [6, 6]
    langs = len({one.lang for one in both})
    assert off(made.factors[1].left[:, :3] * langs, english.left) < 1e-6


@pytest.mark.parametrize("sizes", [(2, 3), (1, 1, 1, 1, 1)])
def test_memit_with_a_memory_edits_batch_after_batch_as_one(
    tiny_lm: Any, statements: Sequence[Statement], fixed: None, sizes: tuple[int, ...], tmp_path: Any
) -> None:
    lm = tiny_lm("llama")
    method = editor("memit", lm, **FAST, ridge=20, memory=True)
    once = method.edit(lm, statements, text=TEXT).factors[1].dense()

    def sequence(method: Any) -> Tensor:
        history: list[WeightEdit] = []
        at, now = 0, WeightEdit({})
        for size in sizes:
            with now.applied(lm):
                made = method.edit(lm, statements[at : at + size], text=TEXT, history=history)
            made.save(tmp_path / "edit")
            history.append(load_edit(tmp_path / "edit"))
            now, at = now.then(made), at + size
        return now.factors[1].dense()

    assert off(sequence(method), once) < 1e-9
    assert off(sequence(replace(method, memory=False)), once) > 1e-3


def test_keys_that_are_too_many_beside_a_factor_are_factorised_with_the_text(
    tiny_lm: Any, both: list[Statement], monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = tiny_lm("llama")
    method = editor("memit", lm, **FAST)
    first = method.edit(lm, both[:2], text=TEXT)
    for how in ({"merge": "sum"}, {"memory": True}):
        beside, anew = replace(method, **how), replace(method, **how)
        with first.applied(lm):
            one = beside.edit(lm, both[2:], text=TEXT, history=[first])
            with monkeypatch.context() as patch:
                patch.setattr(metrics.Keeping, "pays", staticmethod(lambda width, count: False))
                other = anew.edit(lm, both[2:], text=TEXT, history=[first])
        assert off(one.factors[1].dense(), other.factors[1].dense()) < 1e-6


def test_a_memory_makes_no_difference_to_a_first_batch(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    method = editor("memit", lm, **FAST, preserve=0.3)
    plain, kept = (replace(method, memory=one).edit(lm, statements, text=TEXT) for one in (False, True))
    assert torch.equal(plain.factors[1].dense(), kept.factors[1].dense())


def test_langedit_frees_nothing_that_other_languages_were_edited_in(
    tiny_lm: Any, both: list[Statement]
) -> None:
    lm = tiny_lm("llama")
    lang, alpha = (
        editor(name, lm, **FAST, null_threshold=0.5, ridge=0.1) for name in ("langedit", "alphaedit")
    )
    english, others = both[::2], both[1::2]
    first, same = (as_weights(method.edit(lm, english, text=TEXT)) for method in (lang, alpha))
    assert off(first.factors[1].dense(), same.factors[1].dense()) < 1e-6, "the first batch is AlphaEdit's"

    def spilled(method: Any, history: Sequence[WeightEdit]) -> float:
        """How far an edit in other languages moves the first one's keys."""
        with first.applied(lm):
            made = method.edit(lm, others, text=TEXT, history=history)
        return float((made.factors[1].dense() @ first.keys[1].double()).norm())

    assert spilled(alpha, [first]) < spilled(alpha, []), "AlphaEdit keeps them by the ridge"
    assert spilled(lang, [first]) < spilled(alpha, [])
    assert spilled(lang, [first]) != pytest.approx(spilled(alpha, [first]), rel=1e-7)
    heavy = replace(lang, projector="all")
    with first.applied(lm):
        own = [
            method.edit(lm, [replace(one, lang="en") for one in others], text=TEXT, history=[first])
            for method in (lang, alpha, heavy)
        ]
    dense = [one.factors[1].dense() for one in own]
    assert off(dense[0], dense[1]) < 1e-6, "keys of the own language are free"
    assert off(dense[0], dense[2]) > 1e-4


def test_the_projector_weighs_earlier_keys_as_tokens(tiny_lm: Any, both: list[Statement]) -> None:
    lm = tiny_lm("llama")
    method = editor("langedit", lm, **FAST, null_threshold=0.5)
    first = method.edit(lm, both[::2], text=TEXT)
    made = metrics.Metrics(method, lm, TEXT, [first], ())
    clean, keys, tokens = made.moments.of(1).double(), first.keys[1].double(), made.tokens
    expected = (tokens * clean + keys @ keys.T) / (tokens + keys.shape[1])
    torch.testing.assert_close(made._with_past(1, [first], {"de"}).of(1), expected)
    assert made._with_past(1, [first], {"en"}) is made.moments


@pytest.mark.parametrize("spread", ["root", "blue", "forward"])
def test_at_one_layer_all_ways_to_spread_are_memit(tiny_lm: Any, statements: Any, spread: str) -> None:
    lm = tiny_lm("llama")
    method = editor("memit", lm, **FAST)
    plain, other = (replace(method, spread=one).edit(lm, statements, text=TEXT) for one in ("share", spread))
    assert torch.equal(plain.factors[1].dense(), other.factors[1].dense())


def test_a_root_share_is_larger(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama", layers=5)
    method = editor("memit", lm, **FAST | {"layers": [0, 1, 2, 3]})
    share, root = (replace(method, spread=one).edit(lm, statements, text=TEXT) for one in ("share", "root"))
    assert off(root.factors[0].dense(), 2 * share.factors[0].dense()) < 1e-6, "4 / √4"


def test_blue_edits_both_ends_each_with_a_value_of_its_own(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama", layers=4)
    method = editor("memit", lm, **FAST | {"layers": [0, 1, 2]}, spread="blue")
    done: list[int] = []
    made = method.edit(lm, statements, text=TEXT, progress=done.append)
    assert list(made.factors) == [0, 2] and sum(done) == len(statements)
    assert {len(one["losses"]) for one in made.report["facts"]} == {6}, "three steps at each layer"
    low = editor("memit", lm, **FAST | {"layers": [0]}).edit(lm, statements, text=TEXT)
    assert off(made.factors[0].dense(), low.factors[0].dense()) < 1e-6
    with low.applied(lm):
        high = editor("memit", lm, **FAST | {"layers": [2]})
        above = high.edit(lm, statements, text=TEXT)
    assert off(made.factors[2].dense(), above.factors[2].dense()) < 2e-2, (
        "second moments are the clean model's"
    )


def test_forward_replay_reads_what_later_blocks_make_of_the_value(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama", layers=4)
    method = editor("memit", lm, **FAST | {"layers": [0, 1, 2]}, spread="forward")
    prompts = [prompted(lm, s, kind="question", key="subject", contexts=0).plain for s in statements]
    added = draw(len(prompts), 32, seed=6)
    found = locate.replayed(lm, prompts, 0, added, (1, 2))
    for at, prompt in enumerate(prompts):
        seen: dict[int, Tensor] = {}
        ids = torch.tensor([prompt.ids[: prompt.lookup + 1]])

        def add(_: Any, __: Any, out: Any, at: int = at) -> Any:
            hidden = out[0] if isinstance(out, tuple) else out
            hidden[0, -1] += added[at]
            return out

        def see(_: Any, __: Any, out: Any, seen: Any = seen) -> None:
            hidden = out[0] if isinstance(out, tuple) else out
            seen.setdefault(len(seen) + 1, hidden[0, -1].clone())

        hooks = [lm.layers[0].register_forward_hook(add)]
        hooks += [lm.layers[layer].register_forward_hook(see) for layer in (1, 2)]
        lm.model(input_ids=ids)
        for hook in hooks:
            hook.remove()
        for layer in (1, 2):
            torch.testing.assert_close(found[layer][at], seen[layer])
    made = method.edit(lm, statements, text=TEXT)
    assert list(made.factors) == [0, 1, 2]
    first = editor("memit", lm, **FAST | {"layers": [0]}).edit(lm, statements, text=TEXT)
    assert off(made.factors[0].dense(), first.factors[0].dense()) < 1e-6, (
        "the value stands at the first layer"
    )


def test_the_anchor_of_one_fact_is_its_own_length(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    for name in ("rome", "memit"):
        method = editor(name, lm, **FAST)
        plain, same = (
            replace(method, anchor=one).edit(lm, statements[:1], text=TEXT) for one in (False, True)
        )
        assert off(same.factors[1].dense(), plain.factors[1].dense()) < 1e-6
        assert "anchors" not in plain.report and list(same.report["anchors"]) == ["1"]


@pytest.mark.parametrize("kind", ["llama", "gemma3_text"])
def test_in_sequence_every_value_is_as_long_as_the_anchor(tiny_lm: Any, statements: Any, kind: str) -> None:
    lm = tiny_lm(kind)
    method = editor("r-rome", lm, **FAST, anchor=True)
    first = method.edit(lm, statements[:4])
    length = first.report["anchors"]["1"]
    history, now = [first], first
    for one in statements[4:]:
        with now.applied(lm):
            made = method.edit(lm, [one], history=history)
        assert made.report["anchors"] == first.report["anchors"], "of the unedited model's edit"
        history, now = [*history, made], now.then(made)
        with now.applied(lm):
            emitted = lm.matrix(1).double() @ made.keys[1][:, 0].double()
        assert float(emitted.norm()) == pytest.approx(length, rel=1e-5)


def test_a_value_more_than_twice_as_long_is_left_out(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    method = editor("memit", lm, **FAST, anchor=True)
    before = WeightEdit({}, {}, {"anchors": {"1": 1e-3}})
    made = method.edit(lm, statements[:1], text=TEXT, history=[before])
    assert made.report["facts"][0]["notes"][-1].startswith("not edited: its value is more than twice as long")
    assert float(made.factors[1].dense().abs().max()) < 1e-9


def test_what_was_not_there_before_is_not_in_earlier_ids(tiny_lm: Any) -> None:
    fields = {"memory", "projector", "spread", "anchor", "merge", "merge_covariance", "merge_scale"}
    for name in ("rome", "memit", "alphaedit"):
        assert fields.isdisjoint(EDITORS[name].config())
    assert EDITORS["langedit"].config()["projector"] == "others"
    assert editor("memit", tiny_lm("llama"), memory=True).config()["memory"] is True


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("rome", {"memory": True}, "memory needs a second moment and a ridge above 0"),
        ("rome", {"merge": "sum"}, "merge='sum' with a shared covariance needs a second moment"),
        ("rome", {"metric": "moment", "ridge": 1, "merge": "sum"}, "set merge_covariance='own'"),
        ("alphaedit", {"memory": True}, "keeps the keys of earlier edits anyway; leave memory out"),
        ("memit", {"projector": "all"}, "is for the metric 'null_space'; take alphaedit"),
        ("memit", {"anchor": True, "merge": "sum"}, "anchor and merge do not go together"),
        (
            "memit",
            {"spread": "blue", "site": "down", "layers": [0, 1]},
            "edit one layer, or set spread='share'",
        ),
    ],
)
def test_settings_that_do_not_go_together(
    tiny_lm: Any, statements: Any, name: str, settings: dict[str, Any], said: str
) -> None:
    lm = tiny_lm("llama")
    with pytest.raises(EditError, match=said):
        editor(name, lm, **FAST | settings).edit(lm, statements, text=TEXT)


def test_rome_may_be_merged_without_a_shared_covariance(tiny_lm: Any, both: list[Statement]) -> None:
    lm = tiny_lm("llama")
    method = editor("rome", lm, **FAST, merge="tsvm", merge_covariance="own")
    made = method.edit(lm, both)
    assert made.factors[1].left.shape == (32, 6) and made.keys[1].shape == (80, 6)

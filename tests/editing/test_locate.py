"""Every method on tiny models of every family, and what its edits do to them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from mlake.editing import LocateThenEdit, editor
from mlake.editing.edits.weights import WeightEdit
from mlake.editing.locate.update import InverseMoment, closed_form, filled_up
from mlake.editing.locate.value import optimise_values
from mlake.editing.prompts import prompted
from mlake.errors import EditError, ModelError, SubjectError
from mlake.models.corpora import corpus
from mlake.models.hooks import first
from mlake.models.keys import prompt_keys
from mlake.models.lm import UNPINNED
from mlake.models.moments import key_moments

TEXT = ("The capital of France is Paris.", "フランスの首都", "法国的首都是巴黎。", "Q: Wo? A: Köln")
LONG = (  # more tokens than a tiny model's 80 key dimensions
    *TEXT,
    "Which university was the institution that educated George Hackenschmidt? Harvard University, they say.",
    "An welcher Universität studierte Jürgen Müller, und in welcher Stadt wurde er geboren?",
    "Dans quelle ville française est né l'écrivain français Honoré de Balzac ? À Tours, en 1799.",
    "日本の首都は東京です。法国的首都是哪里？中国的首都是北京，日本的首都是东京。",
)
FAST = {"steps": 3, "contexts": 1, "null_threshold": 1e-3}


def prompts_of(method: LocateThenEdit, lm: Any, facts: Sequence[Any]) -> list[Any]:
    return [prompted(lm, s, kind=method.prompt, key=method.key, contexts=method.contexts) for s in facts]


def value_of(method: LocateThenEdit, lm: Any, facts: Sequence[Any]) -> Tensor:
    """Targets ``(facts, d)``."""
    tasks = [p.task for p in prompts_of(method, lm, facts)]
    return optimise_values(lm, tasks, layer=method.layers[-1], site=method.site, settings=method.value).target


@torch.no_grad()
def emitted(lm: Any, module: Any, prompt: Any, *, fed: bool = False) -> Tensor:
    """What a module emits, or is fed, at a prompt's key token, in a plain unbatched pass."""
    seen: list[Tensor] = []
    handle = module.register_forward_hook(lambda _, args, out: seen.append(first(args if fed else out)))
    lm.model(input_ids=torch.tensor([prompt.ids]))
    handle.remove()
    return seen[0][0, prompt.lookup]


def moments(lm: Any, method: LocateThenEdit, text: Sequence[str] = TEXT) -> dict[int, Tensor]:
    read = corpus(lm, method.corpus, tokens=method.corpus_tokens, seed=method.seed, text=text)
    clean = key_moments(lm, method.layers, read)
    if method.metric == "null_space":
        return clean
    return {layer: filled_up(moment, read.tokens) for layer, moment in clean.items()}


@pytest.mark.parametrize("name", ["rome", "r-rome", "emmet", "memit", "alphaedit"])
def test_every_method_on_every_family(
    tiny_lm: Any, family: str, name: str, statements: Any, state: Any
) -> None:
    lm = tiny_lm(family)
    before = state(lm)
    method = editor(name, lm, **FAST)
    done: list[int] = []
    edit = method.edit(lm, statements[:3], text=TEXT, progress=done.append)
    assert state(lm) == before
    assert sum(done) == 3
    assert tuple(edit.factors) == tuple(edit.keys) == method.layers
    for layer in method.layers:
        assert edit.factors[layer].left.shape == (32, 3) and edit.factors[layer].right.shape == (80, 3)
        assert edit.keys[layer].shape == (80, 3)
    told = [(fact["fact"], fact["lang"]) for fact in edit.report["facts"]]
    assert told == [("f0", "en"), ("f1", "de"), ("f2", "fr")]
    assert [len(f["losses"]) for f in edit.report["facts"]] == [3, 3, 3]
    assert edit.report["method"]["name"] == name and edit.report["model"] == f"tiny-{family}"
    with edit.applied(lm):
        assert state(lm) != before
    assert state(lm) == before


@pytest.mark.parametrize("name", ["rome", "r-rome", "emmet"])
def test_the_value_is_emitted_at_the_key(tiny_lm: Any, family: str, name: str, statements: Any) -> None:
    lm = tiny_lm(family)
    method = editor(name, lm, layers=[1], steps=3, contexts=0, ridge=0)
    facts = statements[:1] if method.sequential else statements
    target = value_of(method, lm, facts)
    with method.edit(lm, facts, text=TEXT).applied(lm):
        module = lm.down(1) if method.site == "down" else lm.layers[1]
        for row, prompt in zip(target, prompts_of(method, lm, facts), strict=True):
            torch.testing.assert_close(emitted(lm, module, prompt.plain), row, rtol=1e-6, atol=1e-6)


def test_rome_meets_the_plain_prompt_and_r_rome_the_mean_key(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    for name in ("rome", "r-rome"):
        method = editor(name, lm, layers=[1], steps=2, contexts=3)
        (prompts,) = prompts_of(method, lm, statements[:1])
        keys = torch.stack([emitted(lm, lm.down(1), p, fed=True) for p in prompts.task.prompts])
        assert len(keys) == 4
        met = keys[0] if name == "rome" else keys.mean(0)
        said = torch.stack([emitted(lm, lm.down(1), p) for p in prompts.task.prompts])
        residual = value_of(method, lm, statements[:1])[0] - (said[0] if name == "rome" else said.mean(0))
        update = method.edit(lm, statements[:1]).factors[1]
        torch.testing.assert_close(update.dense() @ met, residual)
        torch.testing.assert_close(update.right[:, 0], keys.mean(0))


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_r_rome_makes_the_mean_key_emit_the_value(tiny_lm: Any, kind: str, statements: Any) -> None:
    """W'k̄ = v*, in float64, with and without a bias; the plain prompt's output would miss it."""
    lm = tiny_lm(kind)
    method = editor("r-rome", lm, layers=[1], steps=3, contexts=3)
    for one in statements[:3]:
        (prompts,) = prompts_of(method, lm, [one])
        keys = torch.stack([emitted(lm, lm.down(1), p, fed=True) for p in prompts.task.prompts])
        bias = emitted(lm, lm.down(1), prompts.plain) - lm.matrix(1) @ keys[0]
        value = value_of(method, lm, [one])[0]
        edited = lm.matrix(1) + method.edit(lm, [one]).factors[1].dense()
        torch.testing.assert_close(edited @ keys.mean(0) + bias, value, rtol=1e-9, atol=1e-9)


def test_sequential_is_one_after_another_by_hand(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("qwen2")
    method = editor("rome", lm, layers=[1], steps=3, contexts=1)
    together = method.edit(lm, statements[:3])
    by_hand = WeightEdit({}, {}, {})
    for statement in statements[:3]:
        with by_hand.applied(lm):
            by_hand = by_hand.then(method.edit(lm, [statement]))
    torch.testing.assert_close(together.factors[1].dense(), by_hand.factors[1].dense(), rtol=1e-6, atol=1e-8)
    alone = method.edit(lm, statements[2:3]).factors[1].dense()
    last = together.factors[1].left[:, 2:] @ together.factors[1].right[:, 2:].T
    assert not torch.allclose(last, alone)  # the third fact was edited into a changed model


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gptj"])
def test_memit_spreads_the_residual(tiny_lm: Any, kind: str, statements: Any) -> None:
    """MEMIT's algorithm 1, by hand on a copy of the weights, with d × d solves."""
    lm = tiny_lm(kind)
    method = editor("memit", lm, layers=[0, 1, 2], steps=3, contexts=2, ridge=20.0)
    edit = method.edit(lm, statements, text=LONG)
    prompts, target = prompts_of(method, lm, statements), value_of(method, lm, statements).T
    c = moments(lm, method, LONG)
    for index, layer in enumerate(method.layers):
        keys = []
        for p in prompts:
            every = torch.stack([emitted(lm, lm.down(layer), one, fed=True) for one in p.task.prompts])
            keys.append((every[0] + every[1:].mean(0)) / 2)
        now = torch.stack([emitted(lm, lm.layers[2], p.plain) for p in prompts], dim=1)
        k, residual = torch.stack(keys, dim=1), (target - now) / (3 - index)
        direct = torch.linalg.solve(20.0 * c[layer] + k @ k.T, (residual @ k.T).T).T
        torch.testing.assert_close(edit.keys[layer], k.float(), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(edit.factors[layer].dense(), direct, rtol=1e-4, atol=1e-5)
        lm.matrix(layer).add_(direct)


def test_order_within_a_batch_does_not_matter(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("gemma")
    method = editor("memit", lm, steps=3, contexts=2)
    one = method.edit(lm, statements, text=TEXT)
    other = method.edit(lm, statements[::-1], text=TEXT)
    for layer in method.layers:
        torch.testing.assert_close(
            one.factors[layer].dense(), other.factors[layer].dense(), rtol=1e-7, atol=1e-9
        )
    for mine, theirs in zip(one.report["facts"], other.report["facts"][::-1], strict=True):
        assert mine["fact"] == theirs["fact"]
        losses = torch.tensor(mine["losses"]), torch.tensor(theirs["losses"])
        torch.testing.assert_close(*losses, rtol=0, atol=2e-6)


def test_equal_edits_are_equal_files(tiny_lm: Any, statements: Any, tmp_path: Any) -> None:
    for name in ("one", "two"):
        lm = tiny_lm("llama")
        editor("memit", lm, **FAST).edit(lm, statements, text=TEXT).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_alphaedit_keeps_the_keys_of_earlier_edits(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    value = {"steps": 3, "rate": 0.5, "decay": 1e-3, "clamp": 4}
    space = {"null_threshold": 1e-3, "null_unit": "absolute", "ridge": 1e-6}
    method = editor("alphaedit", lm, layers=[1], contexts=0, **value, **space)
    earlier = method.edit(lm, statements[:2], text=TEXT)
    with earlier.applied(lm):
        free = method.edit(lm, statements[2:], text=TEXT)
        kept = method.edit(lm, statements[2:], text=TEXT, history=[earlier])
        (together,) = method.edit_many(lm, [statements[2:]], text=TEXT, history=[earlier])
    assert torch.allclose(together.factors[1].dense(), kept.factors[1].dense(), atol=1e-5)
    past = earlier.keys[1].double()
    assert float((kept.factors[1].dense() @ past).norm()) < 1e-3
    assert float((free.factors[1].dense() @ past).norm()) > 1.0
    used = moments(lm, method)[1]
    values, vectors = torch.linalg.eigh(used)
    assert float((kept.factors[1].dense() @ vectors[:, values > 1e-3]).norm()) < 1e-9


def test_preserve_holds_the_prompts_other_tokens(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    off = editor("memit", lm, layers=[1], steps=3, contexts=0, ridge=1e-4)
    on = replace(off, preserve=1.0)
    others = prompt_keys(lm, 1, [p.plain for p in prompts_of(off, lm, statements)]).T
    free = off.edit(lm, statements, text=TEXT).factors[1].dense() @ others
    held = on.edit(lm, statements, text=TEXT).factors[1].dense() @ others
    assert float(held.norm()) < 0.5 * float(free.norm())
    c = moments(lm, on)[1] + 1.0 / 1e-4 * others @ others.T
    edit = on.edit(lm, statements, text=TEXT)
    plain = [p.plain for p in prompts_of(on, lm, statements)]
    keys = torch.stack([emitted(lm, lm.down(1), p, fed=True) for p in plain], dim=1)
    now = torch.stack([emitted(lm, lm.layers[1], p) for p in plain], dim=1)
    direct = closed_form(value_of(on, lm, statements).T - now, keys, InverseMoment.of(c), 1e-4)
    torch.testing.assert_close(edit.factors[1].dense(), direct.dense(), rtol=1e-5, atol=1e-6)


def test_the_questions_last_token_needs_no_subject(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("gemma3")
    method = editor("memit", lm, key="question", steps=2, contexts=1, layers=[1])
    assert not method.needs_subject()
    facts = [replace(s, subject=None) for s in statements]
    ends = [p.plain.lookup for p in prompts_of(method, lm, facts)]
    assert ends == [
        len(p.plain.ids) - p.plain.target - 4 for p in prompts_of(method, lm, facts)
    ]  # "\n", "A", ":"
    keys = {at: editor("memit", lm, key=at, steps=1, contexts=0, layers=[1]) for at in ("question", "prompt")}
    made = [keys[at].edit(lm, facts, text=TEXT).factors[1].right for at in keys]
    assert not torch.allclose(*made)


def test_prompts_last_token_needs_no_subject(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("gemma3")
    facts = [replace(s, subject=None) for s in statements]
    method = editor("emmet", lm, key="prompt", steps=2, contexts=1, layers=[1])
    assert [len(p.plain.ids) - p.plain.target - 1 for p in prompts_of(method, lm, facts)] == [
        p.plain.lookup for p in prompts_of(method, lm, facts)
    ]
    edit = method.edit(lm, facts, text=TEXT)
    assert edit.factors[1].left.shape == (32, 5)


def test_a_model_in_bfloat16_is_edited_in_float32(tiny_lm: Any, statements: Any, state: Any) -> None:
    lm = tiny_lm("llama")
    lm.model.to(torch.bfloat16)
    before = state(lm)
    edit = editor("memit", lm, **FAST).edit(lm, statements, text=TEXT)
    assert {t.dtype for f in edit.factors.values() for t in f} == {torch.float32}
    assert state(lm) == before


def test_the_model_is_restored_when_an_edit_fails(tiny_lm: Any, statements: Any, state: Any) -> None:
    lm = tiny_lm("gpt2")
    before = state(lm)
    method = editor("rome", lm, layers=[1], steps=2, contexts=0)
    calls: list[int] = []

    def interrupted(done: int) -> None:
        calls.append(done)
        if len(calls) == 2:
            assert state(lm) != before  # the first fact is in force
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        method.edit(lm, statements, progress=interrupted)
    assert state(lm) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": [3]}, r"layers \[3\] do not fit a model of 3 layers; expected numbers from 0 to 2"),
        ({"layers": []}, r"layers \[\] do not fit"),
        ({"layers": [1, 0]}, r"layers must ascend without repeats, got \[1, 0\]"),
        ({"layers": [1, 1]}, r"layers must ascend without repeats, got \[1, 1\]"),
        ({"preserve": 1.0, "ridge": 0}, "preserve needs a ridge above 0; set both, or preserve=0"),
        ({"corpus": "wikitext"}, "unknown corpus 'wikitext'; known: file:PATH, self, statements"),
    ],
)
def test_settings_that_do_not_fit(tiny_lm: Any, statements: Any, settings: Any, message: str) -> None:
    lm = tiny_lm()
    with pytest.raises(Exception, match=message) as error:
        editor("memit", lm, **settings).edit(lm, statements, text=TEXT)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["gemma2", "gemma3", "gemma3_text", "olmo2", "olmo3"])
def test_block_site_of_a_sandwich(tiny_lm: Any, kind: str, statements: Any) -> None:
    lm = tiny_lm(kind)
    with pytest.raises(EditError, match=r"normalises the MLP output .* use --set site='down' and one layer"):
        editor("memit", lm, site="block").edit(lm, statements, text=TEXT)


def test_alphaedit_needs_a_ridge_and_a_free_direction(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    with pytest.raises(EditError, match="null_space metric needs a ridge above 0, got 0; set for example"):
        editor("alphaedit", lm, ridge=0).edit(lm, statements, text=TEXT)
    for unit, what in (("absolute", "eigenvalue"), ("energy", "share of the energy")):
        method = editor("alphaedit", lm, null_threshold=0, null_unit=unit, steps=1, contexts=0)
        with pytest.raises(EditError, match=rf"no {what} of the .* raise the threshold"):
            method.edit(lm, statements, text=LONG)


def test_the_share_of_free_directions_is_told_for_each_layer(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    method = editor("alphaedit", lm, layers=[0, 2], steps=1, contexts=0, null_threshold=0.05)
    edit = method.edit(lm, statements, text=LONG)
    assert list(edit.report["free"]) == ["0", "2"]
    for layer, moment in moments(lm, method, LONG).items():
        values = torch.linalg.eigvalsh(moment).clamp_min(0)
        held = values.cumsum(0) / values.sum()
        share = edit.report["free"][str(layer)]
        assert share == pytest.approx(float((held < 0.05).double().mean()), abs=1e-6) and 0 < share < 1
    again = method.edit(lm, statements[:2], text=LONG)
    assert again.report["free"] == edit.report["free"], "also where the space is held from before"
    assert "free" not in editor("memit", lm, layers=[0], steps=1).edit(lm, statements[:1], text=LONG).report


def test_what_is_edited_is_no_ordinary_text(tiny_lm: Any, statements: Any) -> None:
    """Second moments stand for text that an edit should leave alone."""
    lm = tiny_lm()
    method = editor("memit", lm, layers=[1], steps=1, contexts=0)
    own = [text for one in statements[:2] for text in (one.question, one.new_sentence)]
    with_own = method.edit(lm, statements[:2], text=(*LONG, *own))
    without = method.edit(lm, statements[:2], text=LONG)
    assert with_own.report["corpus"] == without.report["corpus"]
    assert torch.equal(with_own.factors[1].dense(), without.factors[1].dense())
    other = method.edit(lm, statements[2:3], text=(*LONG, *own))
    assert other.report["corpus"]["tokens"] > without.report["corpus"]["tokens"]
    batches = method.edit_many(lm, [statements[:1], statements[1:2]], text=(*LONG, *own))
    assert [one.report["corpus"] for one in batches] == [without.report["corpus"]] * 2


def test_facts_that_cannot_be_edited(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    rome = editor("rome", lm, steps=1)
    english = statements[0]
    with pytest.raises(EditError, match="no facts to edit; expected at least one statement"):
        rome.edit(lm, [])
    with pytest.raises(SubjectError, match="fact 'f0' has no subject in 'en'; add one that stands verbatim"):
        rome.edit(lm, [replace(english, subject=None)])
    with pytest.raises(SubjectError, match="subject 'Sagen' of fact 'f0' does not stand in its question"):
        rome.edit(lm, [replace(english, subject="Sagen")])
    for empty in ("", " "):
        with pytest.raises(SubjectError, match="fact 'f0' has no new answer in 'en'; add new_answer"):
            rome.edit(lm, [replace(english, new=empty)])


def test_a_question_beyond_the_models_positions_is_named(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("gpt2")
    long = replace(statements[0], question=statements[0].question + " Where?" * 200)
    for name in ("rome", "memit"):
        with pytest.raises(ModelError, match=r"fact 'f0' in 'en' takes .* has 256 positions; shorten"):
            editor(name, lm, steps=1).edit(lm, [statements[1], long], text=TEXT)


def test_a_corpus_with_texts_beyond_the_models_positions(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("gpt2")
    lm = replace(lm, revision=UNPINNED)
    assert editor("memit", lm, steps=1, corpus_tokens=500).edit(lm, statements[:1], text=["long " * 300])


def test_one_subject_twice_in_a_batch_needs_a_ridge(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    twice = [statements[0], replace(statements[0], fact="again", new="Köln")]
    with pytest.raises(EditError, match="linearly dependent; use a ridge above 0 or edit each subject once"):
        editor("emmet", lm, **FAST, ridge=0).edit(lm, twice, text=TEXT)
    assert editor("memit", lm, **FAST).edit(lm, twice, text=TEXT).factors

"""Training MEND's editor on tiny models: data, losses, files, and the method that reads them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.editing.mend.conftest import LANGS

from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.mend import Mend
from mlake.editing.mend.examples import draw, examples
from mlake.editing.mend.files import TrainedFile, default_path
from mlake.editing.mend.gradients import edited_matrices
from mlake.editing.mend.hypernet import GradientNetwork
from mlake.editing.mend.training import Trainer
from mlake.errors import EditError, SubjectError, UnknownNameError
from mlake.models.lm import UNPINNED
from mlake.records import Benchmark, Fact, Statement


def text(lm: Any, encoded: Any) -> str:
    return str(lm.tokenizer.decode(encoded.ids, skip_special_tokens=True))


def test_examples(tiny_lm: Any, benchmark: Benchmark) -> None:
    lm = tiny_lm("llama")
    pool = examples(lm, benchmark.facts, LANGS)
    assert {lang: len(every) for lang, every in pool.items()} == {"en": 5, "de": 1, "fr": 1, "ja": 1, "zh": 1}
    sagan = pool["en"][0]
    assert text(lm, sagan.edit) == "Q: Where did Carl Sagan work?\nA: BBC"
    assert sagan.far is not None and text(lm, sagan.far) == "Q: Where did Carl Sagan work?\nA: Harvard"
    assert [text(lm, one) for one in sagan.near] == ["Q: At what place did Sagan work?\nA: BBC"]
    ja = [text(lm, one) for one in pool["ja"][0].near]
    assert len(ja) == 10 and ja[5:] == ["フランスの首都は東京"] * 5
    assert ja[0] == "Q: 会議は正午に始まりました。フランスの首都は？\nA:東京"


def test_examples_without_a_usable_sentence_or_old_answer(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm("llama")
    bare = replace(statements[4], new_sentence="", old="")
    (example,) = examples(lm, [Fact("f", 0, {"zh": bare})], ["zh"])["zh"]
    assert example.far is None and len(example.near) == 5
    assert all("法国的首都是？" in text(lm, one) for one in example.near)


def test_examples_that_cannot_be_made(tiny_lm: Any, benchmark: Benchmark) -> None:
    lm = tiny_lm("llama")
    with pytest.raises(EditError, match=r"no fact to train on is stated in 'ja'; they have: en \(--lang\)"):
        examples(lm, benchmark.facts[:1], ["en", "ja"])
    with pytest.raises(UnknownNameError, match="unknown language 'xx'"):
        examples(lm, benchmark.facts, ["xx"])
    blank = replace(benchmark.facts[0].statements["en"], new=" ")
    with pytest.raises(SubjectError, match="no new answer"):
        examples(lm, [Fact("f", 0, {"en": blank})], ["en"])


def test_a_draw_keeps_edited_facts_apart_from_others(tiny_lm: Any, benchmark: Benchmark) -> None:
    pool = examples(tiny_lm("llama"), benchmark.facts, LANGS)
    owner = {one.far: one.fact for every in pool.values() for one in every}
    edited = {one.edit: one.fact for every in pool.values() for one in every}
    counts = set()
    for seed in range(300):
        made = draw(pool, Random(seed), count=4, others=3)
        assert made == draw(pool, Random(seed), count=4, others=3)
        counts.add(len(made.edit))
        assert len(made.near) == len(made.edit) and 1 <= len(made.far) <= 3
        assert not {edited[one] for one in made.edit} & {owner[one] for one in made.far}
    assert counts == {1, 4}  # all four in English; elsewhere there is one fact
    alone = draw({"en": pool["en"][:1]}, Random(0), count=4, others=3)
    assert (len(alone.edit), alone.far) == (1, [])


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gemma3"])
@pytest.mark.slow
def test_training_lowers_the_loss_and_leaves_the_model(
    tiny_lm: Any, trainer: Callable[..., Trainer], state: Any, kind: str
) -> None:
    lm = tiny_lm(kind, layers=4)
    before = state(lm)
    training = trainer(lm, rate=1e-2, step_rate=5e-2)
    losses = [training.advance() for _ in range(80)]
    assert losses[:2] == [{}, {}] and state(lm) == before
    totals = [0.1 * one["edit"] + one["locality"] for one in losses if one]
    assert sum(totals[-20:]) < 0.9 * sum(totals[:20])
    assert all(one["locality"] >= 0 for one in losses if one)


def test_the_gradient_of_the_loss_is_right(trainer: Callable[..., Trainer]) -> None:
    """Against a finite difference in the step size of one matrix and in a weight of a network."""
    training = trainer(rate=0.0, step_rate=0.0, measured=1)
    training.advance()
    network: Any = training.network
    with torch.no_grad():
        for shared in network.networks.values():
            shared.first.outer += 0.1
            shared.second.outer += 0.1
    inner = network.networks["80x32"].second.inner
    places = [(network.log_step, (0,)), (inner, (1, 2))]
    for shared in network.networks.values():
        shared.see = lambda gradient: None  # statistics are no part of the difference

    def total() -> float:
        training.step = 1
        losses = training.advance()
        return 0.1 * losses["edit"] + losses["locality"]

    total()
    slopes = [float(weight.grad[place]) for weight, place in places]
    for (weight, place), slope in zip(places, slopes, strict=True):
        found = []
        for shift in (1e-3, -2e-3):
            with torch.no_grad():
                weight[place] += shift
            found.append(total())
        assert (found[0] - found[1]) / 2e-3 == pytest.approx(slope, rel=1e-2)
        assert slope != 0


def test_resumed_training_ends_in_the_same_bytes(
    trainer: Callable[..., Trainer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trainer().run(tmp_path / "whole", 7, lambda _: None)
    shown: list[Any] = []
    for stop in (1, 4, 7):
        training = trainer()
        if stop > 1:
            training.restore(TrainedFile.read(tmp_path / "parts", GradientNetwork))
        part = training.run(tmp_path / "parts", stop, shown.append)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()
    assert part.sha256 == whole.sha256 and len(shown) == 7 and part.head["step"] == 7
    assert part.head["fact_ids"] == ["f0", "f1", "f2", "f3", "f4"] and part.head["langs"] == list(LANGS)
    assert part.head["data_sha256"] == "0" * 64 and part.head["model_revision"] == "0" * 40


def test_training_is_kept_now_and_then(
    trainer: Callable[..., Trainer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlake.editing.mend.training._EVERY", 0.0)
    monkeypatch.setattr("mlake.editing.mend.training._SHARE", 0)
    path = tmp_path / "deep" / "mend"

    def stop(_: Any) -> None:
        if path.exists() and TrainedFile.read(path, GradientNetwork).head["step"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer().run(path, 100, stop)
    training = trainer()
    training.restore(TrainedFile.read(path, GradientNetwork))
    training.run(path, 5, lambda _: None)
    trainer().run(tmp_path / "whole", 5, lambda _: None)
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()


def test_other_training_is_not_taken_up(tiny_lm: Any, trainer: Callable[..., Trainer], file: Path) -> None:
    kept = TrainedFile.read(file, GradientNetwork)
    with pytest.raises(EditError, match=r"was trained with langs \[.*\], now \[\"en\"\]; give another --out"):
        trainer(langs=["en"]).restore(kept)
    with pytest.raises(EditError, match=r"was trained with settings .*; give another --out, or delete"):
        trainer(rank=5).restore(kept)


def test_a_loss_that_is_not_finite_stops_training(trainer: Callable[..., Trainer]) -> None:
    training = trainer(measured=0)
    network: Any = training.network
    with torch.no_grad():
        network.log_step[0] = float("inf")
    with pytest.raises(EditError, match=r"step 1 of training gave a gradient that is not finite; lower"):
        training.advance()


def test_the_method_edits(
    tiny_lm: Any, file: Path, statements: tuple[Statement, ...], state: Any, tmp_path: Path
) -> None:
    lm = tiny_lm("llama", layers=4)
    before = state(lm)
    method = Mend(trained=str(file)).fitted(lm)
    done: list[int] = []
    edit = method.edit(lm, statements, progress=done.append)
    assert sum(done) == 5 and state(lm) == before
    assert set(edit.factors) == {matrix.name for matrix in edited_matrices(lm)} and not edit.values
    assert edit.report["facts"][4] == {"fact": "f4", "lang": "zh"}
    assert edit.report["method"] == method.config() and json.dumps(edit.report)
    twice = replace(method, scale=2.0).edit(lm, statements)
    for name, factors in edit.factors.items():
        assert torch.allclose(twice.factors[name].dense(), 2 * factors.dense())
    with edit.applied(lm):
        assert state(lm) != before
        later = method.edit(lm, statements[:1])
    fresh = method.edit(lm, statements[:1])
    assert any(not torch.allclose(later.factors[n].dense(), fresh.factors[n].dense()) for n in fresh.factors)
    (first, second) = method.edit_many(lm, [statements[:1], statements[1:]])
    assert all(torch.equal(first.factors[n].dense(), fresh.factors[n].dense()) for n in fresh.factors)
    assert len(second.report["facts"]) == 4


def test_a_transposed_model_is_edited_as_it_is_stored(
    tiny_lm: Any, trainer: Callable[..., Trainer], statements: tuple[Statement, ...], tmp_path: Path
) -> None:
    lm = tiny_lm("gpt2", layers=4)
    trainer(lm).run(tmp_path / "mend", 3, lambda _: None)
    edit = Mend(trained=str(tmp_path / "mend")).fitted(lm).edit(lm, statements)
    edit.save(tmp_path / "edit")
    with edit.applied(lm):
        pass
    shapes = {name: factors.dense().shape for name, factors in edit.factors.items()}
    assert shapes == {m.name: m.module.weight.shape for m in edited_matrices(lm)}


def test_half_precision(
    tiny_lm: Any, trainer: Callable[..., Trainer], statements: tuple[Statement, ...], tmp_path: Path
) -> None:
    lm = tiny_lm("llama", layers=4)
    lm.model.bfloat16()
    trainer(lm).run(tmp_path / "mend", 5, lambda _: None)
    edit = Mend(trained=str(tmp_path / "mend")).fitted(lm).edit(lm, statements)
    assert all(f.left.dtype == torch.float32 for f in edit.factors.values())
    with edit.applied(lm):
        assert lm.dtype == torch.bfloat16


def test_what_a_config_says(tiny_lm: Any, file: Path, tmp_path: Path) -> None:
    lm = tiny_lm("llama", layers=4)
    assert Mend().config() == {"name": "mend", "scale": 1.0} and Mend().trained_facts == ()
    method = Mend(trained=str(file), scale=0.5).fitted(lm)
    config = method.config()
    assert str(tmp_path) not in json.dumps(config)
    assert config["trained"]["sha256"] == TrainedFile.read(file, GradientNetwork).sha256
    assert (config["trained"]["facts"], config["trained"]["step"], config["scale"]) == ([0, 5], 4, 0.5)
    assert method.trained_facts == ("f0", "f1", "f2", "f3", "f4")
    assert (method.sequential, method.stackable, dict(method.suggested(lm))) == (False, False, {})


def test_where_the_file_is_looked_for(tiny_lm: Any, file: Path) -> None:
    lm = tiny_lm("llama", layers=4)
    with pytest.raises(EditError, match=r"mend has no trained editor at .*; train one: mlake train mend"):
        Mend().fitted(lm)
    default_path(lm, GradientNetwork).parent.mkdir(parents=True)
    default_path(lm, GradientNetwork).write_bytes(file.read_bytes())
    assert Mend().fitted(lm).trained == str(default_path(lm, GradientNetwork))
    assert default_path(replace(lm, revision=UNPINNED), GradientNetwork) != default_path(
        replace(lm, revision=UNPINNED, name="other"), GradientNetwork
    )


def test_a_file_for_another_model(tiny_lm: Any, file: Path) -> None:
    lm = tiny_lm("llama", layers=4)
    method = Mend(trained=str(file))
    with pytest.raises(EditError, match=r"was made for model revision '0+', this model has '1+'; train one"):
        method.fitted(replace(lm, revision="1" * 40))
    with pytest.raises(EditError, match=r"was made for template"):
        method.fitted(tiny_lm("llama", layers=4, template="{question}"))
    with pytest.raises(EditError, match=r"does not fit the matrices of 'tiny-gpt2'"):
        method.fitted(tiny_lm("gpt2", layers=4))


def test_an_unpinned_model_is_known_by_its_name(
    tiny_lm: Any, trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    lm = replace(tiny_lm("llama", layers=4), revision=UNPINNED)
    trainer(lm).run(tmp_path / "mend", 3, lambda _: None)
    assert Mend(trained=str(tmp_path / "mend")).fitted(lm)
    with pytest.raises(EditError, match=r"was made for model 'tiny-llama', this model has 'other'"):
        Mend(trained=str(tmp_path / "mend")).fitted(replace(lm, name="other"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("step", "3"),
        ("step", -1),
        ("settings", []),
        ("settings", {"rank": None}),
        ("facts", [1]),
        ("facts", 3),
        ("fact_ids", None),
        ("fact_ids", [1]),
        ("model_revision", 3),
        ("data", None),
    ],
)
def test_an_editor_with_a_head_of_other_types(file: Path, tmp_path: Path, key: str, value: Any) -> None:
    good = TrainedFile.read(file, GradientNetwork)
    replace(good, head={**good.head, key: value}).write(tmp_path / "odd")
    with pytest.raises(EditError, match="or damaged; train it"):
        TrainedFile.read(tmp_path / "odd", GradientNetwork)


def test_an_editor_of_other_numbers(file: Path, tmp_path: Path) -> None:
    good = TrainedFile.read(file, GradientNetwork)
    replace(good, tensors={k: v.long() for k, v in good.tensors.items()}).write(tmp_path / "odd")
    with pytest.raises(EditError, match="or damaged; train it"):
        TrainedFile.read(tmp_path / "odd", GradientNetwork)


def test_files_that_are_no_editors(tiny_lm: Any, file: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    ParameterEdit().save(wrong)
    for content in (b"", b"x" * 100, wrong.read_bytes(), file.read_bytes()[:-10]):
        wrong.write_bytes(content)
        with pytest.raises(EditError, match=r"is no trained editor of format mlake-mend/2, or damaged"):
            TrainedFile.read(wrong, GradientNetwork)
    save_file(load_file(file), wrong)
    with pytest.raises(EditError, match="or damaged"):
        TrainedFile.read(wrong, GradientNetwork)
    with pytest.raises(EditError, match="cannot read the trained editor"):
        TrainedFile.read(tmp_path, GradientNetwork)
    with pytest.raises(EditError, match="cannot write the trained editor"):
        TrainedFile.read(file, GradientNetwork).write(file / "below")


def test_edits_that_cannot_be_made(tiny_lm: Any, file: Path, statements: tuple[Statement, ...]) -> None:
    lm = tiny_lm("llama", layers=4)
    method = Mend(trained=str(file)).fitted(lm)
    with pytest.raises(EditError, match="no facts to edit"):
        method.edit(lm, [])
    with pytest.raises(SubjectError, match="no new answer"):
        method.edit(lm, [replace(statements[0], new="")])
    with pytest.raises(EditError, match=r"the edit of model\.layers\.1\..* holds NaN or infinity"):
        replace(method, scale=float("inf")).edit(lm, statements)
    file.unlink()
    with pytest.raises(EditError, match="cannot read the trained editor"):
        method.edit(lm, statements)

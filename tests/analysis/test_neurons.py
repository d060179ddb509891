"""Changes of neurons against dense matrices, overlaps against sets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mlake.analysis.neurons import factor_norms, neuron_changes, neuron_overlap
from mlake.analysis.overlap import NeuronOverlap, OverlapRow, overlap_of
from mlake.editing import WeightEdit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.factors import Factors
from mlake.errors import EditError, RunError

LANGS = ("en", "de", "fr", "ja", "zh")


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("rank", [1, 3, 100])
def test_norms_of_factors_are_those_of_the_dense_matrix(rank: int) -> None:
    left, right = drawn(32, rank), drawn(80, rank, seed=1)
    torch.testing.assert_close(factor_norms(left, right), (left @ right.T).norm(dim=0), rtol=1e-12, atol=0)


def test_a_column_that_cancels_has_no_negative_square() -> None:
    left = torch.ones(4, 2, dtype=torch.float64) * torch.tensor([1.0, 1 + 2**-30])
    right = torch.tensor([[1 + 2**-30, -1.0], [1.0, 1.0]], dtype=torch.float64)
    norms = factor_norms(left, right)
    assert torch.isfinite(norms).all()
    assert norms[0] < 1e-6 < norms[1]


def test_changes_of_a_weight_edit() -> None:
    made = {3: Factors(drawn(32, 2), drawn(80, 2, seed=1)), 1: Factors(drawn(32, 1), drawn(80, 1, seed=2))}
    changes = neuron_changes(WeightEdit(made))
    assert list(changes) == [1, 3]
    for layer, norms in changes.items():
        np.testing.assert_allclose(norms, made[layer].dense().norm(dim=0), rtol=1e-12)


def mlp_names(lm: Any, layer: int) -> list[str]:
    head = f"{lm.arch.layers}.{layer}.{lm.arch.mlp}."
    return [name for name, _ in lm.model.named_parameters() if name.startswith(head)]


def expected_changes(lm: Any, edit: ParameterEdit, layer: int) -> torch.Tensor:
    """By the model's own meaning: from an edited copy of the MLP's matrices, neuron by neuron."""
    before = dict(lm.model.named_parameters())
    width = lm.matrix(layer).shape[1]
    squares = torch.zeros(width, dtype=torch.float64)
    for name in mlp_names(lm, layer):
        if name in edit.values:
            change = edit.values[name] - before[name]
        elif name in edit.factors:
            change = edit.factors[name].dense()
        else:
            continue
        is_down = name.endswith(f"{lm.arch.down.rsplit('.', 1)[-1]}.weight")
        if lm.arch.transposed and change.ndim == 2:
            change = change.T  # now (out, in) in every family
        if is_down:
            squares += (change**2).sum(0)
        elif name.endswith(f"{lm.arch.down.rsplit('.', 1)[-1]}.bias"):
            continue
        else:
            for j in range(width):  # phi3 keeps the gates of all neurons above their ups
                squares[j] += (change[j::width] ** 2).sum()
    return squares.sqrt()


@pytest.mark.parametrize("family_name", ["llama", "gpt2", "gptj", "phi3", "gemma3"])
def test_changes_of_parameters(tiny_lm: Any, family_name: str) -> None:
    """New values of the MLP in layer 0, low-rank changes of its matrices in layer 2; attention is ignored."""
    lm = tiny_lm(family_name)
    every = dict(lm.model.named_parameters())
    values = {name: every[name] + drawn(*every[name].shape, seed=5) for name in mlp_names(lm, 0)}
    factors = {}
    for name in mlp_names(lm, 2):
        if every[name].ndim == 2:
            rows, columns = every[name].shape
            factors[name] = Factors(drawn(rows, 2, seed=6), drawn(columns, 2, seed=7))
    other = next(name for name in every if "attn" in name and every[name].ndim == 2)
    values[other] = every[other] + 1.0
    edit = ParameterEdit(factors, values)
    changes = neuron_changes(edit, lm)
    assert list(changes) == [0, 2]
    for layer, norms in changes.items():
        np.testing.assert_allclose(norms, expected_changes(lm, edit, layer), rtol=1e-12)


def test_both_kinds_of_edit_agree(tiny_lm: Any) -> None:
    lm = tiny_lm("gpt2")  # stores the matrix the other way round
    factors = Factors(drawn(32, 2), drawn(80, 2, seed=1))
    name = f"{lm.arch.layers}.1.{lm.arch.down}.weight"
    by_name = ParameterEdit({name: Factors(factors.right, factors.left)})
    np.testing.assert_allclose(neuron_changes(by_name, lm)[1], neuron_changes(WeightEdit({1: factors}))[1])


def test_an_edit_that_does_not_fit(tiny_lm: Any) -> None:
    lm = tiny_lm()
    down = f"{lm.arch.layers}.0.{lm.arch.down}.weight"
    for edit, said in (
        (ParameterEdit(values={"nowhere": drawn(2, 2)}), "changes 'nowhere', which 'tiny-llama' lacks"),
        (ParameterEdit(values={down: drawn(80, 32)}), r"shape \(80, 32\), the model's is \(32, 80\)"),
        (ParameterEdit({down: Factors(drawn(80, 1), drawn(32, 1))}), r"shape \(80, 32\)"),
        (ParameterEdit(values={"lm_head.weight": drawn(2, 2)}), "changes no MLP neuron"),
        (WeightEdit({}), "changes no MLP neuron"),
    ):
        with pytest.raises(EditError, match=said):
            neuron_changes(edit, lm)
    with pytest.raises(EditError, match="give the unedited model"):
        neuron_changes(ParameterEdit(values={down: drawn(32, 80)}))


def with_norms(path: Path, *layers: Sequence[float]) -> None:
    """An edit of rank 1 whose neurons change by the given norms."""
    made = {
        layer: Factors(torch.tensor([[1.0], [0.0]]), torch.tensor(norms)[:, None])
        for layer, norms in enumerate(layers, 4)
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    WeightEdit(made).save(path)


def run_of(folder: Path, edits: dict[str, list[list[float]]]) -> Path:
    """A run's folder: languages to the norms of each batch."""
    for lang, batches in edits.items():
        for number, norms in enumerate(batches):
            with_norms(folder / "edits" / lang / f"{number:03d}.safetensors", norms)
    return folder


def test_overlap_by_hand(tmp_path: Path) -> None:
    """Most changed first: en 0 1 2 3, de 1 0 3 2, ja 3 2 1 0."""
    run = run_of(tmp_path, {"en": [[4, 3, 2, 1]], "de": [[3, 4, 1, 2]], "ja": [[1, 2, 3, 4]]})
    overlap = neuron_overlap(run, ("en", "de", "ja"))
    assert (overlap.width, overlap.layers) == (4, (4,))
    assert overlap.batches == {("en", "de"): 1, ("en", "ja"): 1, ("de", "ja"): 1}
    assert overlap.curve("en", "de").tolist() == [0, 1, 2 / 3, 1]
    assert overlap.curve("ja", "en").tolist() == [0, 0, 2 / 3, 1]
    assert overlap.chance(1) == 0.25
    assert overlap.rows([2])[:2] == [
        OverlapRow("en", "de", None, 2, 1.0, 0.5),
        OverlapRow("en", "de", 4, 2, 1.0, 0.5),
    ]


def test_layers_and_batches_are_averaged_and_languages_compared_with_themselves(tmp_path: Path) -> None:
    for lang, rows in (("fr", ([3, 2, 1], [1, 2, 3])), ("zh", ([3, 1, 2], [3, 2, 1]))):
        for number in range(2):
            shown = rows if number == 0 else tuple(reversed(rows))
            with_norms(
                tmp_path / "edits" / lang / f"{number:03d}.safetensors",
                *[list(map(float, row)) for row in shown],
            )
    overlap = neuron_overlap(tmp_path, ("fr", "zh"))
    assert overlap.layers == (4, 5)
    # The first neuron is the most changed in common in one of two layers, whichever the batch.
    assert overlap.shares["fr", "zh"][:, 0].tolist() == [0.5, 0.5]
    assert overlap.curve("fr", "zh")[0] == 0.5
    assert overlap.batches == {("fr", "fr"): 1, ("fr", "zh"): 2, ("zh", "zh"): 1}
    assert overlap.curve("fr", "fr").tolist() == [0, 0.5, 1]
    layers = [row.layer for row in overlap.rows([1]) if (row.first, row.second) == ("fr", "zh")]
    assert layers == [None, 4, 5]


def test_neurons_that_do_not_change_are_never_in_common(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"en": [[1, 0, 0, 0]], "zh": [[1, 0, 0, 0]]})
    assert neuron_overlap(run, ("en", "zh")).curve("en", "zh").tolist() == [1, 0.5, 1 / 3, 0.25]


def test_chance_is_what_random_edits_have(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    batches = {lang: [random.random(200).tolist() for _ in range(40)] for lang in LANGS}
    overlap = neuron_overlap(run_of(tmp_path, batches), LANGS)
    assert len(overlap.shares) == 15
    for top in (10, 50, 150):
        mean = np.mean([row.share for row in overlap.rows([top]) if row.layer is None])
        assert mean == pytest.approx(overlap.chance(top), abs=0.015)


def test_curve_against_sets(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    norms = {lang: random.random(30).astype(np.float32).tolist() for lang in ("de", "ja")}
    run = run_of(tmp_path, {lang: [one] for lang, one in norms.items()})
    curve = neuron_overlap(run, ("de", "ja")).curve("de", "ja")
    order = {lang: np.argsort(-np.array(one)) for lang, one in norms.items()}
    for top in range(1, 31):
        both = set(order["de"][:top]) & set(order["ja"][:top])
        assert curve[top - 1] == pytest.approx(len(both) / top)


def test_edits_by_parameter_name_need_the_model(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm()
    name = f"{lm.arch.layers}.1.{lm.arch.down}.weight"
    original = dict(lm.model.named_parameters())[name]
    for seed, lang in enumerate(LANGS):
        path = tmp_path / "edits" / lang / "000.safetensors"
        path.parent.mkdir(parents=True)
        ParameterEdit(values={name: original + drawn(32, 80, seed=seed)}).save(path)
    overlap = neuron_overlap(tmp_path, LANGS, lm=lm)
    assert (overlap.width, overlap.layers) == (80, (1,))
    with pytest.raises(EditError, match=r"000\.safetensors: .* give the unedited model"):
        neuron_overlap(tmp_path, LANGS)


def test_runs_that_cannot_be_compared(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", {"en": [[1, 2]], "de": [[1, 2]]})
    for langs, said in (
        (("en",), "two languages or more"),
        (("en", "ja"), "holds no edits in 'ja'"),
    ):
        with pytest.raises(RunError, match=said) as caught:
            neuron_overlap(run, langs)
        assert "\n" not in str(caught.value)
    (run / "edits" / "de" / "000.safetensors").rename(run / "edits" / "de" / "001.safetensors")
    with pytest.raises(RunError, match="no batch was edited in both en and de"):
        neuron_overlap(run, ("en", "de"))
    other = run_of(tmp_path / "other", {"en": [[1, 2]], "de": [[1, 2, 3]]})
    with pytest.raises(EditError, match="change 1 different sets of layers, of 2 widths"):
        neuron_overlap(other, ("en", "de"))


def test_a_language_without_batches() -> None:
    norms = {3: np.arange(4.0)}
    with pytest.raises(RunError, match="no batch was edited in both en and ja"):
        overlap_of({"en": {0: norms}, "ja": {}})
    with pytest.raises(EditError, match="change 0 different sets of layers"):
        overlap_of({"en": {}, "ja": {}})


def test_edits_of_different_layers() -> None:
    norms = np.arange(4.0)
    with pytest.raises(EditError, match="change 2 different sets of layers"):
        overlap_of({"fr": {0: {3: norms}}, "zh": {0: {3: norms, 4: norms}}})


@pytest.mark.parametrize("content", [b"", b"not safetensors", b"\x08\0\0\0\0\0\0\0{}"])
def test_a_damaged_edit(tmp_path: Path, content: bytes) -> None:
    run = run_of(tmp_path, {"en": [[1, 2]], "de": [[1, 2]]})
    (run / "edits" / "de" / "000.safetensors").write_bytes(content)
    with pytest.raises(EditError, match=r"de/000\.safetensors") as caught:
        neuron_overlap(run, ("en", "de"))
    assert "\n" not in str(caught.value)


def test_an_edit_that_is_not_finite(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"en": [[1, 2]], "de": [[1, float("nan")]]})
    with pytest.raises(EditError, match="holds NaN or infinity"):
        neuron_overlap(run, ("en", "de"))


@pytest.mark.parametrize("top", [0, 4])
def test_too_many_or_too_few_neurons(top: int) -> None:
    overlap = NeuronOverlap(3, (0,), {("en", "de"): 1}, {("en", "de"): np.ones((1, 3))})
    with pytest.raises(EditError, match=f"the {top} most changed neurons cannot be taken"):
        overlap.rows([top])

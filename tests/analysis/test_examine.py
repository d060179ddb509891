"""What is measured of every edit, stored and read again."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mlake.analysis.examine import Examined, examine
from mlake.analysis.examined import ability_scored, changed_neurons
from mlake.analysis.perplexity import ability_rows, held_out_langs
from mlake.editing import WeightEdit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.factors import Factors
from mlake.errors import EditError, RunError


@pytest.fixture
def lm(tiny_lm: Any) -> Any:
    return tiny_lm("llama")


def low_rank(lm: Any) -> WeightEdit:
    rows, columns = lm.matrix(1).shape
    random = torch.Generator().manual_seed(0)
    left, right = (torch.randn(n, 2, generator=random) for n in (rows, columns))
    return WeightEdit({1: Factors(left, right)})


LANGS = ("en", "ja", "fi")  # there is no held-out text in Finnish


def stored(lm: Any, edit: Any, run: Path) -> Path:
    path = run / "examined" / "ja" / "003.safetensors"
    path.parent.mkdir(parents=True)
    examine(lm, edit, LANGS).save(path)
    return path


def test_neurons_and_ability_come_back_as_they_were_measured(lm: Any, tmp_path: Path) -> None:
    edit = low_rank(lm)
    before = lm.matrix(1).clone()
    stored(lm, edit, tmp_path)
    assert torch.equal(lm.matrix(1), before)
    changed = changed_neurons(tmp_path)
    assert list(changed) == ["ja"] and list(changed["ja"]) == [3] and list(changed["ja"][3]) == [1]
    dense = edit.factors[1].dense().norm(dim=0).numpy()
    np.testing.assert_allclose(changed["ja"][3][1], dense, rtol=1e-5)
    with edit.applied(lm) as edited:
        expected = ability_rows(edited, "ja", 3, held_out_langs(LANGS))
    rows = ability_scored(tmp_path)
    assert {(row.edit_lang, row.batch, row.kind, row.scorer) for row in rows} == {
        ("ja", 3, "locality", "heldout_nll")
    }
    found = {row.probe: row.value for row in rows}
    assert len(found) == len(expected)
    for row in expected:
        assert found[f"held-out {row.test_lang} {row.sentence}"] == pytest.approx(row.nll, rel=1e-5)


def test_an_edit_of_other_weights_changes_no_neuron(lm: Any, tmp_path: Path) -> None:
    name = "model.norm.weight"
    value = dict(lm.model.named_parameters())[name].detach() * 3
    stored(lm, ParameterEdit(values={name: value}), tmp_path)
    assert changed_neurons(tmp_path) == {}
    assert len(ability_scored(tmp_path)) == 12 * 2


def test_an_edit_for_another_model_is_refused(lm: Any) -> None:
    with pytest.raises(EditError, match="layer 7"):
        examine(lm, WeightEdit({7: Factors(torch.ones(2, 1), torch.ones(2, 1))}))


def test_a_damaged_file_is_named(lm: Any, tmp_path: Path) -> None:
    path = stored(lm, low_rank(lm), tmp_path)
    path.write_bytes(path.read_bytes()[:50])
    for read in (changed_neurons, ability_scored):
        with pytest.raises(RunError, match=r"003\.safetensors is damaged"):
            read(tmp_path)


def test_a_full_disk_is_an_os_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store turns these, and nothing else, into one line."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Examined({"neurons.0": torch.zeros(3)}).save(tmp_path / "examined")
    assert not list(tmp_path.iterdir())

"""Mutated insides of sound containers: edits, trained editors, run folders. One clear line, or read well."""

import json
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file
from tests.cli.test_report import benchmark as fake_facts
from tests.cli.test_report import stored
from tests.data.test_fuzz import changed
from torch import Tensor

from mlake.analysis.examine import Examined
from mlake.analysis.examined import ability_scored, changed_neurons
from mlake.analysis.store import FORCED, held_out_row, keep_rows
from mlake.cli import main
from mlake.editing import load_edit
from mlake.editing.edits.added import NeuronEdit, Neurons
from mlake.editing.edits.columns import ColumnEdit
from mlake.editing.edits.context import ContextEdit
from mlake.editing.edits.memoir import Hash, MemoirEdit
from mlake.editing.edits.memory import Entry, MemoryEdit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.edits.reft import ReftEdit, Subspaces
from mlake.editing.edits.scoped import ScopedEdit
from mlake.editing.edits.side import SideEdit
from mlake.editing.edits.weights import WeightEdit
from mlake.editing.factors import Factors
from mlake.errors import EditError, RunError
from mlake.evaluation.store import _hash
from mlake.report.load import load_run
from mlake.scorers.row import ScoredRow

DEEP = "[" * 100_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with what is measured of its edits."""
    folder = stored(tmp_path_factory.mktemp("fuzz") / "run", fake_facts(), "direct")
    for lang in ("en", "zh"):
        tensors = {"neurons.1": torch.arange(8.0), "neurons.2": torch.ones(8), "ability.en": torch.ones(3)}
        for batch in ("000", "001"):
            Examined(tensors).save(folder / "examined" / lang / f"{batch}.safetensors")
    rows = [held_out_row(edit, 0 if edit else None, "en", at, 2.5) for edit in (None, "en") for at in (0, 1)]
    keep_rows(folder, "ability", {"languages": ["en"]}, rows)
    forced = [ScoredRow("en", 0, "direct", "0-en", "f0", "en", name, 0.5) for name in FORCED["direct"]]
    keep_rows(folder, "forced", {"langs": ["en"]}, forced)
    return folder


@pytest.fixture
def work(folder: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(folder, tmp_path / "run"))


def read(path: Path) -> Any:
    text = path.read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else json.loads(text)


def write(path: Path, value: Any, *, signed: bool = False) -> None:
    """Write the values; answers with the hash of what they now are."""
    if path.suffix != ".jsonl":
        path.write_bytes(json.dumps(value).encode())
        return
    content = b"".join(json.dumps(row).encode() + b"\n" for row in (value[:-1] if signed else value))
    if signed:
        content += json.dumps({"sha256": _hash(content)}).encode() + b"\n"
    path.write_bytes(content)


def ends_well(*words: str) -> str:
    """What a command says; it ends in numbers, or in one line. Anything else fails the test."""
    result = CliRunner().invoke(main, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 2)
    if result.exit_code:
        assert result.stderr.splitlines()[-1].startswith("mlake: error: ")
        assert len(result.stderr) < 10_000
    else:
        assert "NaN" not in result.stdout
    return result.stderr


@pytest.mark.parametrize("part", ["spec.json", "plan.json", "probes.jsonl", "answers", "analysis"])
def test_runs(folder: Path, tmp_path: Path, part: str) -> None:
    paths = sorted(path for path in folder.rglob("*.json*") if part in path.parts)
    for seed in range(10):
        draw = random.Random(f"{part} {seed}")
        work = Path(shutil.copytree(folder, tmp_path / str(seed)))
        path = work / draw.choice(paths).relative_to(folder)
        value = changed({"": read(path)}, draw)[""]
        if isinstance(value, list) or path.suffix == ".json":
            write(path, value, signed=part == "answers" and draw.random() < 0.8)
            ends_well("score", "--json", str(work))


@pytest.mark.parametrize(
    ("field", "value"),
    [("scorer", []), ("fact", []), ("edit_lang", 1), ("batch", None), ("batch", "0"), ("kind", "x"),
     ("value", []), ("value", True), ("value", float("nan")), ("value", float("inf")),
     ("asked", {}), ("test_lang", None)],
)  # fmt: skip
def test_rows_of_analyses(work: Path, field: str, value: Any) -> None:
    path = work / "analysis" / "forced.jsonl"
    head, row, *rest = read(path)
    write(path, [head, row | {field: value}, *rest])
    with pytest.raises(RunError, match="is damaged"):
        load_run(work)


def test_rows_of_analyses_without_their_settings(work: Path) -> None:
    path = work / "analysis" / "forced.jsonl"
    write(path, read(path)[1:])
    with pytest.raises(RunError, match="settings is missing"):
        load_run(work)


@pytest.mark.parametrize("name", ["spec.json", "plan.json", "probes.jsonl", "analysis/forced.jsonl"])
def test_nested_too_deeply(work: Path, name: str) -> None:
    (work / name).write_text(f"{DEEP}\n")
    with pytest.raises(RunError, match="nested too deeply"):
        load_run(work)


@pytest.mark.parametrize(
    ("name", "value"),
    [("model", []), ("data_sha256", 3), ("batch_size", "4"), ("kinds", None), ("editor", {"key": []}),
     ("editor", {"trained": {"validation": {"trained": 3}}}), ("sequence", ["batches"])],
)  # fmt: skip
def test_settings_of_another_type(work: Path, name: str, value: Any) -> None:
    spec = read(work / "spec.json")
    write(work / "spec.json", spec | {name: value})
    with pytest.raises(RunError, match=f"is damaged: {name}"):
        load_run(work)


@pytest.mark.parametrize("name", ["model", "method", "edit_langs", "data_sha256", "facts"])
def test_settings_that_are_missing(work: Path, name: str) -> None:
    spec = read(work / "spec.json")
    del spec[name]
    write(work / "spec.json", spec)
    with pytest.raises(RunError, match=f"is damaged: {name} is missing"):
        load_run(work)


@pytest.mark.parametrize(
    "tensors",
    [{"neurons.-1": torch.ones(8)}, {"neurons.x": torch.ones(8)}, {"neurons.1": torch.ones(2, 4)},
     {"neurons.1": torch.tensor(1.0)}, {"neurons.1": torch.ones(8, dtype=torch.long)},
     {"other": torch.ones(8)}, {"neurons.1": torch.ones(8, dtype=torch.bfloat16)},
     {"ability.en": torch.full((3,), torch.nan)},
     {"ability.en": torch.ones(3, 1)}],
)  # fmt: skip
@pytest.mark.parametrize("reader", [changed_neurons, ability_scored])
def test_what_was_measured_of_an_edit(
    work: Path, tensors: dict[str, Tensor], reader: Callable[[Path], Any]
) -> None:
    assert reader(work)
    save_file(tensors, work / "examined" / "en" / "000.safetensors")
    with pytest.raises(RunError, match="is damaged"):
        reader(work)


WIDE, OTHER = torch.ones(8, 2), torch.ones(8, 2)
EDITS = (
    WeightEdit(
        {1: Factors(WIDE, OTHER)}, {1: torch.ones(8, 2)}, {"edits": [{"model": "x", "model_revision": "y"}]}
    ),
    ParameterEdit({"a": Factors(WIDE, OTHER)}, {"b": torch.ones(8, 2)}, {"model": "x"}, {"c": torch.ones(2)}),
    ColumnEdit({1: torch.tensor([0, 3])}, {1: torch.ones(8, 2)}, 80, {"model": "x"}),
    ContextEdit(("A line.", "Another."), {"model_revision": "y"}),
    MemoryEdit((Entry("a", "en", "Who?", "Bo.", ("Bo",)),), torch.ones(1, 3), torch.ones(2), "tfidf"),
    SideEdit(1, WIDE, OTHER, torch.ones(8)),
    ReftEdit((("A name",),), Subspaces(torch.ones(2, 1, 4, 8), torch.ones(2, 1, 4, 8), torch.ones(2, 1, 4))),
    NeuronEdit(1, "relu", Neurons(WIDE, torch.ones(8), WIDE[:0], OTHER), WIDE[:1]),
    ScopedEdit(
        (Entry("a", "en", "Who?", "Bo.", ("Bo",)),), torch.ones(1, 3), torch.ones(2), "tfidf", scope=0.5,
        background=torch.ones(2, 3),
    ),
    MemoirEdit(
        1, WIDE, Hash(torch.ones(2), torch.arange(2)), torch.ones(1, 2, dtype=torch.uint8),
        torch.ones(1, 2, dtype=torch.uint8), 0.4,
    ),
)  # fmt: skip


def bent(tensors: Mapping[str, Tensor], draw: random.Random) -> dict[str, Tensor]:
    """The tensors with one taken out, renamed, or of another type or shape."""
    tensors = dict(tensors)
    name = draw.choice(sorted(tensors))
    one = tensors.pop(name)
    match draw.randrange(4):
        case 0:
            tensors[draw.choice([f"{name}x", "-1.left", "", "value:", "9" * 30 + ".left"])] = one
        case 1:
            kinds = (torch.int64, torch.bool, torch.complex64, torch.float8_e4m3fn, torch.float64)
            tensors[name] = one.to(draw.choice(kinds))
        case 2:
            tensors[name] = draw.choice(
                [one.reshape(-1)[0], one.reshape(-1)[:1], one.reshape(-1)[:0]]
            ).clone()
        case _:
            tensors[name] = one.double() * draw.choice([float("nan"), float("inf"), -1.0, 1e300])
    return tensors


def test_edits(tiny_lm: Any, tmp_path: Path) -> None:
    """What is read can be applied, or refused, and said again; and the model is as it was."""
    lm, path = tiny_lm("llama"), tmp_path / "edit"
    before = {name: weight.clone() for name, weight in lm.model.named_parameters()}
    outcomes = set()
    for seed in range(300):
        draw = random.Random(seed)
        edit = draw.choice(EDITS)
        head: Any = {"format": edit.format, "report": dict(edit.report)}
        tensors = dict(edit.tensors())
        if draw.random() < 0.4:
            head = changed({"": head}, draw)[""]
        else:
            tensors = bent(tensors, draw)
        save_file({name: one.clone() for name, one in tensors.items()}, path, {"mlake": json.dumps(head)})
        try:
            found = load_edit(path)
            found.save(path)
            with found.applied(lm):
                outcomes.add("applied")
        except EditError as error:
            assert "\n" not in str(error)
            outcomes.add("refused")
    assert outcomes == {"applied", "refused"}
    assert all(torch.equal(weight, before[name]) for name, weight in lm.model.named_parameters())


@pytest.mark.parametrize("edits", [3, [3], {"a": 1}, "text"])
def test_reports_of_joined_edits_that_are_none(tmp_path: Path, edits: Any) -> None:
    head = {"format": "mlake-edit/1", "report": {"edits": edits}}
    save_file({"1.left": WIDE, "1.right": OTHER}, tmp_path / "edit", {"mlake": json.dumps(head)})
    with pytest.raises(EditError, match="is damaged"):
        load_edit(tmp_path / "edit")


def test_an_edit_of_a_model_whose_name_is_half_a_character(tmp_path: Path) -> None:
    """As names of files that are no UTF-8 are."""
    WeightEdit({1: Factors(WIDE, OTHER)}, {}, {"model": "m\udcff"}).save(tmp_path / "edit")
    assert load_edit(tmp_path / "edit").report == {"model": "m\udcff"}

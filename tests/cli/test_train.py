"""``mlake train mend`` on a tiny model in a folder."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mlake.cli.lazy import LazyGroup
from mlake.cli.settings import settings_of, trained_files
from mlake.editing.mend.files import TrainedFile
from mlake.editing.mend.hypernet import GradientNetwork
from mlake.editing.mend.training import Trainer
from mlake.errors import MlakeError

FACTS = [
    {
        "fact": "sagan", "lang": lang, "question": question, "subject": subject, "new_answer": new,
        "old_answer": old,
    }
    for lang, question, subject, old, new in (
        ("en", "Where did Carl Sagan work?", "Carl Sagan", "Harvard", "BBC"),
        ("ja", "カール・セーガンの職場は？", "カール・セーガン", "パリ", "東京"),
    )
] + [
    {
        "fact": "schiller", "lang": lang, "question": question, "subject": "Schiller", "new_answer": new,
        "old_answer": old,
    }
    for lang, question, old, new in (
        ("en", "Where did Schiller work?", "Paris", "Bonn"),
        ("ja", "Schillerの職場は？", "北京", "巴黎"),
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def model(tiny_lm: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with its tokenizer, as a checkpoint."""
    lm, folder = tiny_lm("llama", layers=4), tmp_path_factory.mktemp("model")
    lm.model.float().save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    return folder  # type: ignore[no-any-return]


@pytest.fixture
def train(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``train(*flags)``: run the command in a folder of its own, on ``my.jsonl``."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    lines = (json.dumps(fact) + "\n" for fact in FACTS)
    Path("my.jsonl").write_text("".join(lines), encoding="utf-8")
    table = {"train": ("mlake.cli.train:train", "Train what a method needs before it can edit.")}

    def run(*flags: str, method: str = "mend") -> Result:
        base = ["train", method, "--model", str(model), "--data", "my.jsonl", "--rank", "4"]
        return CliRunner().invoke(LazyGroup("mlake", table=table), [*base, *flags], catch_exceptions=False)

    return run


def test_train(train: Callable[..., Result]) -> None:
    done = train("--steps", "12", "--out", "mend.safetensors", "--lang", "ja", "--batch-size", "2")
    assert done.exit_code == 0, done.output
    file = TrainedFile.read(Path("mend.safetensors"), GradientNetwork)
    assert f"wrote mend.safetensors: 12 steps, sha256 {file.sha256}" in done.stdout
    assert "mend: never tried on facts that it was not trained on; train on more facts" in done.stdout
    assert "training mend" in done.stderr and "edit=" in done.stderr and "locality=" in done.stderr
    assert (file.head["langs"], file.head["facts"], file.head["step"]) == (["ja"], [0, 2], 12)
    assert file.head["settings"]["batch_size"] == 2 and file.head["dtype"] == "float32"
    assert "time" not in json.dumps(file.head)


def test_training_goes_on_in_the_default_place(train: Callable[..., Result], tmp_path: Path) -> None:
    assert train("--steps", "11").exit_code == 0
    (path,) = (tmp_path / "cache" / "mend").iterdir()
    again = train("--steps", "13")
    assert again.exit_code == 0 and f"note: goes on after step 11 of {path}" in again.stderr
    assert train("--steps", "13", "--out", "whole").exit_code == 0
    assert path.read_bytes() == Path("whole").read_bytes()
    same = train("--steps", "13")
    assert same.exit_code == 0 and path.read_bytes() == Path("whole").read_bytes()
    fewer = train("--steps", "12")
    assert fewer.exit_code == 2
    assert re.search(r"was trained for 13 steps already; give more --steps\n$", fewer.stderr)
    other = train("--steps", "14", "--lang", "en")
    assert other.exit_code == 2 and 'was trained with langs ["en", "ja"], now ["en"]' in other.stderr


def test_an_interrupted_training_is_kept_and_goes_on(
    train: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = Trainer.advance, []

    def advance(self: Trainer) -> dict[str, float]:
        seen.append(self.step)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return real(self)

    monkeypatch.setattr(Trainer, "advance", advance)
    stopped = train("--steps", "12", "--out", "mend")
    assert stopped.exit_code == 130 and "interrupted" in stopped.stderr
    assert TrainedFile.read(Path("mend"), GradientNetwork).head["step"] == 3
    again = train("--steps", "12", "--out", "mend")
    assert again.exit_code == 0 and "note: goes on after step 3 of mend" in again.stderr
    assert train("--steps", "12", "--out", "whole").exit_code == 0
    assert Path("mend").read_bytes() == Path("whole").read_bytes()


def test_dry_run(train: Callable[..., Result], tmp_path: Path) -> None:
    done = train("--dry-run", "--steps", "600")
    assert done.exit_code == 0
    assert re.fullmatch(
        r"about \d+\.\d\d s per step, \d+ min for 600 steps \(from 4 of them\)\n", done.stdout
    )
    assert not (tmp_path / "cache" / "mend").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--lang", "xx"], "unknown language 'xx'"),
        (["--lang", "de"], "no fact to train on is stated in 'de'"),
        (["--facts", "1:9"], "is no slice of the 2 facts"),
        (["--dtype", "fp8"], "unknown dtype 'fp8'"),
        (["--out", "my.jsonl"], "my.jsonl is no trained editor"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    train: Callable[..., Result], flags: list[str], message: str
) -> None:
    done = train(*flags)
    assert done.exit_code == 2 and done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("mlake: error: ")]
    assert message in line


def test_methods_that_are_not_trained_are_refused(train: Callable[..., Result]) -> None:
    for name, message in (
        ("rome", "rome needs no training; .*trained are: mend, ke"),
        ("men", "Did you mean 'mend'"),
    ):
        done = train(method=name)
        assert done.exit_code == 2 and re.search(message, done.stderr)


def test_a_trained_file_is_named_by_its_method() -> None:
    found = settings_of((), no_subject=False, trained=("mend=some/file",), method="mend")
    assert found == {"trained": "some/file"}
    assert settings_of((), no_subject=False, trained=("mend=some/file",), method="rome") == {}
    for pair, message in (
        ("mend", "takes METHOD=FILE"),
        ("rome=a", "needs no training"),
        ("x=a", "'x'"),
    ):
        with pytest.raises(MlakeError, match=message):
            trained_files((pair,))

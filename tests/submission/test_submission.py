"""A run is submitted and checked; whatever is wrong with a submission is one line."""

import io
import json
import lzma
import tarfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.cli.test_report import Edit, Fakes, benchmark

from mlake.cli import main
from mlake.data import DATASETS
from mlake.data.dataset import Dataset
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import Engine, run
from mlake.evaluation.spec import RunSpec
from mlake.evaluation.store import Store
from mlake.records import Benchmark, Statement
from mlake.report.load import load_run
from mlake.submission import files
from mlake.submission.check import checked
from mlake.submission.files import ANSWERS, CLAIM
from mlake.submission.make import submission

DATA = benchmark()
Changed = Callable[[dict[str, Any]], None]


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The data set that was asked, under its name."""
    row = Dataset("fake", lambda row, files: DATA, "here", "none", 4)
    monkeypatch.setitem(DATASETS, "fake", row)
    return row


def refusing(*facts: str) -> Callable[[Statement], str | None]:
    """A method that cannot edit these facts in Chinese."""
    return lambda one: (
        f"fact {one.fact!r}: {one.question}" if (one.fact, one.lang) in _in("zh", facts) else None
    )


def _in(lang: str, facts: tuple[str, ...]) -> set[tuple[str, str]]:
    return {(fact, lang) for fact in facts}


def finished(folder: Path, asked: Benchmark = DATA, *refused: str, **changes: Any) -> Path:
    """A finished run over the data."""
    settings: dict[str, Any] = {
        "model": "org/fake", "model_revision": "m1", "dtype": "float32", "template": "Q: {question}\nA:",
        "data": "fake", "data_revision": "r1", "data_sha256": "0" * 64, "facts": (0, 4), "method": "rome",
        "editor": {"layers": [3]}, "edit_langs": ("en", "zh"), "test_langs": ("en", "zh"),
        "kinds": ("direct",), "batch_size": 2, "locality": 1,
    }  # fmt: skip
    spec = RunSpec(**settings | changes)
    fakes: Any = Fakes()
    editor = fakes if spec.edit_langs else None
    engine = Engine({}, editor, fakes.answer, Edit.load, lambda seed: None)
    with Store.open(folder, spec) as store:
        run(make_plan(spec, asked, refusal=refusing(*refused)), store, engine)
    return folder


def mlake(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """A submission of a run that refused a fact."""
    return written(finished(tmp_path / "run", DATA, "f1"), tmp_path / "sent")


def written(run: Path, into: Path) -> Path:
    result = mlake("submit", run, "--out", into)
    assert result.exit_code == 0, result.output
    (folder,) = into.iterdir()
    assert result.stdout.startswith(f"wrote {folder}; ")
    return folder


def test_what_is_sent_is_what_was_scored(sent: Path, tmp_path: Path) -> None:
    assert sent.name.startswith("rome-fake-fake-") and {one.name for one in sent.iterdir()} == {
        CLAIM,
        ANSWERS,
    }
    result = mlake("submit", "--check", sent)
    assert result.exit_code == 0, result.output
    own = mlake("score", tmp_path / "run").stdout
    assert (
        result.stdout
        == f"{own}{sent} holds what it claims: {len(load_run(tmp_path / 'run').asked)} answers\n"
    )


def test_the_same_run_gives_the_same_bytes(sent: Path, tmp_path: Path) -> None:
    again = written(tmp_path / "run", tmp_path / "again")
    assert again.name == sent.name
    for name in (CLAIM, ANSWERS):
        assert (again / name).read_bytes() == (sent / name).read_bytes()


def test_no_text_of_the_data_is_in_it(sent: Path) -> None:
    content = (sent / CLAIM).read_text(encoding="utf-8")
    with tarfile.open(sent / ANSWERS) as archive:
        opened = [archive.extractfile(one) for one in archive]
        content += "".join(one.read().decode() for one in opened if one)
    texts = [probe.text for fact in DATA.facts for probe in fact.probes]
    assert texts and not any(text in content for text in texts)
    notes = json.loads((sent / CLAIM).read_text(encoding="utf-8"))["plan"]["notes"]
    assert "not edited in zh: 1 facts that the method or the model refuses" in notes


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": "batches"},
        {"sequence": "languages"},
        {"edit_langs": ("en+zh",)},
        {"edit_langs": ("zh", "en+zh")},
        {"method": "none", "editor": {}, "edit_langs": ()},
        {"kinds": ("direct", "negation"), "locality": 0},
    ],
)
def test_every_form_of_run_can_be_checked(changes: dict[str, Any], tmp_path: Path) -> None:
    from mlake.data.derived import derived

    data = derived(DATA, changes.get("kinds", ()))
    folder = written(finished(tmp_path / "run", data, "f1", **changes), tmp_path / "sent")
    assert [row["value"] for row in checked(folder).rows] == [
        row["value"] for row in load_run(tmp_path / "run").rows
    ]


def test_places_on_somebodys_machine_stay_there(tmp_path: Path) -> None:
    editor = {"trained": "/home/ann/nets/mend.safetensors", "other": [r"C:\Users\ann\x.json", "~/y.json"]}
    run = finished(tmp_path / "run", model="/home/ann/models/llama", editor=editor)
    folder = written(run, tmp_path / "sent")
    spec = json.loads((folder / CLAIM).read_text(encoding="utf-8"))["spec"]
    assert spec["model"] == "llama"
    assert spec["editor"] == {"trained": "mend.safetensors", "other": ["x.json", "y.json"]}
    assert checked(folder).spec["model"] == "llama"


def test_questions_too_long_for_a_model_are_left_out(tmp_path: Path) -> None:
    left = replace(DATA.facts[0], probes=DATA.facts[0].probes[1:])
    run = finished(tmp_path / "run", replace(DATA, facts=(left, *DATA.facts[1:])))
    plan = json.loads((run / "plan.json").read_text(encoding="utf-8"))
    plan["notes"].append(
        "questions of the data that do not fit, with answers of 8 tokens, into …: 1: not asked"
    )
    (run / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    assert len(checked(written(run, tmp_path / "sent")).asked) == len(load_run(run).asked)


def test_a_run_that_is_not_finished_is_not_sent(tmp_path: Path) -> None:
    run = finished(tmp_path / "run")
    (run / "answers/zh/001-en.jsonl").unlink()
    refused(
        mlake("submit", run, "--out", tmp_path / "out"), "is not finished: 1 units of answers", "zh/001-en"
    )
    assert not (tmp_path / "out").exists()


def test_a_run_on_facts_of_ones_own_is_not_sent(tmp_path: Path) -> None:
    run = finished(tmp_path / "run", data="my.jsonl")
    refused(mlake("submit", run, "--out", tmp_path / "out"), "'my.jsonl', which nobody else can load by name")


def refused(result: Result, *says: str) -> None:
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1
    for one in says:
        assert one in result.stderr


def changed(sent: Path, change: Changed) -> None:
    claim = json.loads((sent / CLAIM).read_text(encoding="utf-8"))
    change(claim)
    (sent / CLAIM).write_text(json.dumps(claim), encoding="utf-8")


def put(*place: str | int, value: Any) -> Changed:
    def change(claim: Any) -> None:
        for part in place[:-1]:
            claim = claim[part]
        claim[place[-1]] = value

    return change


CONTAINS = ("scores", "contains|v3", "direct", "en", "en")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (put("format", value="mlake-submission/0"), "has format 'mlake-submission/0'"),
        (put("scores", value=[]), "scores is missing or no JSON object"),
        (put(*CONTAINS, value=[0.5, 4]), "contains|v3 direct en en is [0.5, 4] there and [1.0, 4] here"),
        (put(*CONTAINS, value="high"), "contains|v3 direct en en is ['high'] there"),
        (put("scores", "contains|v9", value={}), "scored by other scorers, such as contains|v9"),
        (put("spec", "data_sha256", value="1" * 64), "on another version of 'fake'"),
        (put("spec", "data", value="fakes"), "Did you mean 'fake'"),
        (put("spec", "batch_size", value="2"), "batch_size is missing or of another type"),
        (put("spec", "batch_size", value=4), "asks other questions than its settings"),
        (put("spec", "facts", value=[0, 3]), "asks other questions than its settings"),
        (put("spec", "facts", value=[0, 9]), "end after fact 4"),
        (put("spec", "kinds", value=["direct", "multihops"]), "Did you mean 'multihop'"),
        (put("spec", "mood", value="good"), "unexpected keyword argument 'mood'"),
        (put("plan", "units", "en/000-en", value=9), "9"),
        (put("plan", "units", "en/009-en", value=1), "answers/en/009-en.jsonl is missing or too much"),
        (put("plan", "units", "../../x", value=1), "is no unit"),
        (put("plan", "batches", value=[["f0"], ["f1"]]), "has other batches"),
        (put("plan", "notes", value=[]), "1 edits are missing and nothing says why, such as of 'f1' in zh"),
        (put("sha256", "answers.tar.xz", value="0" * 64), "is cut off or of another submission"),
    ],
)
def test_what_contradicts_itself_is_one_line(sent: Path, change: Changed, says: str) -> None:
    changed(sent, change)
    refused(mlake("submit", "--check", sent), says, str(sent) if "Did you" not in says else "")


def test_a_claim_that_is_cut_off_is_one_line(sent: Path) -> None:
    content = (sent / CLAIM).read_bytes()
    (sent / CLAIM).write_bytes(content[: len(content) // 2])
    refused(mlake("submit", "--check", sent), "submission.json cannot be read", "submit the run again")


def test_no_submission_is_one_line(sent: Path, tmp_path: Path) -> None:
    refused(mlake("submit", "--check", tmp_path), "holds no submission")
    (sent / ANSWERS).unlink()
    refused(mlake("submit", "--check", sent), "cannot read", "both files of a submission are needed")


def packed(sent: Path, change: Callable[[dict[str, bytes]], None], kind: bytes = tarfile.REGTYPE) -> None:
    """Change the answers, and the hash with them."""
    with tarfile.open(sent / ANSWERS) as archive:
        held = {one.name: file.read() for one in archive if (file := archive.extractfile(one))}
    change(held)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:xz") as archive:
        for name, lines in held.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "" if kind == tarfile.REGTYPE else "spec.json"
            member.size = len(lines) if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(lines))
    anew(sent, content.getvalue())


def anew(sent: Path, content: bytes) -> None:
    (sent / ANSWERS).write_bytes(content)
    changed(sent, put("sha256", ANSWERS, value=sha256(content).hexdigest()))


def swapped(held: dict[str, bytes]) -> None:
    lines = held["answers/en/000-en.jsonl"].splitlines(keepends=True)
    held["answers/en/000-en.jsonl"] = b"".join([lines[1], lines[0], *lines[2:-1]])


def another(held: dict[str, bytes]) -> None:
    lines = held["answers/en/000-en.jsonl"].splitlines(keepends=True)[:-1]
    held["answers/en/000-en.jsonl"] = b"".join(lines).replace(b"0-en", b"7-en")


def better(held: dict[str, bytes]) -> None:
    lines = held["answers/en/000-zh.jsonl"].splitlines(keepends=True)[:-1]
    held["answers/en/000-zh.jsonl"] = b"".join(lines).replace("法国".encode(), "意大利".encode())


def damaged(held: dict[str, bytes]) -> None:
    held["answers/en/000-en.jsonl"] = held["answers/en/000-en.jsonl"].replace(b"Italy", b"Spain")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (swapped, "it answers other questions than planned"),
        (another, "'7-en' of answers/en/000-en.jsonl is not in"),
        (better, "claims other scores than its answers have"),
        (damaged, "its lines are not those that were written"),
        (lambda held: held.pop("answers/en/000-en.jsonl"), "000-en.jsonl is missing or too much"),
        (lambda held: held.update({"../../x": b"x"}), "../../x is missing or too much"),
    ],
)
def test_answers_that_were_tampered_with_are_one_line(sent: Path, change: Any, says: str) -> None:
    packed(sent, change)
    refused(mlake("submit", "--check", sent), says, str(sent))


def test_an_archive_that_is_none_is_one_line(sent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (sent / ANSWERS).read_bytes()
    for wrong in (content[:-200], b"answers", b""):
        anew(sent, wrong)
        refused(mlake("submit", "--check", sent), "is damaged or cut off", str(sent))
    packed_content = lzma.decompress(content)
    anew(sent, packed_content)  # a plain archive holds the same
    assert mlake("submit", "--check", sent).exit_code == 0
    monkeypatch.setattr(files, "_LARGEST", 100)
    refused(mlake("submit", "--check", sent), "holds more than answers")


def test_links_are_refused(sent: Path) -> None:
    packed(sent, lambda held: None, kind=tarfile.SYMTYPE)
    refused(mlake("submit", "--check", sent), "holds more than answers")


def test_submission_names_files_as_the_checker_reads_them(tmp_path: Path) -> None:
    name, made = submission(finished(tmp_path / "run"))
    assert set(made) == {CLAIM, ANSWERS} and "/" not in name

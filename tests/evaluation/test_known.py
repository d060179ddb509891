"""Answers of unedited models kept between runs: nothing is asked twice, nothing damaged is believed."""

import errno
import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlake.errors import ModelError
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import run
from mlake.evaluation.store import Store
from mlake.evaluation.unedited import Known
from mlake.records import Answer

from .worker import Fakes, benchmark, make_spec

QUESTIONS = (
    "Who leads it?", "Wer führt es?", "Qui l'a fondé\u2028?", "誰が長ですか？", "谁领导它？", "\ud800?",
)  # fmt: skip


def ignore(_done: int) -> None:
    pass


class Speaker:
    """Answers with its name and remembers what it was asked."""

    def __init__(self, name: str = "one"):
        self.name = name
        self.asked: list[str] = []

    def __call__(self, lm: Any, questions: Sequence[str], progress: Any) -> list[Answer]:
        self.asked += questions
        return [Answer(f"{self.name}: {one}", one != QUESTIONS[0]) for one in questions]


def ask(known: Known, speaker: Speaker, questions: Sequence[str] = QUESTIONS) -> list[Answer]:
    return list(known.before(speaker)(None, questions, ignore))


class Greedy(Fakes):
    """Equal questions get equal answers."""

    def answer(self, lm: Any, questions: Sequence[str], progress: Any) -> list[Answer]:
        self.log.append(f"answer {len(questions)}")
        return [Answer(f"{lm.get(one, 'nobody 🤷 ' + one)}", True) for one in questions]


def finish(folder: Path, known: Known | None, **changes: object) -> Fakes:
    fakes, spec = Greedy(), make_spec(**changes)
    engine = fakes.engine()
    if known is not None:
        engine = replace(engine, unedited=known.before(fakes.answer))
    with Store.open(folder, spec) as store:
        run(make_plan(spec, benchmark()), store, engine)
    return fakes


def unedited(folder: Path) -> dict[str, tuple[str, bool]]:
    rows = [
        json.loads(line)
        for path in (folder / "answers/unedited").iterdir()
        for line in path.read_text().splitlines()
    ]
    return {row["probe"]: (row["text"], row["stopped"]) for row in rows if "probe" in row}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_runs_are_the_same_with_and_without(tmp_path: Path) -> None:
    finish(tmp_path / "plain", None)
    known = Known(tmp_path / "known.jsonl")
    finish(tmp_path / "first", known)
    assert (known.reused, known.wanted) == (0, 36)
    assert contents(tmp_path / "first") == contents(tmp_path / "plain")


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "other"},
        {"edit_langs": ("ja",)},
        {"facts": (2, 4)},
        {"batch_size": 3, "locality": 1},
        {"seed": 7},
        {"kinds": ("multihop",), "test_langs": ("ja", "en")},
    ],
)
def test_another_run_on_the_same_model_asks_it_nothing(tmp_path: Path, changes: dict[str, Any]) -> None:
    finish(tmp_path / "first", Known(tmp_path / "known.jsonl"))
    before = (tmp_path / "known.jsonl").read_bytes()
    known = Known(tmp_path / "known.jsonl")
    fakes = finish(tmp_path / "second", known, **changes)
    spec = make_spec(**changes)
    edited = [unit for step in make_plan(spec, benchmark()).steps for unit in step.units if unit.questions]
    assert len([one for one in fakes.log if one.startswith("answer")]) == len(edited)
    assert known.reused == known.wanted > 0
    first, second = unedited(tmp_path / "first"), unedited(tmp_path / "second")
    assert second == {probe: first[probe] for probe in second}
    assert (tmp_path / "known.jsonl").read_bytes() == before


def test_what_is_known_by_now(tmp_path: Path) -> None:
    path = tmp_path / "known.jsonl"
    known = Known(path)
    assert known.among(QUESTIONS) == set() and not path.exists()
    ask(Known(path), Speaker(), QUESTIONS[:4])
    assert known.among([*QUESTIONS, QUESTIONS[3]]) == set(QUESTIONS[:4])
    assert (known.reused, known.wanted) == (0, 0)


def test_only_new_questions_are_asked(tmp_path: Path) -> None:
    first = Speaker()
    ask(Known(tmp_path / "a" / "known.jsonl"), first, QUESTIONS[:3])
    known, second, told = Known(tmp_path / "a" / "known.jsonl"), Speaker("two"), list[int]()
    mixed = (QUESTIONS[4], QUESTIONS[1], QUESTIONS[4], QUESTIONS[5], QUESTIONS[0])
    found = known.before(second)(None, mixed, told.append)
    names = ["two", "one", "two", "two", "one"]
    assert [one.text for one in found] == [f"{name}: {q}" for name, q in zip(names, mixed, strict=True)]
    assert [one.stopped for one in found] == [True, True, True, True, False]
    assert second.asked == [QUESTIONS[4], QUESTIONS[5]]
    assert (known.reused, known.wanted, told) == (2, 5, []), "what is known was no work"
    assert ask(Known(tmp_path / "a" / "known.jsonl"), Speaker("three"), mixed) == found


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b'{"question": "Who leads it?", "text": "x", "stopp',
        b'{"question": "Who leads it?", "text": "x"}',
        b'{"question": "Who leads it?", "text": "x", "stopped": 1}',
        b'{"question": "Who leads it?", "text": null, "stopped": true}',
        b'["Who leads it?", "x", true]',
        b"\xff\xfe\x00",
        b"\0" * 64,
    ],
)
@pytest.mark.parametrize("end", [b"\n", b""])
def test_damaged_line_is_asked_again(tmp_path: Path, damage: bytes, end: bytes) -> None:
    path = tmp_path / "known.jsonl"
    ask(Known(path), Speaker("whole"), QUESTIONS[1:])
    path.write_bytes(path.read_bytes() + damage + end)
    again = Speaker("again")
    found = ask(Known(path), again)
    assert again.asked == [QUESTIONS[0]]
    assert [one.text.split(":")[0] for one in found] == ["again"] + ["whole"] * 5
    last = Speaker("last")
    assert ask(Known(path), last) == found, "what was added after the damage is whole"
    assert last.asked == []


def test_every_cut_of_the_file_costs_no_more_than_the_cut_answers(tmp_path: Path) -> None:
    path = tmp_path / "known.jsonl"
    expected = ask(Known(path), Speaker())
    whole = path.read_bytes()
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        speaker = Speaker()
        assert ask(Known(path), speaker) == expected
        assert len(speaker.asked) == len(QUESTIONS) - whole[:cut].count(b"}\n")


def test_runs_at_once_share_and_the_first_answer_stands(tmp_path: Path) -> None:
    path = tmp_path / "known.jsonl"
    one, two = Known(path), Known(path)
    ask(one, Speaker("one"), QUESTIONS[:2])
    late = Speaker("two")
    assert ask(two, late, QUESTIONS[:3])[0].text.startswith("one")
    assert late.asked == [QUESTIONS[2]]

    def meanwhile(lm: Any, questions: Sequence[str], progress: Any) -> list[Answer]:
        ask(two, late, [QUESTIONS[3]])
        return [Answer("one too", True) for _ in questions]

    assert one.before(meanwhile)(None, [QUESTIONS[3]], ignore)[0].text == "one too"
    assert ask(Known(path), Speaker("three"), [QUESTIONS[3]])[0].text.startswith("two")


WRITER = """
import sys
from pathlib import Path
from mlake.evaluation.unedited import Known
from mlake.records import Answer

name = sys.argv[2]
known = Known(Path(sys.argv[1]))
ask = known.before(lambda lm, questions, progress: [Answer(name * 3000, True) for _ in questions])
for at in range(60):
    ask(None, [f"{name} {at} {part}" for part in range(5)], lambda done: None)
"""


def test_two_writers_leave_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "known.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    rows = [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
    assert sorted(row["question"] for row in rows) == sorted(
        f"{name} {at} {part}" for name in "ab" for at in range(60) for part in range(5)
    )
    assert all(row["text"] == row["question"][0] * 3000 for row in rows)


def test_unwritable_folder_is_a_warning_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    known, speaker = Known(tmp_path / "file" / "known.jsonl"), Speaker()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            ask(known, speaker)
    assert speaker.asked == list(QUESTIONS), "known within the run all the same"
    (record,) = caplog.records
    assert record.getMessage().startswith("cannot write to the cache ")
    assert "Not a directory" in record.getMessage() and "MLAKE_CACHE" in record.getMessage()


def test_full_disk_is_a_warning_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = Path.open

    def full(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if mode == "ab" and path.name == "known.jsonl":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    finish(tmp_path / "run", Known(tmp_path / "known.jsonl"))
    assert [one.levelname for one in caplog.records] == ["WARNING"]
    assert "No space left on device" in caplog.text
    finish(tmp_path / "plain", None)
    assert contents(tmp_path / "run") == contents(tmp_path / "plain")


def test_each_setting_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path))
    paths = {Known.of({"model": name, "dtype": dtype}).path for name in "ab" for dtype in "cd"}
    assert len(paths) == 4
    assert {path.parent for path in paths} == {tmp_path / "answers"}
    assert Known.of({"dtype": "c", "model": "a"}).path in paths


def test_answers_are_kept_a_few_at_a_time(tmp_path: Path) -> None:
    speaker = Speaker()

    def failing(lm: Any, questions: Sequence[str], progress: Any) -> list[Answer]:
        if len(speaker.asked) >= 4:
            raise ModelError("the server is gone")
        return speaker(lm, questions, progress)

    with pytest.raises(ModelError):
        Known(tmp_path / "known").before(failing, 2)(None, QUESTIONS, ignore)
    again = Speaker("two")
    found = Known(tmp_path / "known").before(again, 2)(None, QUESTIONS, ignore)
    assert again.asked == list(QUESTIONS[4:])
    assert [one.text.partition(":")[0] for one in found] == ["one"] * 4 + ["two"] * 2

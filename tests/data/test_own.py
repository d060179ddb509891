from pathlib import Path
from typing import Any

import pytest

from mlake.data import load
from mlake.data.own.init import init
from mlake.data.own.read import is_place
from mlake.errors import DataError, UnknownNameError


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        *((path, True) for path in ("a.jsonl", "a.json", "a.CSV", "a.tsv", "a/b", "here", "link")),
        *((path, False) for path in ("kebench", "a.jsn", "x" * 5000, "a\0b")),
    ],
)
def test_what_is_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, expected: bool) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here").mkdir()
    Path("link").symlink_to("nothing")
    assert is_place(Path(path)) is expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("link", "it is a link to nothing, which is not there"),
        ("a\0/b", "null byte"),
        ("x" * 5000 + "/a", "too long"),
    ],
)
def test_places_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to("nothing")
    with pytest.raises(DataError, match=message):
        load(name)


def test_a_start_loads(tmp_path: Path) -> None:
    written = init(tmp_path / "new" / "facts")
    assert [path.name for path in written] == ["facts.jsonl", "facts.csv", "README.md", "facts.schema.json"]
    whole, table = load(written[0]), load(written[1])
    assert (whole.langs, table.langs, whole.notes, table.notes) == (("en", "de"), ("en",), (), ())
    assert [fact.id for fact in whole.facts] == [fact.id for fact in table.facts]
    for fact, row in zip(whole.facts, table.facts, strict=True):
        for lang in whole.langs:
            kinds = [probe.kind for probe in fact.probes if probe.lang == lang]
            assert kinds == ["direct", "paraphrase", "multihop", "locality"]
            assert fact.stated(lang).subject and fact.stated(lang).old
        said, cells = fact.stated("en"), row.stated("en")
        assert (said.question, said.subject, said.old, said.new) == (
            (cells.question, cells.subject, cells.old, cells.new)
        )
        assert {probe.text for probe in row.probes} <= {probe.text for probe in fact.probes}


def test_a_start_fills_an_empty_folder_and_overwrites_nothing(tmp_path: Path) -> None:
    init(tmp_path)
    (tmp_path / "facts.jsonl").write_text("mine")
    with pytest.raises(DataError, match="is not empty and nothing in it is overwritten; name a new folder"):
        init(tmp_path)
    assert (tmp_path / "facts.jsonl").read_text() == "mine"


def test_a_start_where_no_folder_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for place in ("file", "file/new", "link"):
        with pytest.raises(DataError, match=r"cannot write to the folder .*; name another one"):
            init(tmp_path / place)


def test_an_unknown_name_is_no_place() -> None:
    with pytest.raises(UnknownNameError, match="unknown data set 'facts'"):
        load("facts")


def test_a_full_disk_leaves_no_half_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def full(path: Path, *args: Any, **settings: Any) -> Any:
        if path.name == "README.md" and "xb" in args:
            raise OSError(28, "No space left on device")
        return real(path, *args, **settings)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DataError, match="No space left on device; name another one"):
        init(tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())

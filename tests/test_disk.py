"""The cache: what cannot be written is said once, what is damaged counts as not there."""

import logging
from pathlib import Path

import pytest

from mlake.disk import keep, keep_json, kept_json, write_atomic


@pytest.mark.parametrize("value", [["a", "b"], {"a": 1}, "text\nof two lines", 0, "\ud800"])
def test_a_json_value_comes_back(tmp_path: Path, value: object) -> None:
    assert keep_json(tmp_path / "deep" / "value", value)
    assert kept_json(tmp_path / "deep" / "value") == value


def test_damage_of_any_byte_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "value"
    keep_json(path, ["a", 12])
    whole = path.read_bytes()
    for at in range(len(whole) - 1):  # the last line end says nothing
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert kept_json(path) is None, at
        path.write_bytes(whole[:at])
        assert kept_json(path) is None, at
    path.write_bytes(b"")
    assert kept_json(path) is None
    path.unlink()
    assert kept_json(path) is None


def test_a_cache_that_cannot_be_written_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        assert not keep(tmp_path / "file" / "a", b"a")
        assert not keep_json(tmp_path / "file" / "b", [])
    (record,) = caplog.records
    assert "File exists" in record.getMessage() and "MLAKE_CACHE" in record.getMessage()


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_bytes(b"before")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(tmp_path / "file", b"after")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"before"

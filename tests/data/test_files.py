import hashlib
import io
import os
import urllib.error
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlake.data.files import Files
from mlake.disk import cache_dir, write_atomic
from mlake.errors import DataError, DownloadError

DATA = {"c1/dataset/a.json": b"[1]", "c1/dataset/b.json": b"[2]", "c2/dataset/c.json": b"[3]"}
HASHES = {path: hashlib.sha256(data).hexdigest() for path, data in DATA.items()}


class Web:
    """A stand-in for urlopen: serves ``DATA``, can break at one request, remembers what was asked."""

    def __init__(self, failing: int | None = None, body: bytes | None = None, error: Exception | None = None):
        self.failing, self.body, self.error = failing, body, error
        self.asked: list[str] = []
        self.requests: list[Any] = []

    def __call__(self, request, timeout):
        assert timeout > 0
        if len(self.asked) == self.failing:
            raise self.error or urllib.error.URLError("no route to host")
        self.requests.append(request)
        path = request.full_url.removeprefix("https://example.org/")
        self.asked.append(path)
        return io.BytesIO(DATA[path] if self.body is None else self.body)


def files(tmp_path: Path, **options) -> Files:
    return Files("demo", "https://example.org/{path}", HASHES, cache=tmp_path / "cache", **options)


def test_downloads_once_and_keeps_the_files(tmp_path):
    web = Web()
    assert files(tmp_path, opener=web).read_all() == DATA
    assert web.asked == list(DATA)
    assert web.requests[0].get_header("User-agent").startswith("mlake")
    assert files(tmp_path, opener=Web(failing=0)).read_all() == DATA


def test_resumes_after_a_failure(tmp_path):
    with pytest.raises(
        DownloadError,
        match=r"no route to host; go online, or pass --mirror DIR: .* holds c1/dataset/a.json and 2 more",
    ):
        files(tmp_path, opener=Web(failing=2)).read_all()
    web = Web()
    assert files(tmp_path, opener=web).read_all() == DATA
    assert web.asked == ["c2/dataset/c.json"]


@pytest.mark.parametrize(
    "error", [TimeoutError(), urllib.error.URLError("x\ny"), ConnectionResetError(104, "reset")]
)
def test_errors_are_one_line(tmp_path, error):
    with pytest.raises(DownloadError, match=r"could not fetch https://example.org/c1") as caught:
        files(tmp_path, opener=Web(failing=0, error=error)).read_all()
    assert "\n" not in str(caught.value)


def test_a_damaged_cache_file_is_fetched_again(tmp_path):
    files(tmp_path, opener=Web()).read_all()
    (tmp_path / "cache/datasets/demo/c1/dataset/b.json").write_bytes(b"[")
    web = Web()
    assert files(tmp_path, opener=web).read_all() == DATA
    assert web.asked == ["c1/dataset/b.json"]


def test_what_was_fetched_is_verified_before_it_is_kept(tmp_path):
    with pytest.raises(
        DataError, match=r"a.json is not the published file: expected SHA-256 [0-9a-f]{64}, got"
    ):
        files(tmp_path, opener=Web(body=b"<html>")).read_all()
    assert not list((tmp_path).rglob("*.json"))


def test_mirror_needs_no_network_and_is_verified(tmp_path):
    for path, data in DATA.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    mirrored = files(tmp_path, mirror=tmp_path, opener=Web(failing=0))
    assert mirrored.read_all() == DATA
    (tmp_path / "c1/dataset/b.json").write_bytes(b"[2] ")
    got = hashlib.sha256(b"[2] ").hexdigest()
    with pytest.raises(
        DataError, match=rf"b.json is not the published file.*{HASHES['c1/dataset/b.json']}.*{got}"
    ):
        mirrored.read_all()
    (tmp_path / "c1/dataset/b.json").unlink()
    with pytest.raises(
        DataError, match=r"cannot read .*b.json: No such file.*holds c1/dataset/a.json and 2 more"
    ):
        mirrored.read_all()


def unpublished(tmp_path: Path, **options) -> Files:
    return Files(
        "demo",
        "https://example.org/{path}",
        {**HASHES, "c2/dataset/c.json": ""},
        cache=tmp_path / "cache",
        **options,
    )


def test_a_file_without_published_hash_is_recorded_once(tmp_path):
    assert unpublished(tmp_path, opener=Web()).read_all() == DATA
    record = tmp_path / "cache/datasets/demo/c2/dataset/c.json.sha256"
    assert record.read_text() == HASHES["c2/dataset/c.json"] + "\n"
    assert unpublished(tmp_path, opener=Web(failing=0)).read_all() == DATA
    assert sorted(path.name for path in (tmp_path / "cache").rglob("*.sha256")) == ["c.json.sha256"]


def test_a_recorded_file_that_was_damaged_is_fetched_again(tmp_path):
    unpublished(tmp_path, opener=Web()).read_all()
    (tmp_path / "cache/datasets/demo/c2/dataset/c.json").write_bytes(b"[")
    web = Web()
    assert unpublished(tmp_path, opener=web).read_all() == DATA
    assert web.asked == ["c2/dataset/c.json"]


def test_a_recorded_file_may_not_change(tmp_path):
    unpublished(tmp_path, opener=Web()).read_all()
    kept = tmp_path / "cache/datasets/demo/c2/dataset/c.json"
    kept.unlink()
    message = (
        rf"https://example.org/c2/dataset/c.json is not the first fetched file: expected SHA-256 "
        rf"{HASHES['c2/dataset/c.json']}, got .*; if the change is meant, delete .*c.json.sha256"
    )
    with pytest.raises(DataError, match=message):
        unpublished(tmp_path, opener=Web(body=b"[4]")).read_all()
    assert not kept.exists()
    kept.with_name("c.json.sha256").unlink()
    assert unpublished(tmp_path, opener=Web(body=b"[4]")).read_all()["c2/dataset/c.json"] == b"[4]"


def test_a_file_without_its_record_is_fetched_again(tmp_path):
    unpublished(tmp_path, opener=Web()).read_all()
    record = tmp_path / "cache/datasets/demo/c2/dataset/c.json.sha256"
    record.unlink()
    web = Web()
    unpublished(tmp_path, opener=web).read_all()
    assert web.asked == ["c2/dataset/c.json"]
    assert record.exists()


@pytest.mark.parametrize("content", [b"", b"deadbeef", b"\xff"])
def test_a_damaged_record_is_told(tmp_path, content):
    unpublished(tmp_path, opener=Web()).read_all()
    (tmp_path / "cache/datasets/demo/c2/dataset/c.json.sha256").write_bytes(content)
    with pytest.raises(DataError, match=r"c.json.sha256.*; delete it to fetch c2/dataset/c.json afresh"):
        unpublished(tmp_path, opener=Web()).read_all()


def test_a_record_that_cannot_be_read(tmp_path):
    (tmp_path / "cache/datasets/demo/c2/dataset/c.json.sha256").mkdir(parents=True)
    with pytest.raises(DataError, match=r"cannot read .*c.json.sha256: Is a directory; make it readable"):
        unpublished(tmp_path, opener=Web()).read_all()


def test_a_mirror_is_held_to_the_record_and_leaves_none(tmp_path):
    mirror = tmp_path / "mirror"
    for path, data in DATA.items():
        (mirror / path).parent.mkdir(parents=True, exist_ok=True)
        (mirror / path).write_bytes(data)
    assert unpublished(tmp_path, mirror=mirror).read_all() == DATA
    assert not (tmp_path / "cache").exists()
    (tmp_path / "blocked").write_text("")
    assert replace(unpublished(tmp_path, mirror=mirror), cache=tmp_path / "blocked").read_all() == DATA
    unpublished(tmp_path, opener=Web()).read_all()
    (mirror / "c2/dataset/c.json").write_bytes(b"[4]")
    with pytest.raises(DataError, match=r"mirror/c2/dataset/c.json is not the first fetched file"):
        unpublished(tmp_path, mirror=mirror).read_all()


def test_cache_that_cannot_be_written(tmp_path, caplog):
    (tmp_path / "cache").write_text("a file, not a folder")
    for _ in range(2):
        assert files(tmp_path, opener=Web()).read_all()
    (record,) = caplog.records
    assert "cannot write to the cache" in record.getMessage() and "MLAKE_CACHE" in record.getMessage()


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir() == tmp_path / "own"
    monkeypatch.delenv("MLAKE_CACHE")
    assert cache_dir() == tmp_path / "xdg" / "mlake"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir() == tmp_path / ".cache" / "mlake"


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    target = tmp_path / "x.txt"
    write_atomic(target, b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]

import subprocess
import sys
import urllib.error
from dataclasses import replace

import pytest

from mlake.data import DATASETS, datasets, load
from mlake.data.release import benchmark as release
from mlake.data.release.hashes import FILES
from mlake.errors import DataError, DownloadError, UnknownNameError


def test_unknown_name_lists_the_known():
    with pytest.raises(UnknownNameError, match=r"unknown data set 'mlak'; known: .*Did you mean 'mlake'"):
        load("mlak")


@pytest.mark.parametrize("name", ["gone.jsonl", "some/where"])
def test_missing_path(name):
    with pytest.raises(DataError, match="cannot read"):
        load(name)


def test_a_path_is_loaded(tmp_path):
    (tmp_path / "own.jsonl").write_text('{"question": "a?", "new_answer": "b"}')
    assert load(tmp_path / "own.jsonl").name == "own"
    assert load(str(tmp_path / "own.jsonl")).facts[0].stated("en").new == "b"


def test_hashes_are_complete():
    assert len(FILES) == 40
    assert all(len(sha256) == 64 and int(sha256, 16) for sha256 in FILES.values())
    assert {path.split("/")[0] for path in FILES} == set(DATASETS["mlake"].revisions)


def test_the_hash_names_files_and_what_is_made_of_them(tiny, monkeypatch):
    first = load("tiny", mirror=tiny)
    assert load("tiny", mirror=tiny).sha256 == first.sha256
    monkeypatch.setattr(release, "READER", 99)
    assert load("tiny", mirror=tiny).sha256 != first.sha256
    monkeypatch.undo()


def test_the_annotation_is_part_of_the_hash(tiny, monkeypatch):
    first = load("tiny", mirror=tiny).sha256
    monkeypatch.setattr(release, "digest", lambda: "other")
    assert load("tiny", mirror=tiny).sha256 != first


def test_offline_without_a_mirror_is_one_clear_line(tiny):
    def offline(request, timeout):
        raise urllib.error.URLError("Temporary failure in name resolution")

    with pytest.raises(DownloadError, match=r"Temporary failure.*pass --mirror DIR"):
        datasets._load("tiny", mirror=None, cache=None, opener=offline)


def test_downloaded_equals_mirrored(tiny, tmp_path):
    def web(request, timeout):
        return (tiny / request.full_url.removeprefix("https://example.org/")).open("rb")

    fetched = datasets._load("tiny", mirror=None, cache=tmp_path / "other", opener=web)
    assert fetched == load("tiny", mirror=tiny)


def test_cache_that_cannot_be_written_does_not_stop_a_mirror(tiny, tmp_path):
    (tmp_path / "blocked").write_text("")
    assert load("tiny", mirror=tiny, cache=tmp_path / "blocked") == load("tiny", mirror=tiny)


def test_wrong_file_in_the_mirror(tiny, monkeypatch):
    row = DATASETS["tiny"]
    path = next(iter(row.files))
    monkeypatch.setitem(DATASETS, "tiny", replace(row, files={**row.files, path: "0" * 64}))
    with pytest.raises(DataError, match="is not the published file: expected SHA-256 0000"):
        load("tiny", mirror=tiny)


def test_mini_is_embedded():
    mini = load("mini")
    assert mini.name == "mini"
    assert mini.langs == ("en", "de", "fr", "ja", "zh")
    assert all(said.subject for fact in mini.facts for said in fact.statements.values())


def test_no_torch():
    code = "import sys, mlake.data, mlake.cli.data; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

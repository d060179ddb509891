"""Pushing a release, to a stand-in for the hub: nothing is sent unless that is asked for."""

from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import LocalTokenNotFoundError, OfflineModeIsEnabled
from huggingface_hub.utils import filter_repo_objects  # type: ignore[attr-defined]

from mlake.construct.release.push import Sent, push
from mlake.errors import DataError

TOKEN = "hf_secretsecretsecret"


class FakeHub:
    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.error = error

    def create_repo(self, repo_id: str, **options: Any) -> None:
        self.calls.append(("create_repo", {"repo_id": repo_id, **options}))

    def upload_folder(self, **options: Any) -> None:
        if self.error:
            raise self.error
        self.calls.append(("upload_folder", options))


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "release"
    for name, content in {
        "README.md": "card",
        "data/facts/test.jsonl": "{}\n",
        ".tmp-x": "half",
        "data/.tmp-y": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


FILES = [Sent("README.md", 4), Sent("data/facts/test.jsonl", 3)]


def test_without_really_nothing_is_sent(release: Path) -> None:
    hub = FakeHub()
    assert push(release, "me/wikidata-5", hub=hub) == FILES
    assert hub.calls == []


def test_really_sends_one_commit(release: Path) -> None:
    hub = FakeHub()
    assert push(release, "me/wikidata-5", really=True, hub=hub) == FILES
    (made, repo), (sent, options) = hub.calls
    assert (made, sent) == ("create_repo", "upload_folder")
    assert repo == {"repo_id": "me/wikidata-5", "repo_type": "dataset", "exist_ok": True}
    assert (options["repo_id"], options["folder_path"]) == ("me/wikidata-5", release)
    assert options["repo_type"] == "dataset"
    there = [path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()]
    kept = filter_repo_objects(there, ignore_patterns=options["ignore_patterns"])
    assert sorted(kept) == [file.path for file in FILES]


def test_the_hub_itself_takes_these_arguments(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise OfflineModeIsEnabled("offline mode is enabled")

    monkeypatch.setattr("huggingface_hub.hf_api.get_session", refuse)
    monkeypatch.setattr(HfApi, "create_repo", lambda self, repo_id, *, repo_type, exist_ok: None)
    with pytest.raises(DataError, match=r"could not push to me/x: .*offline"):
        push(release, "me/x", really=True)


@pytest.mark.parametrize(
    "error",
    [
        LocalTokenNotFoundError("Token is required,\nbut no token found."),
        ConnectionError(f"refused with {TOKEN}"),
    ],
)
def test_errors_are_one_line_without_the_token(
    error: Exception, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(DataError) as caught:
        push(release, "me/x", really=True, hub=FakeHub(error))
    assert str(caught.value).startswith("could not push to me/x: ") and "hf auth login" in str(caught.value)
    assert "\n" not in str(caught.value) and TOKEN not in str(caught.value)


@pytest.mark.parametrize("repo", ["wikidata-5", "a/b/c", "me/--x", "https://example.org/me/x", ""])
def test_an_id_that_is_none(repo: str, release: Path) -> None:
    with pytest.raises(DataError, match="is no repository of the hub; expected OWNER/NAME"):
        push(release, repo, really=True, hub=FakeHub())


def test_a_folder_without_a_release(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no release; build it first"):
        push(tmp_path, "me/x", hub=FakeHub())

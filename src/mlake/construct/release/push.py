"""Sends a release to the Hugging Face hub, when that is asked for in so many words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HFValidationError, HTTPError  # type: ignore[attr-defined]
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from mlake.disk import TEMPORARY
from mlake.errors import DataError
from mlake.safe import plain

__all__ = ["Hub", "Sent", "check_repo", "push", "to_send"]


class Hub(Protocol):
    """What is used of ``huggingface_hub.HfApi``."""

    def create_repo(self, repo_id: str, *, repo_type: str, exist_ok: bool) -> object:
        """Makes a repository where there is none."""

    def upload_folder(
        self, *, repo_id: str, folder_path: Path, repo_type: str, commit_message: str, ignore_patterns: str
    ) -> object:
        """Sends a folder as one commit."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that is sent.

    Attributes:
        path: Its path in the repository.
        size: Its size in bytes.
    """

    path: str
    size: int


def to_send(folder: Path) -> list[Sent]:
    """The files of a release, by path.

    Raises:
        DataError: There is no release in the folder.
    """
    if not (folder / "README.md").is_file():
        raise DataError(f"{folder} holds no release; build it first, or name the folder that has README.md")
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(TEMPORARY))
    return sorted(
        (Sent(path.relative_to(folder).as_posix(), path.stat().st_size) for path in files),
        key=lambda sent: sent.path,
    )


def push(folder: Path, repo: str, *, really: bool = False, hub: Hub | None = None) -> list[Sent]:
    """Sends a release to a dataset repository of the hub, made if need be.

    The token is the one that ``hf auth login`` or ``HF_TOKEN`` set; it is never shown.

    Args:
        folder: The release.
        repo: Id of the repository, such as ``me/wikidata-5``.
        really: Whether to send; without it, only what would be sent is listed.
        hub: The hub; None for Hugging Face's.

    Returns:
        What was sent, or would be.

    Raises:
        DataError: The folder holds no release, the id is none, or the hub refused it or could not be reached.
    """
    sent = to_send(folder)
    check_repo(repo)
    if really:
        _send(hub or HfApi(), folder, repo)
    return sent


def check_repo(repo: str) -> None:
    """Nothing, if a text can be the id of a repository.

    Raises:
        DataError: It cannot.
    """
    try:
        validate_repo_id(repo)
    except HFValidationError:
        valid = False
    else:
        valid = repo.count("/") == 1
    if not valid:
        raise DataError(f"{repo!r} is no repository of the hub; expected OWNER/NAME, such as me/wikidata-5")


def _send(hub: Hub, folder: Path, repo: str) -> None:
    try:
        hub.create_repo(repo, repo_type="dataset", exist_ok=True)
        hub.upload_folder(
            repo_id=repo,
            folder_path=folder,
            repo_type="dataset",
            commit_message="Release built by mlake",
            ignore_patterns=f"*{TEMPORARY}*",
        )
    except (HTTPError, OSError) as error:
        why = _without_token(plain(error))
        raise DataError(
            f"could not push to {repo}: {why}; log in with 'hf auth login', or go online, and push again"
        ) from None


def _without_token(text: str) -> str:
    token = get_token()
    return text.replace(token, "…") if token else text

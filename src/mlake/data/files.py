"""The files of a published data set: read from a mirror or the cache, fetched once, always verified."""

import hashlib
import http.client
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mlake.data.cache import cache_dir, write_atomic
from mlake.errors import DataError, DownloadError

__all__ = ["Files", "Opener"]

Opener = Callable[..., Any]
"""``urllib.request.urlopen`` or a stand-in: ``(request, timeout=seconds)`` to a readable context manager."""

_TIMEOUT = 60  # seconds
_AGENT = "mlake (research software)"


@dataclass(frozen=True)
class Files:
    """Verified access to the files of one data set.

    Attributes:
        name: Name of the data set, its folder in the cache.
        url: Address of a file, with ``{path}`` for its path.
        sha256: Path of every file, ``<commit>/dataset/…``, to its SHA-256.
        mirror: Folder that holds the files under the same paths; None to download.
        cache: Cache folder; None for the user's.
        opener: What opens a request.
    """

    name: str
    url: str
    sha256: Mapping[str, str]
    mirror: Path | None = None
    cache: Path | None = None
    opener: Opener = field(default=urllib.request.urlopen)

    def read_all(self) -> dict[str, bytes]:
        """The content of every file.

        Raises:
            DataError: A file of the mirror is missing, or a file is not the published one.
            DownloadError: A file could not be fetched.
        """
        if self.mirror is not None:
            return {path: self._from_mirror(self.mirror, path) for path in self.sha256}
        content = {path: self._from_cache(path) for path in self.sha256}
        missing = [path for path, found in content.items() if found is None]
        for path in tqdm(
            missing, desc=f"download {self.name}", unit="file", disable=None if missing else True
        ):
            content[path] = self._fetch(path)
        return {path: found for path, found in content.items() if found is not None}

    def _from_mirror(self, mirror: Path, path: str) -> bytes:
        place = mirror / path
        try:
            content = place.read_bytes()
        except OSError as error:
            raise DataError(
                f"cannot read {place}: {error.strerror or error}; a mirror of {self.name!r} holds "
                "<commit>/dataset/… as in its repository"
            ) from None
        self._verify(str(place), content, self.sha256[path])
        return content

    def _place(self, path: str) -> Path:
        return (self.cache or cache_dir()) / "datasets" / self.name / path

    def _from_cache(self, path: str) -> bytes | None:
        try:
            content = self._place(path).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == self.sha256[path] else None

    def _fetch(self, path: str) -> bytes:
        url = self.url.format(path=path)
        request = urllib.request.Request(url, headers={"User-Agent": _AGENT})
        try:
            with self.opener(request, timeout=_TIMEOUT) as response:
                content: bytes = response.read()
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = " ".join(str(getattr(error, "reason", None) or error or type(error).__name__).split())
            raise DownloadError(
                f"could not fetch {url}: {reason}; go online, or pass --mirror DIR with a copy of the "
                "repository's files as <commit>/dataset/…"
            ) from None
        self._verify(url, content, self.sha256[path])
        try:
            write_atomic(self._place(path), content)
        except OSError as error:
            raise DataError(
                f"cannot write {self._place(path)}: {error.strerror or error}; "
                "set MLAKE_CACHE to a folder that can be written"
            ) from None
        return content

    @staticmethod
    def _verify(place: str, content: bytes, expected: str) -> None:
        got = hashlib.sha256(content).hexdigest()
        if got != expected:
            raise DataError(
                f"{place} is not the published file: expected SHA-256 {expected}, got {got}; fetch it again"
            )

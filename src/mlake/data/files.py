"""The files of a published data set: read from a mirror or the cache, fetched once, always verified."""

import hashlib
import http.client
import re
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mlake.disk import cache_dir, keep
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
        sha256: Path of every file to its SHA-256, or to an empty string where none was published: then the
            first fetch records it beside the file in the cache, and anything else is an error from then on.
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

    def has(self, path: str) -> bool:
        """Whether a file can be read: a mirror may hold some of the files only."""
        return self.mirror is None or (self.mirror / path).exists()

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
            raise DataError(f"cannot read {place}: {error.strerror or error}; {self._layout()}") from None
        self._verify(str(place), content, path)
        return content

    def _layout(self) -> str:
        """What a mirror must look like, for error messages."""
        first, *others = self.sha256
        rest = f" and {len(others)} more files" if others else ""
        return f"a mirror of {self.name!r} is a folder that holds {first}{rest}"

    def _place(self, path: str) -> Path:
        return (self.cache or cache_dir()) / "datasets" / self.name / path

    def _from_cache(self, path: str) -> bytes | None:
        try:
            content = self._place(path).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == self._expected(path) else None

    def _expected(self, path: str) -> str | None:
        """The SHA-256 that a file must have; None where none was published and the file was never fetched.

        Raises:
            DataError: The record of the first fetch is damaged.
        """
        if self.sha256[path]:
            return self.sha256[path]
        record = self._record(path)
        try:
            found = re.fullmatch(rb"([0-9a-f]{64})\s*", record.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise DataError(f"cannot read {record}: {error.strerror}; make it readable") from None
        if found is None:
            raise DataError(f"{record} holds no SHA-256; delete it to fetch {path} afresh")
        return found[1].decode()

    def _record(self, path: str) -> Path:
        place = self._place(path)
        return place.with_name(f"{place.name}.sha256")

    def _fetch(self, path: str) -> bytes:
        url = self.url.format(path=path)
        request = urllib.request.Request(url, headers={"User-Agent": _AGENT})
        try:
            with self.opener(request, timeout=_TIMEOUT) as response:
                content: bytes = response.read()
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = " ".join(str(getattr(error, "reason", None) or error or type(error).__name__).split())
            raise DownloadError(
                f"could not fetch {url}: {reason}; go online, or pass --mirror DIR: {self._layout()}"
            ) from None
        self._verify(url, content, path)
        if keep(self._place(path), content) and not self.sha256[path]:
            keep(self._record(path), f"{hashlib.sha256(content).hexdigest()}\n".encode())
        return content

    def _verify(self, place: str, content: bytes, path: str) -> None:
        expected = self._expected(path)
        got = hashlib.sha256(content).hexdigest()
        if expected is None or got == expected:
            return
        if self.sha256[path]:
            what, remedy = "published", "fetch it again"
        else:
            what, remedy = "first fetched", f"if the change is meant, delete {self._record(path)}"
        raise DataError(f"{place} is not the {what} file: expected SHA-256 {expected}, got {got}; {remedy}")

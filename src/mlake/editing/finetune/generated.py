"""Texts about facts that a model wrote, from a server or on this machine, kept between runs."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlake.chat_server import ChatServer
from mlake.disk import cache_dir, keep_json, kept_json
from mlake.editing.finetune.requests import MOST_TOKENS, VERSION
from mlake.models.generate import answers, identity
from mlake.models.lm import LM, UNPINNED

__all__ = ["LocalWriter", "ServerWriter", "Writer", "replies"]

_FACTS = 16  # facts asked about before their replies are kept


class Writer(Protocol):
    """Something that answers requests."""

    @property
    def identity(self) -> Mapping[str, Any] | None:
        """All that a reply depends on besides the request; None where nothing pins it."""

    def write(self, requests: Sequence[str]) -> list[str]:
        """A reply to each request."""


@dataclass(frozen=True, slots=True)
class ServerWriter:
    """A model behind a server."""

    server: ChatServer

    @property
    def identity(self) -> Mapping[str, Any]:
        """The server's address and its name for the model."""
        return {"url": self.server.url, "model": self.server.model}

    def write(self, requests: Sequence[str]) -> list[str]:
        """A reply to each request, at temperature 0."""
        return self.server.ask(requests, max_tokens=MOST_TOKENS)


@dataclass(frozen=True)
class LocalWriter:
    """A model on this machine.

    Attributes:
        lm: The model.
        most: Most tokens of a reply.
        pinned: Whether its weights are those of its revision, and not edited.
    """

    lm: LM
    most: int = MOST_TOKENS
    pinned: bool = True

    @property
    def identity(self) -> Mapping[str, Any] | None:
        """What tells the model's answers from another's; None for weights that nothing pins."""
        return identity(self.lm, self.most) if self.pinned and self.lm.revision != UNPINNED else None

    def write(self, requests: Sequence[str]) -> list[str]:
        """The greedy answer to each request."""
        given = answers(self.lm, requests, max_new_tokens=self.most)
        return [reply.after_thought().text for reply in given]


def replies(writer: Writer, requests: Sequence[Sequence[str]]) -> list[list[str]]:
    """Replies to the requests about each fact; those of earlier runs are read from the user cache.

    They are kept after every few facts, so that a run that was cut off goes on with the same texts.

    Args:
        writer: Who writes.
        requests: The requests about each fact.

    Raises:
        EditError: The cache cannot be written.
        ModelError: The writer fails.
    """
    known = [_read(_place(writer, asked), len(asked)) for asked in requests]
    missing = [index for index, found in enumerate(known) if found is None]
    for start in range(0, len(missing), _FACTS):
        some = missing[start : start + _FACTS]
        written = iter(writer.write([request for index in some for request in requests[index]]))
        for index in some:
            known[index] = [next(written) for _ in requests[index]]
            _keep(_place(writer, requests[index]), known[index])
    return [found for found in known if found is not None]


def _place(writer: Writer, requests: Sequence[str]) -> Path | None:
    """The file of a fact's replies. A request quotes all of the fact that its reply can depend on."""
    pinned = writer.identity
    if pinned is None:
        return None
    key = json.dumps([VERSION, dict(pinned), list(requests)], sort_keys=True)
    digest = hashlib.sha256(key.encode()).hexdigest()
    return cache_dir() / "augmented" / digest[:2] / f"{digest}.json"


def _read(path: Path | None, count: int) -> list[str] | None:
    """The replies in a file; None where they are missing or damaged, and so are written again."""
    if path is None:
        return None
    found = kept_json(path)
    sound = isinstance(found, list) and len(found) == count and all(isinstance(one, str) for one in found)
    return found if sound else None


def _keep(path: Path | None, written: Any) -> None:
    if path is not None:
        keep_json(path, written)

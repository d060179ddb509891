"""Calls to a model that writes, recorded: with them a build is made again without it, byte for byte.

A line of the file is a call. Its key is a hash of all that a reply depends on: the kind and name of the
model, what it was told, the schema, how replies are drawn, and which try it was. Neither an address nor a key
of a server is kept.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from mlake.construct.lines import Row, read_text, rows_of, written
from mlake.data.faults import FILLED, TEXT, Shape
from mlake.disk import encoded, write_atomic
from mlake.errors import DataError
from mlake.folders import os_errors

__all__ = ["CALLS", "MODES", "Call", "Calls", "Chat", "Mode", "Said"]

CALLS = "calls.jsonl"
"""Name of the file in the folder of a build."""

Mode = Literal["record", "replay", "refresh"]
MODES: tuple[Mode, ...] = get_args(Mode)
"""Ask what is not recorded; ask nothing; ask everything anew."""

_AT_ONCE = 16  # calls that are lost at most when a build is killed
_ROW: Shape = {
    "type": "object",
    "properties": {"key": FILLED, "item": TEXT, "reply": TEXT},
    "required": ["key", "item", "reply"],
}


@dataclass(frozen=True, slots=True)
class Call:
    """What a model is asked.

    Attributes:
        item: What it is asked for, such as ``Q1/P17/de/fact``.
        attempt: Which try this is, from 1.
        prompt: All that it is told.
        shape: JSON Schema of the reply.
        tokens: Most tokens of the reply.
    """

    item: str
    attempt: int
    prompt: str
    shape: Shape
    tokens: int


@dataclass(frozen=True, slots=True)
class Said:
    """What a model replied.

    Attributes:
        text: The reply.
        form: How the model was bound to the schema, a row of ``mlake.construct.llm.chats.FORMS``.
        model: What the server calls the model.
        fingerprint: What tells the state that it was computed in.
        tokens: Tokens of prompt and reply.
    """

    text: str
    form: str
    model: str = ""
    fingerprint: str = ""
    tokens: tuple[int, int] = (0, 0)


class Chat(Protocol):
    """A model that can be asked."""

    def ask(self, calls: Sequence[Call], /) -> Sequence[Said]:
        """A reply to each call."""


@dataclass
class Calls:
    """The calls of a build.

    Attributes:
        path: Their file.
        mode: Whether the model is asked.
        who: What names the model: its kind and name, without an address.
        seed: What the model draws with.
        opened: Opens the model; called once it is needed.
    """

    path: Path
    mode: Mode
    who: Mapping[str, str]
    seed: int
    opened: Callable[[], Chat]
    _known: dict[str, Row] = field(default_factory=dict, init=False)
    _now: set[str] = field(default_factory=set, init=False)
    _chat: Chat | None = field(default=None, init=False)

    def replies(self, calls: Sequence[Call]) -> list[str]:
        """The replies to calls, recorded or asked for.

        Raises:
            DataError: The file is damaged, or lacks a call and nothing may be asked.
            ModelError: The model fails.
            RunError: The file cannot be written.
        """
        if not self._known and self.path.exists():
            self._known = {row["key"]: row for row in self._stored()}
        keys = [self._key(call) for call in calls]
        asked = self._now if self.mode == "refresh" else self._known
        open_ = {key: call for key, call in zip(keys, calls, strict=True) if key not in asked}
        if open_ and self.mode == "replay":
            one = next(iter(open_.values()))
            raise DataError(
                f"{self.path} does not hold try {one.attempt} of {one.item}: another build was recorded; "
                "give --calls record and a model that answers"
            )
        left = [*open_.items()]
        for start in range(0, len(left), _AT_ONCE):
            self._ask(dict(left[start : start + _AT_ONCE]))
        return [self._known[key]["reply"] for key in keys]

    def finish(self) -> None:
        """Put the calls in the order of their keys, whatever order they were asked in.

        Raises:
            RunError: The file cannot be written.
        """
        if self._now:
            rows = [self._known[key] for key in sorted(self._known)]
            with os_errors(self.path):
                write_atomic(self.path, written(rows))

    def _stored(self) -> Iterator[Row]:
        text = read_text(self.path)
        yield from rows_of(text[: text.rfind("\n") + 1], str(self.path), _ROW)

    def _ask(self, some: Mapping[str, Call]) -> None:
        self._chat = self._chat or self.opened()
        begun = time.monotonic()
        replies = self._chat.ask(tuple(some.values()))
        seconds = round((time.monotonic() - begun) / len(some), 2)
        rows = [
            self._row(key, call, said, seconds)
            for (key, call), said in zip(some.items(), replies, strict=True)
        ]
        self._append(rows)
        self._known |= {row["key"]: row for row in rows}
        self._now |= some.keys()

    def _append(self, rows: Iterable[Row]) -> None:
        with os_errors(self.path):
            if not self._now:  # what a killed build wrote may end within a line
                write_atomic(self.path, written(self._known.values()))
            with self.path.open("ab") as file:
                file.write(written(rows))

    def _asked(self, call: Call) -> dict[str, Any]:
        drawn = {"temperature": 0, "seed": self.seed, "max_tokens": call.tokens}
        return {**self.who, "prompt": call.prompt, "schema": call.shape, **drawn, "attempt": call.attempt}

    def _key(self, call: Call) -> str:
        text = json.dumps(self._asked(call), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(encoded(text)).hexdigest()

    def _row(self, key: str, call: Call, said: Said, seconds: float) -> Row:
        read, wrote = said.tokens
        return {
            "key": key,
            "item": call.item,
            **self._asked(call),
            "form": said.form,
            "reply": encoded(said.text).decode(),
            "answered_by": said.model,
            "fingerprint": said.fingerprint,
            "tokens": {"prompt": read, "reply": wrote},
            "seconds": seconds,
        }

"""Asks a chat model behind an OpenAI-compatible server, with nothing but the standard library."""

import http.client
import json
import os
import re
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from threading import Event
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from mlake.errors import ModelError
from mlake.waits import asked_wait

__all__ = [
    "OPENAI",
    "ChatServer",
    "Refused",
    "Reply",
    "chat_server",
    "is_served",
    "need_weights",
    "weights_out_of_reach",
]

OPENAI = "openai:"
"""What the name of a model on an OpenAI-compatible server begins with: ``openai:URL#NAME``."""

_TRIES = 6
_LONGEST_WAIT = 300.0
_PATIENCE = 10.0  # seconds in which a server tells about itself
_MOST_BYTES = 2**24
_MOST_SHOWN = 200
_PASSING = {408, 409, 425, 429}
_UNTAKEN = {400, 422}


class _Unfollowed(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the request carries a key, which must not go to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Unfollowed)


class _Passing(Exception):
    """A failure that may pass; ``wait`` is how many seconds the server asks to wait, if it does."""

    def __init__(self, reason: str, wait: float | None = None):
        super().__init__(reason)
        self.wait = wait


class _Unreached(_Passing):
    """A server that could not be connected to, or did not go on."""


class Refused(ModelError):
    """A request that a server does not take as it is, such as one with a field that it does not know."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said.

    Attributes:
        text: The reply, stripped of surrounding white space; empty where there is none.
        model: What the server calls the model, without the folder of a file.
        fingerprint: What the server says of the state that it was computed in.
        tokens: Tokens of the prompt and of the reply; 0 where the server does not say.
        cut: Whether it was cut off at the most tokens.
    """

    text: str
    model: str = ""
    fingerprint: str = ""
    tokens: tuple[int, int] = (0, 0)
    cut: bool = False


@dataclass(frozen=True, slots=True)
class ChatServer:
    """A model behind ``POST {url}/chat/completions`` and ``/completions``.

    Attributes:
        url: Base address, such as ``https://api.openai.com/v1`` or ``http://127.0.0.1:8000/v1``.
        model: Name of the model on that server.
        key_variable: Environment variable that holds the key; none is sent where it is unset or empty. The
            key itself is kept nowhere.
        timeout: Seconds to wait for the server to connect or go on sending.
        parallel: How many requests are under way at a time.
    """

    url: str
    model: str
    key_variable: str = "OPENAI_API_KEY"
    timeout: float = 60.0
    parallel: int = 4

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            # A password or token in the address would end up in specs and errors.
            sound = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
            sound = sound and not parts.query and not parts.fragment and self.url.isprintable()
            sound = sound and " " not in self.url and (parts.port or 1) > 0
        except ValueError:
            sound = False
        if not sound:
            raise ModelError(
                "the address of a chat server must be http(s)://host[:port][/path] and no password or query: "
                "write for example http://127.0.0.1:8000/v1, and put a key into the environment"
            )
        if not self.model:
            raise ModelError("a chat server needs the name of a model; give the name that the server uses")

    def ask(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        progress: Callable[[int], object] = lambda done: None,
    ) -> list[str]:
        """Replies to prompts, each asked as one user message, a few at a time.

        A busy or failing server (status 429, 5xx, no connection, time-out) is asked again after a growing
        pause, or after the one that its ``Retry-After`` asks for.

        Args:
            prompts: The prompts.
            max_tokens: Most tokens of a reply.
            temperature: Sampling temperature; 0 takes the likeliest token.
            progress: Called with the number of prompts just answered.

        Returns:
            The replies in the order of the prompts, stripped of surrounding white space.

        Raises:
            ModelError: The server cannot be reached, refuses, or answers with something else.
        """
        asked = [
            {
                "messages": [{"role": "user", "content": prompt}],
                "max_tokens": max_tokens,
                "temperature": temperature,
            }
            for prompt in prompts
        ]
        return [reply.text for reply in self.complete(asked, progress=progress)]

    def complete(
        self,
        requests: Sequence[Mapping[str, Any]],
        *,
        progress: Callable[[int], object] = lambda done: None,
    ) -> list[Reply]:
        """Replies to requests, as ``ask`` gives them.

        Args:
            requests: The fields of each request, but for the model: with ``messages`` of a conversation, or
                with a ``prompt`` that the server puts nothing around.
            progress: Called with the number of requests just answered.

        Raises:
            Refused: The server does not take a request as it is (status 400 or 422).
            ModelError: The server cannot be reached, refuses, or answers with something else.
        """
        found: dict[int, Reply] = {}
        over = Event()
        with ThreadPoolExecutor(self.parallel) as pool:
            tasks = {pool.submit(self._reply, request, over): index for index, request in enumerate(requests)}
            try:
                for task in as_completed(tasks):
                    found[tasks[task]] = task.result()
                    progress(1)
            finally:
                over.set()  # after an error nobody waits for the pauses of the others
                pool.shutdown(wait=False, cancel_futures=True)
        return [found[index] for index in range(len(requests))]

    def _reply(self, request: Mapping[str, Any], over: Event) -> Reply:
        content = json.dumps({"model": self.model, **request}).encode()
        path = "completions" if "prompt" in request else "chat/completions"
        tried = 0
        while True:
            tried += 1
            try:
                return self._read(self._sent(path, content))
            except _Passing as failure:
                wait = 2.0 ** (tried - 1) if failure.wait is None else failure.wait
                if tried == _TRIES or wait > _LONGEST_WAIT or over.wait(wait):
                    asked = f", asks to wait {wait:.0f} s" if wait > _LONGEST_WAIT else ""
                    raise ModelError(
                        f"{self.url} failed {tried} times: {failure}{asked}; "
                        "check that the server runs, and try again later"
                    ) from None

    def tells(self, path: str) -> Any:
        """The JSON that the server tells at a path below its address, or beside its ``/v1``; asked once.

        Args:
            path: Such as ``models``, or ``/version`` for one beside.

        Returns:
            The value; None where the server tells nothing there.

        Raises:
            ModelError: The server cannot be reached.
        """
        try:
            return json.loads(replace(self, timeout=min(self.timeout, _PATIENCE))._sent(path, None))
        except _Unreached as failure:
            raise ModelError(
                f"{self.url} cannot be asked: {failure}; start the server, and check its address"
            ) from None
        except (_Passing, ModelError, ValueError, RecursionError):
            return None

    def _sent(self, path: str, content: bytes | None) -> bytes:
        """What the server sends back for a request."""
        headers = {"Content-Type": "application/json", "User-Agent": "mlake"}
        key = self._key()
        if key:
            headers["Authorization"] = f"Bearer {key}"
        root = self.url.rstrip("/")
        place = f"{root.removesuffix('/v1')}{path}" if path.startswith("/") else f"{root}/{path}"
        request = urllib.request.Request(place, content, headers)
        try:
            with _OPENER.open(request, timeout=self.timeout) as response:
                read: bytes = response.read(_MOST_BYTES)
                return read
        except HTTPError as error:
            raise self._refusal(error) from None
        except (OSError, http.client.HTTPException) as error:
            raise _Unreached(self._line(getattr(error, "reason", None) or error)) from None

    def _key(self) -> str:
        key = os.environ.get(self.key_variable, "").strip()
        if not (key.isascii() and key.isprintable()):
            raise ModelError(f"the key in ${self.key_variable} holds characters no key has; set it again")
        return key

    def _refusal(self, error: HTTPError) -> Exception:
        """The error that a status means."""
        with error:
            if error.code in _PASSING or error.code >= 500:
                return _Passing(f"status {error.code}", asked_wait(error.headers.get("Retry-After")))
            if error.code in (401, 403):
                # What the server says here may quote the key.
                return ModelError(
                    f"{self.url} refuses access ({error.code}); put a valid key in ${self.key_variable}"
                )
            try:
                said = self._line(error.read(_MOST_BYTES).decode("utf-8", "replace"))
            except (OSError, http.client.HTTPException):
                said = ""
        kind = Refused if error.code in _UNTAKEN else ModelError
        return kind(
            f"{self.url} refuses the request (status {error.code}): {said}; "
            "check the address and the name of the model"
        )

    def _read(self, content: bytes) -> Reply:
        try:
            value = json.loads(content)
            choice = value["choices"][0]
            text = choice["text"] if "text" in choice else choice["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError):
            text = 0
        if text is None:  # a refusal, or reasoning that used up all tokens
            text = ""
        if not isinstance(text, str):
            raise ModelError(
                f"{self.url} sent no chat completion; expected JSON with choices[0].message.content: "
                "check that the address is that of an OpenAI-compatible server"
            )
        return Reply(text.strip(), *_said_of(value), cut=choice.get("finish_reason") == "length")

    def _line(self, said: object) -> str:
        """Something a server said as one short line, without the key."""
        text = " ".join(str(said).split())
        key = self._key()
        if key:
            text = text.replace(key, "***")
        text = "".join(char if char.isprintable() else "?" for char in text)
        return (text or type(said).__name__)[:_MOST_SHOWN]


def chat_server(name: str, url: str | None = None) -> ChatServer | None:
    """The model on a server that ``openai:URL#NAME`` names, or a name with an address; None for any other.

    Raises:
        ModelError: There are two addresses or none, or one that cannot be asked.
    """
    if not is_served(name):
        return None if url is None else ChatServer(url, name)
    address, mark, model = name.removeprefix(OPENAI).rpartition("#")
    if not mark or url is not None:
        raise ModelError(
            "a model on a server is written openai:URL#NAME, once and without a further address: for example "
            "openai:http://127.0.0.1:8000/v1#llama"
        )
    return ChatServer(address, model)


def is_served(model: str) -> bool:
    """Whether the name of a model is that of one on a server."""
    return model.startswith(OPENAI)


def need_weights(model: str, what: str) -> None:
    """Refuse a model on a server, by its name alone, where its weights are needed.

    Args:
        model: Name of the model.
        what: What needs them.

    Raises:
        ModelError: The model is on a server.
    """
    if is_served(model):
        raise weights_out_of_reach(model, what)


def weights_out_of_reach(model: str, what: str = "what was asked for") -> ModelError:
    """The error where something needs the weights of a model on a server.

    Args:
        model: Name of the model.
        what: What needs them.
    """
    return ModelError(
        f"{what} needs weights, and those of {model!r} are out of reach on its server; give a hub id, a "
        "folder or a .gguf file, or only ask: --method none, ice, ike, remake or serac"
    )


def _said_of(value: Mapping[str, Any]) -> tuple[str, str, tuple[int, int]]:
    """What a server says of a reply: its model, fingerprint and numbers of tokens."""
    model, fingerprint, usage = (value.get(name) for name in ("model", "system_fingerprint", "usage"))
    counts = usage if isinstance(usage, dict) else {}
    read, wrote = (counts.get(name) for name in ("prompt_tokens", "completion_tokens"))
    return (
        re.split(r"[/\\]", model)[-1] if isinstance(model, str) else "",
        fingerprint if isinstance(fingerprint, str) else "",
        (read if isinstance(read, int) else 0, wrote if isinstance(wrote, int) else 0),
    )

"""The chat client against a server on this machine that misbehaves in every way."""

import json
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from tests.chats import KEY, Fake, Reply, fake, said, went_on

from mlake import chat_server
from mlake.chat_server import ChatServer, Refused
from mlake.errors import ModelError

__all__ = ["fake"]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were taken, none of which lasts."""
    taken: list[float] = []

    class Quick(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            taken.append(timeout or 0.0)
            return self.is_set()

    monkeypatch.setattr(chat_server, "Event", Quick)
    return taken


def refused(fake: Fake, **options: Any) -> str:
    with pytest.raises(ModelError) as caught:
        ChatServer(fake.url, "m", **options).ask(["a"], max_tokens=3)
    text = str(caught.value)
    assert "\n" not in text and KEY not in text and len(text) < 500
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return text


def test_replies_keep_their_order(fake: Callable[..., Fake]) -> None:
    def reply(prompt: str, _: int) -> Reply:
        time.sleep(0.02 if int(prompt) % 2 else 0.1)
        return said(f" 答え {prompt}\n")

    done: list[int] = []
    one = fake(reply)
    asked = ChatServer(one.url + "/", "some/model").ask(
        [str(i) for i in range(9)], max_tokens=7, temperature=0.5, progress=done.append
    )
    assert asked == [f"答え {i}" for i in range(9)] and sum(done) == 9
    assert 1 < one.busiest <= 4
    path, headers, body = one.seen[0]
    assert path == "/v1/chat/completions" and headers["Authorization"] == f"Bearer {KEY}"
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("some/model", 7, 0.5)


def test_no_key_is_sent_where_none_is_set(fake: Callable[..., Fake], monkeypatch: pytest.MonkeyPatch) -> None:
    one = fake(lambda *_: said(None))
    monkeypatch.delenv("OPENAI_API_KEY")
    assert ChatServer(one.url, "m").ask(["a"], max_tokens=3) == [""]
    assert "Authorization" not in one.seen[0][1]
    monkeypatch.setenv("OTHER", "other-key")
    ChatServer(one.url, "m", "OTHER").ask(["a"], max_tokens=3)
    assert one.seen[1][1]["Authorization"] == "Bearer other-key"
    monkeypatch.setenv("OTHER", "two\nlines")
    assert "two" not in refused(one, key_variable="OTHER")
    assert ChatServer(one.url, "m").ask([], max_tokens=3) == []


def test_a_failing_server_is_asked_again(fake: Callable[..., Fake], waits: list[float]) -> None:
    date = formatdate(time.time() + 30, usegmt=True)
    failures: list[Reply] = [
        (429, {"Retry-After": "7"}, b""), (503, {}, b""), (500, {"Retry-After": date}, b""),
        (502, {"Retry-After": "soon"}, b""),
    ]  # fmt: skip
    one = fake(lambda _, number: failures[number - 1] if number <= len(failures) else said("yes"))
    assert ChatServer(one.url, "m").ask(["a"], max_tokens=3) == ["yes"]
    assert waits[0] == 7 and waits[1] == 2 and 20 < waits[2] <= 30 and waits[3] == 8


def test_it_gives_up(fake: Callable[..., Fake], waits: list[float]) -> None:
    assert "failed 6 times: status 500" in refused(fake(lambda *_: (500, {}, KEY.encode())))
    assert waits == [1, 2, 4, 8, 16]
    long = fake(lambda *_: (429, {"Retry-After": "86400"}, b""))
    assert "asks to wait 86400 s" in refused(long)
    assert len(long.seen) == 1


def test_timeouts_and_lost_connections(fake: Callable[..., Fake], waits: list[float]) -> None:
    def slow(_: str, number: int) -> Reply:
        time.sleep(0.5 if number == 1 else 0)
        return said("at last")

    one = fake(slow)
    assert ChatServer(one.url, "m", timeout=0.2).ask(["a"], max_tokens=3) == ["at last"]
    one.server.server_close()
    one.server.shutdown()
    assert "failed 6 times" in refused(one)


def test_refusals_tell_what_the_server_said_but_never_the_key(fake: Callable[..., Fake]) -> None:
    text = refused(fake(lambda *_: (404, {}, f"no\nsuch \x1b[31mmodel\n{KEY} {'x' * 999}".encode())))
    assert "status 404" in text and "no such ?[31mmodel ***" in text
    denied = refused(fake(lambda *_: (401, {}, f"wrong key {KEY}".encode())))
    assert "$OPENAI_API_KEY" in denied and "wrong key" not in denied
    assert KEY not in repr(ChatServer("http://127.0.0.1/v1", "m"))


def test_the_key_goes_to_no_other_host(fake: Callable[..., Fake]) -> None:
    other = fake(lambda *_: said("mine"))
    one = fake(lambda *_: (302, {"Location": other.url}, b""))
    assert "status 302" in refused(one)
    assert other.seen == [] and other.got == []


@pytest.mark.parametrize(
    "content",
    [b"<html>", b"", b"[]", b'{"choices": []}', b'{"choices": [{"message": {"content": 3}}]}', b"[" * 99999,
     b'{"choices": [{"message": "yes"}]}', b"\xff"],
    ids=range(8),
)  # fmt: skip
@pytest.mark.slow
def test_something_else_than_a_completion(fake: Callable[..., Fake], content: bytes) -> None:
    assert "no chat completion" in refused(fake(lambda *_: (200, {}, content)))


def test_an_error_does_not_wait_for_others(fake: Callable[..., Fake]) -> None:
    one = fake(lambda prompt, _: (429, {"Retry-After": "250"}, b"") if prompt == "slow" else (404, {}, b""))
    begun = time.monotonic()
    with pytest.raises(ModelError):
        ChatServer(one.url, "m").ask(["slow", "bad"], max_tokens=3)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:80", "file:///etc/passwd", f"http://me:{KEY}@host/v1", f"http://host/v1?key={KEY}",
     "http://", "http://host:99999999/v1", "http://ho st/", "http://host/\n", "http://[::1"],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(ModelError, match="address of a chat server") as caught:
        ChatServer(url, "m")
    assert KEY not in str(caught.value)


def test_a_model_is_needed() -> None:
    with pytest.raises(ModelError, match="name of a model"):
        ChatServer("http://127.0.0.1/v1", "")


def test_a_request_may_have_other_fields_and_a_reply_says_what_made_it(fake: Callable[..., Fake]) -> None:
    value = {
        "choices": [{"message": {"content": " {} "}}],
        "model": "/srv/models/tiny.gguf",
        "system_fingerprint": "b1",
        "usage": {"prompt_tokens": 5, "completion_tokens": 2},
    }
    one = fake(lambda *_: (200, {}, json.dumps(value).encode()))
    request = {"messages": [{"role": "user", "content": "a"}], "seed": 3}
    assert ChatServer(one.url, "m").complete([request]) == [
        chat_server.Reply("{}", "tiny.gguf", "b1", (5, 2))
    ]
    assert one.seen[0][2] == {"model": "m", **request}


@pytest.mark.parametrize("status", [400, 422])
def test_a_request_that_is_not_taken_can_be_told_from_other_failures(
    fake: Callable[..., Fake], status: int
) -> None:
    with pytest.raises(Refused, match="no such field"):
        ChatServer(fake(lambda *_: (status, {}, b"no such field")).url, "m").ask(["a"], max_tokens=3)


def test_one_name_for_a_model_on_a_server() -> None:
    here = ChatServer("http://127.0.0.1:8000/v1", "org/m")
    assert chat_server.chat_server("openai:http://127.0.0.1:8000/v1#org/m") == here
    assert chat_server.chat_server("org/m", "http://127.0.0.1:8000/v1") == here
    assert chat_server.chat_server("org/m") is None


@pytest.mark.parametrize(
    ("name", "url"),
    [("openai:http://h/v1", None), ("openai:http://h/v1#m", "http://h/v1"), ("openai:http://h/v1#", None),
     ("openai:#m", None)],
)  # fmt: skip
def test_names_of_models_on_servers_that_are_refused(name: str, url: str | None) -> None:
    with pytest.raises(ModelError, match=r"openai:URL#NAME|name of a model|address of a chat server"):
        chat_server.chat_server(name, url)


def test_a_prompt_that_nothing_is_put_around(fake: Callable[..., Fake]) -> None:
    one = fake(lambda *_: went_on(" Paris "))
    (reply,) = ChatServer(one.url, "m").complete([{"prompt": "Q: a\nA:", "stop": ["\n"]}])
    path, _, body = one.seen[0]
    assert (path, body) == ("/v1/completions", {"model": "m", "prompt": "Q: a\nA:", "stop": ["\n"]})
    assert (reply.text, reply.cut) == ("Paris", False)


def test_a_reply_says_whether_it_was_cut(fake: Callable[..., Fake]) -> None:
    one = fake(lambda prompt, _: said("Par", cut=prompt == "cut"))
    asked = [{"messages": [{"role": "user", "content": text}]} for text in ("cut", "whole")]
    assert [reply.cut for reply in ChatServer(one.url, "m").complete(asked)] == [True, False]


def test_what_a_server_tells_of_itself(fake: Callable[..., Fake]) -> None:
    one = fake(lambda *_: said("a"), {"/v1/models": {"data": []}, "/version": {"version": "1"}})
    server = ChatServer(f"{one.url}/", "m")
    assert server.tells("models") == {"data": []} and server.tells("/version") == {"version": "1"}
    assert server.tells("/props") is None
    assert one.got == ["/v1/models", "/version", "/props"] and one.seen == []


def test_a_server_that_is_not_there_is_told_at_once(fake: Callable[..., Fake]) -> None:
    one = fake(lambda *_: said("a"))
    one.stop()
    begun = time.monotonic()
    with pytest.raises(ModelError, match=r"cannot be asked: .*start the server"):
        ChatServer(one.url, "m").tells("models")
    assert time.monotonic() - begun < 5

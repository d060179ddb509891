"""Who gets to the page: only who calls it by its name, comes from nowhere else, and has the token."""

import asyncio
import socket
from typing import Any

import pytest

from mlake.errors import RunError
from mlake.review.guard import Guard, free_port, is_local, new_token

TOKEN = "a-token"


def asked(at: str, token: str = "", kind: str = "http", query: str = "", **headers: str) -> dict[str, Any]:
    """What comes back: a status or code of closing, headers, and whether the page was reached."""
    answer: dict[str, Any] = {"reached": False}

    async def page(scope: Any, receive: Any, send: Any) -> None:
        answer["reached"] = True

    async def send(message: Any) -> None:
        answer.update(message)

    async def receive() -> Any:
        return {}

    scope = {
        "type": kind,
        "path": "/read/en",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(Guard(page, at, token)(scope, receive, send))
    return answer


@pytest.mark.parametrize("name", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LOCALHOST"])
def test_this_machine_by_its_own_names(name: str) -> None:
    assert asked("127.0.0.1", host=name)["reached"]


@pytest.mark.parametrize(
    "name",
    ["evil.example:8080", "", "192.0.2.7:8080", "localhost.evil.example", "127.0.0.1.evil.example", "[::1"],
)
def test_a_name_that_was_made_to_lead_here(name: str) -> None:
    for kind, code in (("http", "status"), ("websocket", "code")):
        found = asked("127.0.0.1", kind=kind, host=name)
        assert not found["reached"] and found[code] == {"status": 403, "code": 1008}[code]


def test_another_site() -> None:
    for kind in ("http", "websocket"):
        assert not asked("127.0.0.1", kind=kind, host="localhost:80", origin="https://evil.example")[
            "reached"
        ]
        assert not asked("127.0.0.1", kind=kind, host="localhost:80", origin="null")["reached"]
        assert asked("127.0.0.1", kind=kind, host="localhost:80", origin="http://localhost:80")["reached"]


def test_beyond_this_machine_the_token_lets_in_once_and_a_cookie_from_then_on() -> None:
    assert asked("0.0.0.0", TOKEN, host="192.0.2.7:80")["status"] == 403
    assert asked("0.0.0.0", TOKEN, host="192.0.2.7:80", query="token=other")["status"] == 403
    found = asked("0.0.0.0", TOKEN, host="192.0.2.7:80", query=f"reviewer=J%C3%B6+B&token={TOKEN}")
    headers = dict(found["headers"])
    assert (found["status"], headers[b"location"]) == (303, b"/read/en?reviewer=J%C3%B6+B")
    cookie = headers[b"set-cookie"].decode()
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    for kind in ("http", "websocket"):
        assert asked("0.0.0.0", TOKEN, kind, host="192.0.2.7:80", cookie=cookie.split(";")[0])["reached"]
        assert not asked("0.0.0.0", TOKEN, kind, host="192.0.2.7:80", cookie="mlake-review=x")["reached"]
    assert not asked("0.0.0.0", TOKEN, "websocket", host="192.0.2.7:80", query=f"token={TOKEN}")["reached"]


def test_beyond_this_machine_only_addresses_and_the_name_asked_for() -> None:
    assert not asked("0.0.0.0", TOKEN, host="evil.example", cookie=f"mlake-review={TOKEN}")["reached"]
    assert asked("lab.example", TOKEN, host="lab.example:80", cookie=f"mlake-review={TOKEN}")["reached"]


def test_what_is_neither_page_nor_socket_is_handed_on() -> None:
    assert asked("127.0.0.1", kind="lifespan")["reached"]


def test_names_of_this_machine_and_tokens() -> None:
    assert all(map(is_local, ("localhost", "127.0.0.1", "127.0.0.2", "::1")))
    assert not any(map(is_local, ("0.0.0.0", "::", "lab.example", "192.0.2.7", "")))
    assert len({new_token() for _ in range(3)}) == 3 and len(new_token()) >= 32


def test_a_port_that_is_taken() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        with pytest.raises(RunError, match=rf"cannot listen on 127\.0\.0\.1, port {port}: .*choose another"):
            free_port("127.0.0.1", port)
    assert free_port("127.0.0.1", 0) > 0

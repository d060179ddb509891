"""Keeps strangers off the page: names that lead here by trickery, other sites, whoever lacks the token."""

import ipaddress
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from mlake.errors import RunError

__all__ = ["Guard", "free_port", "is_local", "new_token"]

_COOKIE = "mlake-review"
_TOKEN = "token"

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_App = Callable[[_Scope, _Receive, _Send], Awaitable[None]]


def is_local(host: str) -> bool:
    """Whether a name or address is that of this machine for itself alone."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def new_token() -> str:
    """What a page beyond this machine asks for, drawn anew each time."""
    return secrets.token_urlsafe(24)


def free_port(host: str, port: int) -> int:
    """The port to listen on, which nothing else holds.

    Args:
        host: Name or address to listen on.
        port: The port; 0 for any.

    Raises:
        RunError: It cannot be had.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
            return int(tried.getsockname()[1])
    except OSError as error:
        raise RunError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}; choose another --host or "
            "--port"
        ) from error


class Guard:
    """An ASGI application around another, which only sees who may see it.

    A name that its owner can point to any address must not lead here, or his page could read this one: on
    this machine only its own names are answered; beyond it addresses, and the name that was asked for.
    """

    def __init__(self, app: _App, host: str, token: str):
        """Stand before an application.

        Args:
            app: The application.
            host: The name or address that it listens on.
            token: What must be shown once, in the address; empty on this machine.
        """
        self.app = app
        self.host = host
        self.token = token

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        refusal = self._refusal(headers)
        shown = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
        if refusal:
            await _answer(scope, send, refusal)
        elif not self.token or self._is(_cookie(headers)):
            await self.app(scope, receive, send)
        elif scope["type"] == "http" and self._is(shown.pop(_TOKEN, "")):
            await _let_in(scope, send, shown, self.token)
        else:
            await _answer(scope, send, "open the address that mlake review printed, with its token")

    def _is(self, shown: str) -> bool:
        return secrets.compare_digest(shown.encode(), self.token.encode())

    def _refusal(self, headers: Mapping[str, str]) -> str:
        host, origin = headers.get("host", ""), headers.get("origin")
        name = _name(host)
        local = is_local(self.host)
        if not (is_local(name) or name == self.host or (not local and _address(name) is not None)):
            return "this page does not go by that name"
        if origin is not None and urlsplit(origin).netloc != host:
            return "another site may not use this page"
        return ""


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _name(host: str) -> str:
    """The name or address in a host header."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _cookie(headers: Mapping[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(_COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


async def _let_in(scope: _Scope, send: _Send, others: Mapping[str, str], token: str) -> None:
    """Send on to the same address without the token, which a cookie holds from now on."""
    place = f"{scope['path']}?{urlencode(others)}" if others else scope["path"]
    cookie = f"{_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"
    headers = [
        (b"location", _ascii(place)),
        (b"set-cookie", cookie.encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _ascii(place: str) -> bytes:
    return f"/{place.lstrip('/')}".encode("ascii", "ignore")


async def _answer(scope: _Scope, send: _Send, refusal: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": f"{refusal}\n".encode()})

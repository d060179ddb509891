"""A chat server on this machine that says what a test wants it to say."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

KEY = "sk-secret-0123456789"

Reply = tuple[int, dict[str, str], bytes]


def said(text: Any, *, cut: bool = False) -> Reply:
    choice = {"message": {"content": text}, "finish_reason": "length" if cut else "stop"}
    return 200, {}, json.dumps({"choices": [choice]}).encode()


def went_on(text: str) -> Reply:
    """What comes after a prompt that nothing is put around."""
    return 200, {}, json.dumps({"choices": [{"text": text, "finish_reason": "stop"}]}).encode()


class Fake:
    """A server that answers with ``reply(prompt, number of the request)`` and keeps what it was sent.

    It tells what ``tells`` holds by path; ``got`` are the paths that were looked at.
    """

    def __init__(self, reply: Callable[[str, int], Reply], tells: Mapping[str, Any] | None = None):
        self.got: list[str] = []
        self.seen: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.busy = self.busiest = 0
        lock, fake = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    fake.seen.append((self.path, dict(self.headers), body))
                    number = len(fake.seen)
                    fake.busy += 1
                    fake.busiest = max(fake.busiest, fake.busy)
                prompt = body["prompt"] if "prompt" in body else body["messages"][0]["content"]
                status, headers, content = reply(prompt, number)
                with lock:
                    fake.busy -= 1
                self.sent(status, headers, content)

            def do_GET(self) -> None:
                fake.got.append(self.path)
                told = (tells or {}).get(self.path)
                self.sent(404 if told is None else 200, {}, json.dumps(told).encode())

            def sent(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Fake]]:
    """Starts servers that are stopped after the test; a key is set."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    made: list[Fake] = []

    def start(*given: Any) -> Fake:
        made.append(Fake(*given))
        return made[-1]

    yield start
    for one in made:
        one.stop()

"""A server on this machine that speaks as Wikidata does, and misbehaves when asked to."""

import gzip
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.construct.wikidata.items import JSON, WORLD


class Reply(NamedTuple):
    """An answer; ``length`` is what its header says of its length, ``drip`` how long each byte takes."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = {}
    length: int | None = None
    drip: float = 0.0


class Seen(NamedTuple):
    """A request."""

    path: str
    form: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def ids(self) -> list[str]:
        return self.form["ids"].split("|")


def said(value: Any) -> Reply:
    return Reply(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


def error(code: str, info: str = "", **rest: Any) -> Reply:
    """An error of the API, which comes with status 200."""
    return said({"error": {"code": code, "info": info, **rest}, "servedby": "mw1"})


class Fake:
    """Wikidata in small.

    Attributes:
        entities: What there is.
        merged: Id of an entity that was merged into another one to that one's id.
        keyed_by_new: Whether merged entities stand under their new ids in an answer.
        deleted: Ids of entities that are no more.
        faults: Answers given in turn before it serves as it should.
        seen: The requests, in order.
        stops_after: How many requests it answers before it asks to come back another day.
        names_the_lost: Whether it says which id does not exist.
    """

    def __init__(self) -> None:
        self.entities: dict[str, JSON] = dict(WORLD)
        self.merged: dict[str, str] = {}
        self.keyed_by_new = False
        self.deleted: set[str] = set()
        self.faults: list[Reply] = []
        self.seen: list[Seen] = []
        self.stops_after: int | None = None
        self.names_the_lost = True
        self.url = ""

    def reply(self, seen: Seen) -> Reply:
        self.seen.append(seen)
        if self.stops_after is not None and len(self.seen) > self.stops_after:
            return Reply(b"", 429, {"Retry-After": "86400"})
        if self.faults:
            return self.faults.pop(0)
        return self._found(seen.form["query"]) if seen.path == "/sparql" else self._entities(seen)

    def _entities(self, seen: Seen) -> Reply:
        ids, codes = seen.ids, seen.form["languages"].split("|")
        if len(ids) > 50:
            return error("toomanyvalues", "Too many values supplied for parameter 'ids'. The limit is 50.")
        known = {*self.entities, *self.merged, *self.deleted}
        for one in (one for one in ids if one not in known):
            named = f' "{one}"' if self.names_the_lost else ""
            return error("no-such-entity", f"Could not find an entity with the ID{named}.")
        found = {one: self._entity(one, codes) for one in ids}
        if self.keyed_by_new:
            found = {self.merged.get(one, one): entity for one, entity in found.items()}
        return said({"entities": found, "success": 1})

    def _entity(self, name: str, codes: list[str]) -> JSON:
        if name in self.deleted:
            return {"id": name, "missing": ""}
        found = self.entities[self.merged.get(name, name)]
        labels = {code: one for code, one in dict(found["labels"]).items() if code in codes}
        moved = {"redirects": {"from": name, "to": found["id"]}} if name in self.merged else {}
        return found | {"labels": labels or found["labels"]} | moved

    def _found(self, query: str) -> Reply:
        (block,) = re.findall(r"VALUES \?count \{(.*?)\}", query)
        (properties,) = re.findall(r"VALUES \?p \{(.*?)\}", query)
        counts = {int(one) for one in block.split()}
        wanted = [one.removeprefix("wdt:") for one in properties.split()]
        rows = [
            (name, one["mainsnak"]["datavalue"]["value"]["id"])
            for name, entity in self.entities.items()
            if len(entity["sitelinks"]) in counts
            for relation in wanted
            for one in entity["claims"].get(relation, ())
        ]
        uri = "http://www.wikidata.org/entity/"
        bindings = [
            {"s": {"type": "uri", "value": uri + s}, "o": {"type": "uri", "value": uri + o}} for s, o in rows
        ]
        return said({"head": {"vars": ["s", "o"]}, "results": {"bindings": bindings}})


def _handler(fake: Fake) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, form: str) -> None:
            fields = {name: values[0] for name, values in parse_qs(form).items()}
            reply = fake.reply(Seen(urlsplit(self.path).path, fields, dict(self.headers)))
            body, headers = reply.body, dict(reply.headers)
            if reply.status == 200 and "Content-Encoding" not in headers and not reply.length:
                body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
            self.send_response(reply.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(reply.length or len(body)))
            self.end_headers()
            try:
                for at in range(0, len(body), 1 if reply.drip else max(len(body), 1)):
                    self.wfile.write(body[at : at + (1 if reply.drip else len(body))])
                    time.sleep(reply.drip)
            except OSError:  # the client waits no more
                pass
            if reply.length:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def serving(fake: Fake) -> Iterator[Callable[[], None]]:
    """A block in which the server runs; what is given stops it earlier."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake))
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    try:
        yield stop
    finally:
        stop()
        thread.join()

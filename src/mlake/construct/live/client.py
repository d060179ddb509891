"""A polite client of Wikidata: one request at a time, at a rate, and no sooner than the server asks."""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

from mlake.construct.live.access import SETTINGS, Access
from mlake.construct.live.failures import PassingError, checked_json, refuse_status, short
from mlake.errors import DataError, DownloadError
from mlake.waits import asked_wait

if TYPE_CHECKING:
    import httpx2

__all__ = ["BATCH", "LONGEST_WAIT", "TRIES", "Client"]

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)

BATCH = 50
"""How many entities the API gives at once."""

TRIES = 8
"""How often a request is made before the client gives up, to go on another day."""

LONGEST_WAIT = 600.0
"""Seconds; where more is asked the client stops, since coming back sooner would have it banned."""

_LONGEST_LAG = 120.0  # a lag is no request to wait as long as that
_MAXLAG = 5
_TIMEOUT = 60.0  # seconds for a whole answer, however slowly it drips
_MOST_BYTES = 2**28


@dataclass(slots=True)
class Client:
    """Asks Wikidata.

    Attributes:
        access: How it is asked.
        sleep: Waits some seconds.
        timeout: Seconds that an answer may take.
    """

    access: Access
    sleep: Callable[[float], object] = time.sleep
    timeout: float = _TIMEOUT
    _http: "httpx2.Client" = field(init=False)
    _next: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        try:
            import httpx2
        except ImportError:
            raise DataError("live access needs httpx2; run: pip install 'mlake[build]'") from None
        agent = f"mlake/{version('mlake')} ({self.access.contact}) httpx2/{httpx2.__version__}"
        self._http = httpx2.Client(headers={"User-Agent": agent}, timeout=self.timeout)

    def entities(
        self, ids: Sequence[str], codes: Sequence[str], props: Sequence[str]
    ) -> Mapping[str, Mapping[str, Any]]:
        """Entities by the ids that were asked for; one that was merged stands under its old id.

        Args:
            ids: At most ``BATCH`` ids.
            codes: Wikidata's language codes whose names are wanted.
            props: Parts of an entity, as the API calls them.

        Raises:
            NoSuchEntityError: One of the ids exists nowhere.
            DownloadError: There is no answer.
        """
        asked = {
            "action": "wbgetentities",
            "format": "json",
            "formatversion": "2",
            "maxlag": str(_MAXLAG),
            "ids": "|".join(ids),
            "languages": "|".join(codes),
            "props": "|".join(props),
        }

        def once() -> Mapping[str, Mapping[str, Any]]:
            body, wait = self._sent(SETTINGS["api"].variable, "GET", self.access.api, params=asked)
            found = _by_asked(checked_json(body, wait).get("entities"))
            lacking = [one for one in ids if one not in found]
            if lacking:
                raise PassingError(f"no entity {short(lacking[0])} in the answer")
            return found

        return self._tried(once)

    def select(self, query: str) -> Sequence[Mapping[str, Any]]:
        """The bindings of a SPARQL query.

        Raises:
            DownloadError: There is no answer.
        """
        headers = {"Accept": "application/sparql-results+json"}

        def once() -> Sequence[Mapping[str, Any]]:
            form = {"query": query}
            body, wait = self._sent(
                SETTINGS["query"].variable, "POST", self.access.query, data=form, headers=headers
            )
            found = checked_json(body, wait).get("results")
            rows = found.get("bindings") if isinstance(found, dict) else None
            if not isinstance(rows, list):
                raise PassingError("no results in the answer")
            return rows

        return self._tried(once)

    def _sent(self, setting: str, method: str, url: str, **request: Any) -> tuple[str, float | None]:
        """The text of an answer, and how long it asks to wait."""
        import httpx2

        self._keep_rate()
        end, parts, size = time.monotonic() + self.timeout, [], 0
        try:
            with self._http.stream(method, url, **request) as answer:
                for part in answer.iter_bytes():
                    parts.append(part)
                    size += len(part)
                    if size > _MOST_BYTES or time.monotonic() > end:
                        raise PassingError(f"an answer that takes over {self.timeout:g} s or too much room")
        except httpx2.InvalidURL as error:
            raise DownloadError(f"{setting} is no address: {short(str(error))}") from None
        except httpx2.HTTPError as error:  # no connection, no end, a gzip that is none
            raise PassingError(short(str(error)) or type(error).__name__) from None
        body = b"".join(parts).decode("utf-8", "replace")
        wait = asked_wait(answer.headers.get("Retry-After"))
        refuse_status(answer.status_code, body, wait, setting)
        return body, wait

    def _keep_rate(self) -> None:
        """Wait until the next request may begin."""
        now = time.monotonic()
        if self._next > now:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + 60 / self.access.rate

    def _tried(self, once: Callable[[], _T]) -> _T:
        """What a request gives in the end."""
        for tried in range(1, TRIES + 1):
            try:
                return once()
            except PassingError as failure:
                wait = _wait(failure, tried)
                if tried == TRIES or wait > LONGEST_WAIT:
                    asks = f" and asks to wait {wait:.0f} s" if wait > LONGEST_WAIT else ""
                    raise DownloadError(
                        f"Wikidata failed {tried} times ({failure}){asks}; what was fetched is kept: give "
                        "the command again later"
                    ) from None
                _LOG.warning("Wikidata: %s; waiting %.0f s", failure, wait)
                self.sleep(wait)
        raise AssertionError("the last try returns or raises")


def _by_asked(entities: Any) -> dict[str, Mapping[str, Any]]:
    """Entities by the ids asked for, also where a merged one stands under its new id and names the old."""
    given = entities if isinstance(entities, dict) else {}
    old = {one["redirects"]["from"]: one for one in given.values() if "redirects" in one}
    return old | given


def _wait(failure: PassingError, tried: int) -> float:
    """Seconds until the next try: what is asked, or more."""
    growing = 2.0 ** (tried - 1) + random.random()
    return max(failure.asked or 0.0, min(failure.lag, _LONGEST_LAG), growing)

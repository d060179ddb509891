"""What can be wrong with an answer of Wikidata, and what follows: to wait, drop an id or stop."""

import json
import re
from collections.abc import Mapping
from typing import Any

from mlake.errors import DownloadError
from mlake.safe import plain

__all__ = ["NoSuchEntityError", "PassingError", "checked_json", "refuse_status", "short"]

_PASSING_STATUS = {408, 425, 429}
_PASSING_CODES = re.compile(r"maxlag|ratelimited|readonly|internal_api_error.*|cirrussearch-too-busy-error")
_LAG = re.compile(r"([\d.]+) seconds? lagged")
_ID = re.compile(r"\b[QP]\d+\b")
_BAN = "you have been banned until"
_SHOWN = 200


class PassingError(Exception):
    """A failure that may pass.

    Attributes:
        asked: How many seconds the server asks to wait, if it does: to come sooner is to be banned.
        lag: By how many seconds its copies lag, if it says so.
    """

    def __init__(self, reason: str, *, asked: float | None = None, lag: float = 0.0):
        super().__init__(reason)
        self.asked = asked
        self.lag = lag


class NoSuchEntityError(Exception):
    """An id that was asked for exists nowhere, for which a whole batch is refused; empty if not named."""

    def __init__(self, entity: str):
        super().__init__(entity)
        self.entity = entity


def refuse_status(status: int, body: str, asked: float | None, setting: str) -> None:
    """Does nothing where a status is that of an answer.

    Args:
        status: The status.
        body: What came with it.
        asked: Seconds of its ``Retry-After``.
        setting: Name of the setting that has the address.

    Raises:
        PassingError: It may pass.
        DownloadError: It will not.
    """
    if status == 200:
        return
    if _BAN in body.lower():
        start = body.lower().index(_BAN)
        raise DownloadError(f"Wikidata refuses to answer: {short(body[start:])}; wait until then")
    if status in _PASSING_STATUS or status >= 500:
        raise PassingError(f"status {status}", asked=asked)
    if status in (401, 403):
        raise DownloadError(
            f"Wikidata refuses access (status {status}): {short(body)}; check MLAKE_WIKIDATA_CONTACT"
        )
    raise DownloadError(f"Wikidata answers with status {status}: {short(body)}; check {setting}")


def checked_json(body: str, asked: float | None = None) -> Mapping[str, Any]:
    """The JSON object of an answer, which has status 200 even where it is an error.

    Raises:
        PassingError: It is no JSON object, such as a page or half an answer, or says to wait.
        NoSuchEntityError: An id does not exist.
        DownloadError: The request will never be answered.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise PassingError(f"no JSON object but {short(body[:_SHOWN]) or 'nothing'}")
    error = value.get("error")
    if error:
        raise _meant(error if isinstance(error, dict) else {"code": str(error)}, asked)
    return value


def _meant(error: Mapping[str, Any], asked: float | None) -> Exception:
    """What an error of the API means."""
    code, info = str(error.get("code", "")), str(error.get("info", ""))
    if code == "no-such-entity":
        found = _ID.search(str(error.get("id", ""))) or _ID.search(info)
        return NoSuchEntityError(found.group() if found else "")
    if _PASSING_CODES.fullmatch(code):
        return PassingError(short(f"{code} {info}"), asked=asked, lag=_lag(error, info))
    return DownloadError(f"Wikidata refuses the request ({short(code)}): {short(info)}")


def _lag(error: Mapping[str, Any], info: str) -> float:
    """Seconds of lag: older answers have them in their text alone."""
    told = error.get("lag")
    if isinstance(told, int | float):
        return float(told)
    found = _LAG.search(info)
    return float(found.group(1)) if found else 0.0


def short(said: str) -> str:
    """Something a server said as one short line."""
    return plain(" ".join(said.split()))[:_SHOWN]

"""SETTINGS of live access to Wikidata: a row each, read from the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mlake.errors import DataError

__all__ = ["SETTINGS", "Access", "Setting", "access", "value_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How Wikidata is asked.

    Attributes:
        contact: Mail address or web page of whoever asks; sent along, and stored nowhere.
        rate: Requests a minute.
        api: Address of the action API.
        query: Address of the query service, which speaks SPARQL 1.1.
        sitelinks: On how many of Wikimedia's wikis a thing must have a page to be a candidate.
    """

    contact: str
    rate: float
    api: str
    query: str
    sitelinks: int


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting.

    Attributes:
        variable: The environment variable that sets it.
        default: Its value where that is not set; empty if it has none.
        read: Gives the value of a text; a ValueError where the text is none.
        expected: What a good text is.
    """

    variable: str
    default: str
    read: Callable[[str], str | float | int]
    expected: str


def _contact(text: str) -> str:
    reachable = ("@" in text or "://" in text) and text.isascii() and text.isprintable()
    if not reachable or any(sign in text for sign in "()"):
        raise ValueError
    return text


def _address(text: str) -> str:
    parts = urlsplit(text)
    # A password in the address would end up in errors.
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError
    return text


def _rate(text: str) -> float:
    if not 0 < float(text) <= 10_000:
        raise ValueError
    return float(text)


def _count(text: str) -> int:
    if int(text) < 1:
        raise ValueError
    return int(text)


_ADDRESS = "http(s)://host/path without password and query"
SETTINGS: Mapping[str, Setting] = {
    "contact": Setting("MLAKE_WIKIDATA_CONTACT", "", _contact, "a mail address or web page of yours"),
    "rate": Setting("MLAKE_WIKIDATA_RATE", "60", _rate, "requests a minute, such as 60"),
    "api": Setting("MLAKE_WIKIDATA_API", "https://www.wikidata.org/w/api.php", _address, _ADDRESS),
    "query": Setting("MLAKE_WIKIDATA_QUERY", "https://query.wikidata.org/sparql", _address, _ADDRESS),
    "sitelinks": Setting("MLAKE_WIKIDATA_SITELINKS", "100", _count, "a whole number above 0"),
}
"""Field of ``Access`` to its setting."""


def access() -> Access:
    """How the environment says that Wikidata is asked.

    Raises:
        DataError: No contact is given, or a setting is no good.
    """
    return Access(**{name: value_of(name) for name in SETTINGS})


def value_of(name: str) -> Any:
    """The value of a setting.

    Args:
        name: A row of ``SETTINGS``.

    Raises:
        DataError: It has none, or one that is no good.
    """
    setting = SETTINGS[name]
    text = os.environ.get(setting.variable, "").strip() or setting.default
    if not text:
        raise DataError(
            f"Wikidata asks who reads it: set {setting.variable} to {setting.expected}, which is sent with "
            "each request; the packaged snapshot (--source snapshot) needs none"
        )
    try:
        return setting.read(text)
    except ValueError:
        raise DataError(f"{setting.variable} is no {name}; expected {setting.expected}") from None

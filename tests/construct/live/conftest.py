"""A Wikidata on this machine, and settings that lead to it."""

from collections.abc import Iterator

import pytest
from tests.construct.live.server import Fake, serving

from mlake.construct.live.access import SETTINGS

CONTACT = "someone@example.org"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """The server, which the settings name."""
    found = Fake()
    with serving(found):
        given = {"api": f"{found.url}/w/api.php", "query": f"{found.url}/sparql", "rate": "10000"}
        for name, value in (given | {"contact": CONTACT}).items():
            monkeypatch.setenv(SETTINGS[name].variable, value)
        yield found

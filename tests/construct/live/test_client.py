"""The client against a server that does all that Wikidata has been seen to do wrong."""

import json
import re
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.construct.live.conftest import CONTACT
from tests.construct.live.server import Fake, Reply, error
from tests.construct.wikidata.items import item, named

from mlake.construct.live.access import SETTINGS, access
from mlake.construct.live.client import TRIES, Client
from mlake.construct.live.fetched import Fetched
from mlake.construct.wikidata.names import codes
from mlake.errors import DataError, DownloadError

PAGE = b"<!DOCTYPE html><html><title>Wikimedia Error</title></html>"
BAN = b"You have been banned until 2026-11-27T08:00:00Z, please respect throttling and retry-after headers."


class Waits(list[float]):
    """The waits that were asked for; none is waited."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def client(fake: Fake, waits: Waits) -> Client:
    return Client(access(), sleep=waits)


def fetched(tmp_path: Path, client: Client) -> Fetched:
    return Fetched(tmp_path / "fetched.jsonl", client, codes(("en", "de")), ("P36",))


def body(fake: Fake) -> bytes:
    """The right answer to a question for France."""
    return json.dumps({"entities": {"Q142": fake.entities["Q142"]}}).encode()


FAULTS = {
    "lag": error("maxlag", "Waiting for all: 3.45 seconds lagged.", lag=3.45, type="wikibase-queryservice"),
    "older lag": error("maxlag", "Waiting for 10.64.48.35: 3.45 seconds lagged."),
    "rate": error("ratelimited", "You've exceeded your rate limit."),
    "read only": error("readonly", "The wiki is currently in read-only mode."),
    "many": Reply(b"", 429),
    "down": Reply(PAGE, 503),
    "page": Reply(PAGE),
    "nothing": Reply(b""),
    "no object": Reply(b"[]"),
    "no entities": Reply(b'{"success": 1}'),
    "half": Reply(b'{"entities": {"Q142": {"id": "Q1'),
    "truncated": Reply(b'{"entities": {"Q142"', length=5000),
    "no gzip": Reply(b"no gzip at all", headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_passes_is_waited_for(fake: Fake, waits: Waits, client: Client, fault: str) -> None:
    fake.faults = [FAULTS[fault]] * 2
    found = client.entities(["Q142"], ["en"], ["labels"])
    assert found["Q142"]["labels"]["en"]["value"] == "France"
    least = (3.45, 3.45) if "lag" in fault else (1, 2)
    long = [wait for wait in waits if wait > 0.1]  # the others keep the rate
    assert len(long) == 2 and all(wait >= one for wait, one in zip(long, least, strict=True))
    assert len(fake.seen) == 3


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_no_one_comes_back_sooner_than_is_asked(fake: Fake, waits: Waits, client: Client, form: str) -> None:
    asked = {"seconds": "47", "date": formatdate(time.time() + 47, usegmt=True)}[form]
    fake.faults = [Reply(b"", 429, {"Retry-After": asked})]
    client.entities(["Q142"], ["en"], ["labels"])
    assert 20 < max(waits) <= 48  # a date has passed a little already


def test_a_longer_wait_than_can_be_waited_ends_it(fake: Fake, client: Client) -> None:
    fake.faults = [Reply(b"", 429, {"Retry-After": "86400"})]
    with pytest.raises(DownloadError, match=r"asks to wait 86400 s; what was fetched is kept"):
        client.entities(["Q142"], ["en"], ["labels"])
    assert len(fake.seen) == 1


def test_a_lag_of_an_hour_is_no_wait_of_an_hour(fake: Fake, waits: Waits, client: Client) -> None:
    fake.faults = [error("maxlag", lag=3600)]
    client.entities(["Q142"], ["en"], ["labels"])
    assert max(waits) == 120


def test_a_body_that_drips_is_given_up(fake: Fake, waits: Waits) -> None:
    fake.faults = [Reply(body(fake), drip=0.1, length=len(body(fake)))]
    client = Client(access(), sleep=waits, timeout=2)
    assert "Q142" in client.entities(["Q142"], ["en"], ["labels"])
    assert len(fake.seen) > 1


def test_it_gives_up_in_the_end(fake: Fake, client: Client) -> None:
    fake.faults = [Reply(PAGE, 503)] * TRIES
    with pytest.raises(
        DownloadError, match=rf"failed {TRIES} times \(status 503\); what was fetched is kept"
    ):
        client.entities(["Q142"], ["en"], ["labels"])
    assert len(fake.seen) == TRIES


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Reply(BAN, 429), "banned until 2026-11-27T08:00:00Z"),
        (Reply(b"no agent", 403), "check MLAKE_WIKIDATA_CONTACT"),
        (Reply(b"", 404), "status 404.*check MLAKE_WIKIDATA_API"),
        (Reply(b"", 301, {"Location": "/elsewhere"}), "status 301"),
        (error("badvalue", "Unrecognized value\nfor parameter."), r"\(badvalue\): Unrecognized value for"),
    ],
)
def test_what_will_not_pass_is_said_at_once(fake: Fake, client: Client, fault: Reply, said: str) -> None:
    fake.faults = [fault]
    with pytest.raises(DownloadError, match=said) as found:
        client.entities(["Q142"], ["en"], ["labels"])
    assert len(fake.seen) == 1 and "\n" not in str(found.value)


def test_who_asks_is_said_and_how(fake: Fake, client: Client) -> None:
    client.entities(["Q142"], ["en", "mul"], ["labels"])
    (seen,) = fake.seen
    assert seen.headers["User-Agent"].startswith("mlake/")
    assert f"({CONTACT}) httpx2/" in seen.headers["User-Agent"]
    assert "gzip" in seen.headers["Accept-Encoding"]
    assert seen.form["maxlag"] == "5" and seen.form["languages"] == "en|mul"


def test_the_rate_is_kept(fake: Fake, waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTINGS["rate"].variable, "0.1")  # one in ten minutes
    client = Client(access(), sleep=waits)
    for _ in range(2):
        client.entities(["Q142"], ["en"], ["labels"])
    assert 400 < waits[0] <= 600


def test_batches_have_fifty_ids_at_most(fake: Fake, client: Client, tmp_path: Path) -> None:
    ids = [f"Q{number}" for number in range(1000, 1120)]
    fake.entities |= {one: named(one, one) for one in ids}
    found = fetched(tmp_path, client).get(ids)
    assert [len(seen.ids) for seen in fake.seen] == [50, 50, 20]
    assert [row["labels"]["en"] for row in found.values() if row] == ids


def test_what_was_fetched_is_not_fetched_again(fake: Fake, client: Client, tmp_path: Path) -> None:
    ids = [f"Q{number}" for number in range(1000, 1080)]
    fake.entities |= {one: named(one, one) for one in ids}
    fetched(tmp_path, client).get(ids[:50])
    path = tmp_path / "fetched.jsonl"
    path.write_bytes(path.read_bytes()[:-9])  # killed while it wrote a line
    fetched(tmp_path, client).get(ids)
    assert [seen.ids for seen in fake.seen] == [ids[:50], ids[49:]]
    other = Fetched(path, client, codes(("fr",)), ("P36",))  # what was kept lacks French names
    other.get(ids[:1])
    assert fake.seen[-1].ids == ids[:1]


@pytest.mark.parametrize("named_so", [True, False])
def test_an_id_that_exists_nowhere_costs_no_other_one(
    fake: Fake, client: Client, tmp_path: Path, named_so: bool
) -> None:
    fake.names_the_lost = named_so
    found = fetched(tmp_path, client).get(["Q142", "Q999999991", "Q90", "Q999999992"])
    assert [one for one, row in found.items() if row] == ["Q142", "Q90"]


@pytest.mark.parametrize("keyed_by_new", [True, False])
def test_an_entity_that_is_no_more_or_was_merged(
    fake: Fake, client: Client, tmp_path: Path, keyed_by_new: bool
) -> None:
    fake.keyed_by_new = keyed_by_new
    fake.deleted, fake.merged = {"Q7"}, {"Q8": "Q142"}
    place = fetched(tmp_path, client)
    found = place.get(["Q7", "Q8"])
    assert found["Q7"] is None and found["Q8"] is not None and found["Q8"]["id"] == "Q142"
    assert place.moved() == {"Q8": "Q142"}


@pytest.mark.parametrize("empty", [{}, []])
def test_an_empty_map_may_be_a_list(fake: Fake, client: Client, tmp_path: Path, empty: object) -> None:
    bare = {"labels": empty, "aliases": empty, "claims": empty, "sitelinks": empty}
    fake.entities["Q9"] = item("Q9", {}) | bare
    row = fetched(tmp_path, client).get(["Q9"])["Q9"]
    assert row is not None and row["labels"] == {} and row["claims"] == {} and row["sitelinks"] == 0


def test_the_page_names_every_setting_and_its_default() -> None:
    page = (ROOT / "docs" / "build.md").read_text(encoding="utf-8")
    for setting in SETTINGS.values():
        default = "Wikidata's" if "://" in setting.default else setting.default or "none:"
        assert re.search(rf"^\| `{setting.variable}` \|.*\| {default}", page, re.MULTILINE)


def test_no_one_asks_without_a_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTINGS["contact"].variable, raising=False)
    with pytest.raises(DataError, match=r"set MLAKE_WIKIDATA_CONTACT to a mail address") as found:
        access()
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("contact", "nobody"),
        ("contact", "me@example.org)\r\nHost: x"),
        ("rate", "-7"),
        ("rate", "fast"),
        ("api", "ftp://example.org"),
        ("query", "https://me:secret@example.org/sparql"),
        ("sitelinks", "-3"),
    ],
)
def test_a_bad_setting_is_one_line_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(SETTINGS["contact"].variable, CONTACT)
    monkeypatch.setenv(SETTINGS[name].variable, value)
    with pytest.raises(DataError, match=rf"{SETTINGS[name].variable} is no {name}; expected") as found:
        access()
    assert value not in str(found.value)

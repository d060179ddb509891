"""Pages opened from disk in Debian's Chromium, which must neither complain nor ask for anything."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.browser.made import HOSTILE, hostile, large, picture, small, table

from mlake.report.figures.picture import Picture
from mlake.report.html import page
from mlake.report.rundata import RunData
from mlake.report.table import Table

CHROMIUM = shutil.which("chromium")
FLAGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
Open = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here; install Debian's package chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright here; install the extra dev")
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Any) -> Iterator[Open]:
    """Opens a page; at the end there was no message on its console, no error and no request."""
    complaints: list[str] = []
    contexts = []

    def open_page(path: Path, place: str = "", **options: Any) -> Any:
        context = chromium.new_context(offline=True, accept_downloads=True, **options)
        context.set_default_timeout(15000)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: complaints.append(f"console: {message.text}"))
        tab.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        tab.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        tab.on("request", lambda request: complaints.append(_foreign(request.url, path)))
        tab.goto(f"{path.as_uri()}{place}")
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert [one for one in complaints if one] == []


def _foreign(url: str, path: Path) -> str:
    own = url.startswith(("data:", "blob:")) or url.split("#")[0] == path.as_uri()
    return "" if own else f"request: {url[:200]}"


@pytest.fixture(scope="session")
def small_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods on twelve facts, a table of thirty rows, a figure, and a line on what is not shown."""
    runs = [small(), small(method="rome", seed=1)]
    folder = tmp_path_factory.mktemp("small")
    return _written(folder, runs, [table(rows=30)], [picture()], ["Statistics: needs <b>the data set</b>"])


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = "".join(HOSTILE[:6])
    return _written(tmp_path_factory.mktemp("hostile"), [hostile()], [table(text)], [picture(text)])


@pytest.fixture(scope="session")
def large_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _written(tmp_path_factory.mktemp("large"), [large(200_000)], [table()], [picture()])


def _written(
    folder: Path,
    runs: Sequence[RunData],
    tables: Sequence[Table],
    pictures: Sequence[Picture],
    left_out: Sequence[str] = (),
) -> Path:
    path = folder / "report.html"
    path.write_bytes(page(runs, tables, pictures, left_out))
    return path

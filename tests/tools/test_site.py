"""The built site: links, what its pages fetch, search from a folder; and the notebook, run by Jupyter."""

import os
import re
import sysconfig
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest
from tests.conftest import ROOT

pytestmark = pytest.mark.tools

HTML = ROOT / "build" / "site" / "html"
FETCHED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """The anchors of a page, where it links to, and what a browser fetches for it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids |= {value for name in ("id", "name") if (value := given.get(name))}
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        value = given.get(FETCHED.get(tag, ""))
        if value and given.get("rel") != "canonical":
            self.fetched.append(value)


@pytest.fixture(scope="module")
def built() -> dict[Path, Page]:
    if not (HTML / "index.html").exists():
        pytest.skip("the site is not built; run make site")
    return {path: Page(path) for path in HTML.rglob("*.html")}


def outside(link: str) -> bool:
    return link.startswith(("http:", "https:", "mailto:", "data:", "javascript:"))


def test_each_link_leads_to_a_page_and_an_anchor(built: dict[Path, Page]) -> None:
    dead = []
    for path, page in built.items():
        for link in (one for one in (*page.links, *page.fetched) if not outside(one)):
            target, anchor = urldefrag(unquote(link))
            file = (path.parent / target).resolve() if target else path
            file = file / "index.html" if file.is_dir() else file
            made = path.parent.name == "example"  # its script makes its anchors
            known = made or not anchor or file not in built or anchor in built[file].ids
            if not file.is_file() or not known:
                dead.append((path.name, link))
    assert len(built) > 90 and [one for one in dead if one[0] != "404.html"] == []


def test_each_page_is_reached_from_the_first(built: dict[Path, Page]) -> None:
    seen, left = set(), [HTML / "index.html"]
    while left:
        path = left.pop()
        if path in built and path not in seen:
            seen.add(path)
            targets = (urldefrag(one)[0] for one in built[path].links if not outside(one))
            left += [(path.parent / one).resolve() for one in targets if one]
    assert {path.name for path in set(built) - seen} == {"404.html"}


def test_nothing_is_fetched_from_elsewhere(built: dict[Path, Page]) -> None:
    assert [
        one for page in built.values() for one in page.fetched if outside(one) and one[:5] != "data:"
    ] == []


def test_formulas_figures_and_docstrings_are_drawn(built: dict[Path, Page]) -> None:
    assert "<math" in (HTML / "methods" / "memit.html").read_text(encoding="utf-8")
    figures = {Path(one).stem for one in built[HTML / "gallery.html"].fetched if one.endswith(".svg")}
    assert {f"figure{name}" for name in ("2", "3", "4", "5", "6", "7", "8a", "8e")} < figures
    assert {"mlake.run", "mlake.LM"} < built[HTML / "code" / "mlake.html"].ids
    assert (HTML / "example" / "report.html").stat().st_size > 500_000


@pytest.fixture
def search(built: dict[Path, Page], chromium: Any) -> Iterator[Callable[[str], str]]:
    """Types words into the search of the first page, opened from its folder, and gives what is shown."""
    context = chromium.new_context(offline=True)
    asked: list[str] = []

    def shown(words: str) -> str:
        tab = context.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto((HTML / "index.html").as_uri())
        tab.keyboard.press("/")
        tab.get_by_role("combobox").fill(words)
        tab.get_by_text(re.compile(r"^\d+ results?$")).wait_for()
        return " ".join(tab.get_by_role("option").all_inner_texts())

    yield shown
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []


@pytest.mark.parametrize(("words", "found"), [("T-Patcher", "T-Patcher"), ("法国", "mlake.text")])
def test_search_works_from_a_folder(search: Callable[[str], str], words: str, found: str) -> None:
    """Chinese is found inside a sentence, which has no spaces."""
    assert found in search(words)


def test_the_tour_runs(tool: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter is in the tools' environment, mlake in ours: its kernel sees both."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT / "src"), sysconfig.get_path("purelib"))))
    cells = tool("run_notebook.py", ROOT / "docs" / "tour.ipynb", tmp_path / "tour.ipynb", tmp_path)
    shown = [output for cell in cells for output in cell]
    assert sum("image/png" in one.get("data", {}) for one in shown) == 1
    assert "before:" in cells[-1][0]["text"] and (tmp_path / "runs" / "memory" / "spec.json").exists()

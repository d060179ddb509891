"""What the site is built from: each page has a place, each link leads somewhere, references are complete."""

import json
import re
from base64 import b64encode
from importlib import import_module
from pathlib import Path
from posixpath import dirname, normpath

import pytest
from benchmarks.stored import RESULTS, run_by_scores
from tests.test_docs import leaves
from website import pages
from website.code import code_pages, modules
from website.commands import command_pages
from website.nav import navigation
from website.notebook import as_page
from website.pages import filled, site_pages

from mlake.cli import main
from mlake.errors import MlakeError

SMALL = "reproduce-demo-25/memit-demo-31ec12c009236fd9"


@pytest.fixture(scope="module")
def staged() -> dict[str, bytes]:
    code, _ = code_pages()
    return site_pages() | {path: text.encode() for path, text in (command_pages() | code).items()}


def paths(tree: object) -> list[str]:
    """The pages of a tree of navigation."""
    if isinstance(tree, str):
        return [tree]
    nodes = tree.values() if isinstance(tree, dict) else tree
    return [path for node in nodes for path in paths(node)]  # type: ignore[attr-defined]


def test_each_page_has_one_place_in_the_navigation(staged: dict[str, bytes]) -> None:
    _, folders = code_pages()
    written = [path for path in site_pages() if path.endswith(".md")]
    listed = paths(navigation([*written, "methods/new.md", "new.md"], [*command_pages()], folders))
    assert len(listed) == len(set(listed))
    assert set(listed) == {path for path in staged if path.endswith(".md")} | {"methods/new.md", "new.md"}


def test_each_link_leads_to_a_file_of_the_site(staged: dict[str, bytes]) -> None:
    found = 0
    for path, content in staged.items():
        if path.endswith(".md"):
            prose = re.sub(r"^```.*?^```", "", content.decode(), flags=re.DOTALL | re.MULTILINE)
            for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", prose):
                assert normpath(f"{dirname(path)}/{target}".lstrip("/")) in staged, (path, target)
                found += 1
    assert found > 150


def test_the_first_page_is_the_readme(staged: dict[str, bytes]) -> None:
    text = staged["index.md"].decode()
    assert "[All results, with what made them](results.md)" in text and "](docs/" not in text
    assert 'title="LICENSE in the repository">LICENSE</span>' in text


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of a README, a guide for contributors, a changelog and one page."""
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/a.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n", encoding="utf-8")
    return tmp_path


def test_links_are_turned_and_code_is_not(house: Path) -> None:
    (house / "code.py").touch()
    fence = "```md\n[up](../README.md)\n```\n"
    links = "[up](../README.md#x) [../CHANGELOG.md](../CHANGELOG.md) [raw](../code.py) [out](https://a.org)"
    text = f"<!-- test -->\n# [raw](../code.py)\n\n{links}\n\n| `a\\|b` |\n\n{fence}"
    (house / "docs" / "a.md").write_text(text, encoding="utf-8")
    span = '<span class="repository" title="code.py in the repository">raw</span>'
    turned = f"[up](index.md#x) [CHANGELOG.md](changelog.md) {span} [out](https://a.org)"
    assert site_pages()["a.md"].decode() == f"# raw\n\n{turned}\n\n| `a|b` |\n\n{fence}"


def test_a_dead_link_is_named(house: Path) -> None:
    (house / "docs" / "a.md").write_text("[no](lost.md)\n", encoding="utf-8")
    with pytest.raises(MlakeError, match=r"docs/a\.md links to lost\.md, which is not there"):
        site_pages()


def test_what_is_made_has_a_place_on_its_page(staged: dict[str, bytes]) -> None:
    page = filled(staged["gallery.md"], "gallery", "## Drawn\n").decode()
    assert page.startswith("# Gallery\n") and page.endswith("read.\n\n## Drawn\n")
    assert b"make site" in staged["gallery.md"]
    with pytest.raises(MlakeError, match="needs '<!-- site: gallery -->' and '<!-- /site -->', a line each"):
        filled(page.encode(), "gallery", "")


def test_the_reference_holds_every_command_and_option() -> None:
    made = command_pages()
    for name in main.table:
        assert "](" + name + ".md)" in made["commands/index.md"]
    every = "".join(made.values())
    for command in leaves(main):
        for param in command.params:
            assert all(option in every for option in param.opts if option.startswith("--")), command.name
    run = made["commands/run.md"]
    assert run.startswith("# mlake run\n\n```text\nmlake run [OPTIONS] [RECIPE]\n```\n")
    assert "| `--max-new-tokens INTEGER RANGE` | Longest answer, tokens." in run
    assert "```sh\nmlake run demo\n" in run and "\b" not in every
    assert "| `--stop [line|end]` |" in run
    assert "## mlake data check\n" in made["commands/data.md"]


def test_the_code_of_each_guide_has_a_page() -> None:
    named = modules()
    assert {"mlake", "mlake.data", "mlake.editing.method", "mlake.scorers.table"} <= set(named)
    for name in named:
        import_module(name)
    made, folders = code_pages()
    assert made["code/mlake.data.md"] == "# mlake.data\n\n::: mlake.data\n"
    assert sorted(paths(folders)) == sorted(made)


def test_a_notebook_is_a_page() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "\n", "Text."]},
        {
            "cell_type": "code",
            "source": ["print(1)"],
            "outputs": [
                {"output_type": "stream", "text": ["1\n"]},
                {"output_type": "execute_result", "data": {"image/png": b64encode(b"png").decode()}},
            ],
        },
    ]
    text, images = as_page(json.dumps({"cells": cells}).encode(), "tour")
    assert images == {"tour/1.png": b"png"}
    parts = ["# Title\n\nText.", "[The notebook](tour.ipynb), to run in Jupyter or Colab."]
    parts += ["```python\nprint(1)\n```", "```text\n1\n```", "![What the cell above draws](tour/1.png)"]
    assert text == "\n\n".join(parts) + "\n"


def test_a_run_is_read_by_its_scores_without_its_questions() -> None:
    run = run_by_scores(SMALL)
    assert len(run.asked) == 122 and all(one.probe.text == one.probe.id for one in run.asked)
    assert not any(one.probe.accept or one.probe.reject for one in run.asked)
    assert run.folder == RESULTS / SMALL
    scorers = {row.scorer for row in run.scored}
    assert {"contains", "paper", "entropy", "language"} <= scorers and "old_kept" not in scorers
    assert all(row.asked is not None for row in run.scored if row.scorer in ("contains", "entropy"))

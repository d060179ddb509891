"""Pages of the code: a page for each module that a guide imports from, filled from its docstrings."""

import re
from collections import defaultdict

from website.pages import ROOT

__all__ = ["code_pages", "modules"]

_IMPORTED = re.compile(r"^(?:from|import) (mlake[\w.]*)", re.MULTILINE)
_ALSO = ("mlake.editing.edits.edit", "mlake.errors", "mlake.evaluation", "mlake.evaluation.spec")
"""What the guides' code uses without importing it."""


def modules() -> list[str]:
    """Names of the modules that have a page."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    named = {name for page in pages for name in _IMPORTED.findall(page.read_text(encoding="utf-8"))}
    return sorted({*named, *_ALSO})


def code_pages() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Path to Markdown, and folder to paths."""
    pages: dict[str, str] = {}
    folders: dict[str, list[str]] = defaultdict(list)
    for name in modules():
        path = f"code/{name}.md"
        pages[path] = f"# {name}\n\n::: {name}\n"
        folders[".".join(name.split(".")[:2])].append(path)
    return pages, folders

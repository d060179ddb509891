"""The pages of the repository as pages of the site: links lead to pages of the site, or say where to look."""

import re
from html import escape
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from mlake.errors import MlakeError
from website.notebook import as_page

__all__ = ["ROOT", "filled", "site_pages"]

ROOT = Path(__file__).resolve().parents[1]
_TOP = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
_FENCE = re.compile(r"^(```.*?^```$)", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"^<!-- (?!/?site).*-->\n", re.MULTILINE)
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
_CODE = re.compile(r"`[^`\n]+`")  # in cells of tables, GitHub wants a bar escaped there and the site does not


def site_pages() -> dict[str, bytes]:
    """Every file of ``docs``, README, guide for contributors and changelog, by its path on the site.

    Raises:
        MlakeError: A link leads nowhere.
    """
    places = _places()
    files: dict[str, bytes] = {}
    for source, place in places.items():
        content = (ROOT / source).read_bytes()
        if source.endswith(".ipynb"):
            files[PurePosixPath(source).name] = content
            text, images = as_page(content, PurePosixPath(source).stem)
            files |= images | {place: _page(text, source, places).encode()}
        elif source.endswith(".md"):
            files[place] = _page(content.decode("utf-8"), source, places).encode()
        else:
            files[place] = content
    return files


def filled(page: bytes, name: str, content: str) -> bytes:
    """A page with content in place of what stands between ``<!-- site: name -->`` and ``<!-- /site -->``.

    Raises:
        MlakeError: The page has no such place.
    """
    before, begin, rest = page.decode("utf-8").partition(f"<!-- site: {name} -->\n")
    _, end, after = rest.partition("<!-- /site -->\n")
    if not (begin and end):
        raise MlakeError(f"a page of docs needs '<!-- site: {name} -->' and '<!-- /site -->', a line each")
    return f"{before}{content}{after}".encode("utf-8", "backslashreplace")


def _places() -> dict[str, str]:
    """Paths in the repository to paths on the site."""
    docs = ROOT / "docs"
    inside = [path.relative_to(docs).as_posix() for path in sorted(docs.rglob("*")) if path.is_file()]
    return _TOP | {f"docs/{name}": name.replace(".ipynb", ".md") for name in inside}


def _page(text: str, source: str, places: dict[str, str]) -> str:
    """The Markdown of a page; code is left alone."""
    parts = _FENCE.split(_COMMENT.sub("", text))
    return "".join(part if part.startswith("```") else _linked(part, source, places) for part in parts)


def _title(source: str) -> str:
    """The first heading of a page of the repository; its name, where it has none."""
    text = (ROOT / source).read_text(encoding="utf-8")
    return next((line[2:] for line in text.splitlines() if line.startswith("# ")), PurePosixPath(source).name)


def _linked(text: str, source: str, places: dict[str, str]) -> str:
    above = PurePosixPath(source).parent
    here = PurePosixPath(places[source]).parent

    def link(found: re.Match[str]) -> str:
        shown, target, anchor = found[1], normpath(f"{above}/{found[2]}"), found[3] or ""
        if target in places:
            named = PurePosixPath(shown).name == PurePosixPath(target).name
            return f"[{_title(target) if named else shown}]({relpath(places[target], here)}{anchor})"
        if not (ROOT / target).exists():
            raise MlakeError(f"{source} links to {found[2]}, which is not there; mend the link")
        if text[text.rfind("\n", 0, found.start()) + 1] == "#":
            return shown
        return f'<span class="repository" title="{escape(target)} in the repository">{shown}</span>'

    return _LINK.sub(link, _CODE.sub(lambda found: found[0].replace("\\|", "|"), text))

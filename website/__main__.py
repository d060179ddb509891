"""``python -m website``: everything that the site is built from, into ``build/site``."""

from pathlib import Path

import yaml

from mlake.disk import write_files
from website import example
from website.code import code_pages
from website.commands import command_pages
from website.nav import navigation
from website.pages import ROOT, filled, site_pages

_ASSETS = Path(__file__).with_name("assets")
_OUT = ROOT / "build" / "site"


def main() -> None:
    """Write the pages and the settings of the builder."""
    commands = command_pages()
    code, folders = code_pages()
    made = example.reproduced()
    files = site_pages()
    nav = navigation([path for path in files if path.endswith(".md")], [*commands], folders)
    files |= {path: text.encode() for path, text in (commands | code).items()}
    files["example.md"] = filled(files["example.md"], "example", example.tables(made))
    files["gallery.md"] = filled(files["gallery.md"], "gallery", example.gallery(made))
    files |= example.files(made)
    files |= {f"assets/{path.name}": path.read_bytes() for path in _ASSETS.iterdir()}
    settings = {"INHERIT": "../../website/mkdocs.yml", "nav": nav}
    write_files(_OUT / "docs", files)
    write_files(_OUT, {"mkdocs.yml": yaml.safe_dump(settings, sort_keys=False).encode()})


if __name__ == "__main__":
    main()

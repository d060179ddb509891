"""Which page stands where: every page of the site is reached from here."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from typing import Any

__all__ = ["PAGES", "navigation"]

PAGES: dict[str, tuple[str, ...]] = {
    "Start": ("index.md", "tour.md", "python.md", "served.md", "example.md", "chat-example.md", "gallery.md"),
    "Methods": ("methods.md", "choose.md", "tune.md", "methods/*"),
    "Measuring": (
        "protocol.md",
        "report.md",
        "reproduce.md",
        "cluster.md",
        "paper-tables.md",
        "figures.md",
        "hypotheses.md",
        "analysis.md",
        "fluency.md",
        "harness.md",
        "recipes.md",
    ),
    "Data": (
        "data.md",
        "data-stats.md",
        "data-quality.md",
        "neighbours.md",
        "support.md",
        "build.md",
        "review.md",
        "release-of-data.md",
    ),
    "Results": ("results.md", "submit.md", "performance.md"),
    "Extending": ("contributing.md", "add-a-*", "changelog.md"),
    "More": ("*",),
}
"""Pages by heading, by name or pattern; a page stands at its name, else at the first pattern that fits it."""


def navigation(
    pages: Iterable[str], commands: Sequence[str], modules: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """The tree of all pages, as MkDocs takes it.

    Args:
        pages: Pages that were written.
        commands: Pages of the command line.
        modules: Pages of the code by folder.
    """
    named = {name for names in PAGES.values() for name in names}
    left = sorted(set(pages) - named)
    written: list[dict[str, Any]] = []
    for title, names in PAGES.items():
        listed: list[str] = []
        for name in names:
            found = [one for one in left if fnmatch(one, name)] if "*" in name else [name]
            left = [one for one in left if one not in found]
            listed += found
        if listed:
            written.append({title: listed})
    code = [own[0] if len(own) == 1 else {folder: list(own)} for folder, own in modules.items()]
    return [*written, {"Commands": list(commands)}, {"Code": code}]

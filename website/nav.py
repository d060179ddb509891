"""Which page stands where: every page of the site is reached from here."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["PAGES", "navigation"]

PAGES: dict[str, tuple[str, ...]] = {
    "Start": ("index.md", "tour.md", "python.md", "example.md", "gallery.md"),
    "Methods": (
        "methods.md",
        "methods/rome.md",
        "methods/memit.md",
        "methods/pmet.md",
        "methods/ultraedit.md",
        "methods/mend.md",
        "methods/kn.md",
        "methods/stableke.md",
        "methods/ft.md",
        "methods/ft-l.md",
        "methods/ft-last.md",
        "methods/ft-m.md",
        "methods/lora.md",
        "methods/locft-bf.md",
        "methods/calinet.md",
        "methods/ice.md",
        "methods/remake.md",
        "methods/ike.md",
        "methods/serac.md",
        "methods/grace.md",
        "methods/babelreft.md",
        "methods/t-patcher.md",
        "methods/memoir.md",
        "tune.md",
    ),
    "Measuring": (
        "protocol.md",
        "report.md",
        "reproduce.md",
        "paper-tables.md",
        "figures.md",
        "hypotheses.md",
        "analysis.md",
        "fluency.md",
    ),
    "Data": (
        "data.md",
        "data-stats.md",
        "data-quality.md",
        "neighbours.md",
        "build.md",
        "release-of-data.md",
        "support.md",
    ),
    "Results": ("results.md", "performance.md"),
    "Extending": (
        "contributing.md",
        "add-a-method.md",
        "add-a-scorer.md",
        "add-a-kind-of-question.md",
        "add-a-language.md",
        "add-a-view.md",
        "add-a-dataset.md",
        "add-a-model-family.md",
        "changelog.md",
    ),
}
"""Pages by heading; those of the command line and of the code follow, made of what there is."""


def navigation(commands: Sequence[str], modules: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The tree of all pages, as MkDocs takes it.

    Args:
        commands: Pages of the command line.
        modules: Pages of the code by folder.
    """
    written = [{title: list(pages)} for title, pages in PAGES.items()]
    code = [pages[0] if len(pages) == 1 else {folder: list(pages)} for folder, pages in modules.items()]
    return [*written, {"Commands": list(commands)}, {"Code": code}]

"""Tables and figures as files."""

from collections.abc import Sequence

from mlake.disk import encoded
from mlake.report.table import Table
from mlake.report.view import Shown

__all__ = ["files_of"]


def files_of(shown: Sequence[Shown]) -> dict[str, bytes]:
    """File names and contents: tables as Markdown, LaTeX and CSV, figures as PNG, PDF, SVG and CSV."""
    files: dict[str, bytes] = {}
    for one in shown:
        if isinstance(one, Table):
            texts = {"md": one.markdown(), "tex": one.latex(), "csv": one.csv()}
        else:
            texts = {"csv": one.data.csv()}
            files |= {f"{one.name}.{kind}": one.rendered(kind) for kind in ("png", "pdf", "svg")}
        files |= {f"{one.name}.{kind}": encoded(text) for kind, text in texts.items()}
    return files

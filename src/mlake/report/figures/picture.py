"""A figure as a value: what it draws, the numbers behind it, and how to draw it in any format."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

from mlake.report.figures.style import paper, save
from mlake.report.table import Table
from mlake.safe import plain
from mlake.scorers.table import signature

__all__ = ["Format", "Picture"]

Format = Literal["svg", "png", "pdf"]

_METADATA: dict[str, dict[str, str | None]] = {
    "svg": {"Date": None, "Creator": "mlake"},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": "mlake", "Producer": None},
}
_SMALLER = tuple(
    (re.compile(pattern, re.DOTALL), shorter)
    for pattern, shorter in (
        (rb"<!--.*?-->", b""),
        (rb'<g id="[^"]*"', b"<g"),
        (rb'(\d\d\.\d\d)\d+(?=[ )"\n])', rb"\1"),
        (rb'transform="translate\(([\d.]+) 0\)"/>', rb'x="\1"/>'),
        (rb"DejaVuSans-(?=[0-9a-f]+\")", b"g"),
        (rb"\s*\n\s*", b"\n"),
        (rb">\n<", b"><"),
        (rb"<g\s*/>", b""),
    )
)
"""What halves an SVG without changing a pixel; without the names of groups several can share a page."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure.

    Attributes:
        name: Stable name, also of its files, such as ``figure4``.
        title: What it shows, in one line; also the text for those who cannot see it.
        data: The numbers behind it.
        draw: Makes the matplotlib figure; ``rendered`` calls it under the look that all figures share.
    """

    name: str
    title: str
    data: Table
    draw: Callable[[], Any]

    def rendered(self, format: Format) -> bytes:
        """The figure as a file, the same bytes for the same numbers.

        Args:
            format: ``svg`` (text as paths, to look the same everywhere), ``png`` (300 dots an inch), ``pdf``.
        """
        buffer = BytesIO()
        with paper(self.name):
            metadata = {"Title": plain(self.title), **_METADATA[format]}
            save(self.draw(), buffer, format, metadata, ", ".join(map(signature, self.data.measures)))
        return _smaller(buffer.getvalue()) if format == "svg" else buffer.getvalue()


def _smaller(svg: bytes) -> bytes:
    for pattern, shorter in _SMALLER:
        svg = pattern.sub(shorter, svg)
    return svg

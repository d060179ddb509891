"""Runs, tables and figures as one HTML file without any outside part.

Texts from models and data reach the page only as JSON, in which no character can end a script, and from
there only as text nodes. A content security policy of hashes lets nothing run but the page's own two
scripts, and lets nothing be fetched. Answers, figures and the table library are gzipped and read on demand.
"""

import gzip
import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import matplotlib

from mlake.report.figures.heatmap import ink
from mlake.report.figures.picture import Picture
from mlake.report.html.answers import columns
from mlake.report.html.library import datatables
from mlake.report.html.summary import summary
from mlake.report.rundata import RunData
from mlake.report.table import Table

__all__ = ["page"]

_SCRIPTS = ("base.js", "grid.js", "overview.js", "attachments.js", "answers.js", "fact.js", "main.js")
_SIZE = re.compile(r'(?:width|height)="([\d.]+)pt"')
# With these as escapes, no HTML parser finds markup in JSON.
_UNSAFE = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}


def page(
    runs: Sequence[RunData],
    tables: Sequence[Table],
    pictures: Sequence[Picture],
    left_out: Sequence[str] = (),
) -> bytes:
    """The report as one page; the same runs, tables and figures give the same bytes.

    Args:
        runs: Runs with their answers, in the order in which they are shown.
        tables: Tables, in the order in which they are shown.
        pictures: Figures, in the order in which they are shown.
        left_out: What could not be made of the runs, and why, a line each.

    Returns:
        HTML as UTF-8.

    Raises:
        RunError: The library for tables is missing.
    """
    style = _own("page.css") + _heat_colours()
    script = "\n".join(map(_own, _SCRIPTS))
    library = datatables()
    attached = _files(tables, pictures)
    overview = summary(runs, tables, pictures) | {"leftOut": list(left_out)}
    for one in overview["pictures"]:  # known before it is drawn, so that nothing moves when it is
        one["size"] = _size(attached[f"picture {one['name']}"]["svg"])
    parts = {
        "policy": _policy([script, library], style),
        "style": style,
        "summary": _json(overview).translate(_UNSAFE),
        "answers": _packed(_json(columns(runs))),
        "files": _packed(_json(attached)),
        "library": _packed(library),
        "script": script,
    }
    return _filled(_own("page.html"), parts).encode("utf-8", "backslashreplace")


def _own(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _filled(template: str, parts: dict[str, str]) -> str:
    """The template with ``{{name}}`` replaced, whatever the parts hold."""
    first, *rest = template.split("{{")
    return first + "".join(parts[name] + text for name, _, text in (piece.partition("}}") for piece in rest))


def _json(value: Any) -> str:
    """JSON whose lone surrogates become their escapes when it is encoded."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _packed(text: str) -> str:
    content = text.encode("utf-8", "backslashreplace")
    return b64encode(gzip.compress(content, compresslevel=6, mtime=0)).decode()


def _policy(scripts: Sequence[str], style: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_hashed, scripts))}",
            f"style-src {_hashed(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hashed(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _heat_colours() -> str:
    """Classes ``c0`` to ``c100``, the figures' colours, and the scale from end to end.

    The policy allows no ``style`` attributes, so colours are classes.
    """
    colours = [matplotlib.colormaps["cividis"](percent / 100)[:3] for percent in range(101)]
    names = [matplotlib.colors.to_hex(colour) for colour in colours]
    rules = [
        f".c{percent}{{background:{names[percent]};color:{ink(colour)}}}"
        for percent, colour in enumerate(colours)
    ]
    return "\n".join([*rules, f".scale{{background:linear-gradient(to right,{','.join(names[::10])})}}\n"])


def _files(tables: Sequence[Table], pictures: Sequence[Picture]) -> dict[str, dict[str, str]]:
    """What can be downloaded, by name and ending; PNG is drawn from SVG in the browser."""
    found = {one.name: {"md": one.markdown(), "tex": one.latex(), "csv": one.csv()} for one in tables}
    for one in pictures:
        found[f"picture {one.name}"] = {
            "svg": one.rendered("svg").decode(),
            "pdf": b64encode(one.rendered("pdf")).decode(),
            "csv": one.data.csv(),
        }
    return found


def _size(svg: str) -> list[float]:
    """Width and height of a figure in points."""
    return [float(size) for size in _SIZE.findall(svg)[:2]]

"""One look for all figures: sizes and fonts of a paper, and a fixed colour or marker for what recurs."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from textwrap import fill
from typing import Any, BinaryIO, NamedTuple
from unicodedata import east_asian_width

import matplotlib
import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager, get_font
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from mlake.languages import LANGUAGES, is_known, language
from mlake.languages.sets import members
from mlake.safe import plain
from mlake.scripts import SCRIPTS

__all__ = [
    "COLUMN",
    "FONT_NOTE",
    "PAGE",
    "SMALL",
    "Mark",
    "covered",
    "families",
    "label",
    "language_colour",
    "method_marks",
    "method_name",
    "paper",
    "save",
    "shorten",
    "text_width",
]

_LOG = logging.getLogger(__name__)

COLUMN = 3.3
"""Width of a column of the paper, in inches."""

PAGE = 6.9
"""Width of both columns, in inches."""

SMALL = 7.0
"""Size of ticks, legends and notes, in points; all else has 8."""

_SMALL_PRINT = 26  # characters an inch
_LINE = 0.1
"""Height of a line of small print, in inches."""

FONT_NOTE = "no installed font has the characters of some names; in the figure ids or codes stand there"

_FONT = "DejaVu Sans"  # comes with matplotlib: the same glyphs everywhere
_EVERY = tuple(name for row in SCRIPTS.values() for name in row.fonts)

_COLOURS = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#6A5ACD", "#8C6D31", "#882255",
    "#44AA99", "#999933", "#332288", "#DDCC77", "#117733", "#661100", "#6699CC", "#AA4499", "#222222",
)  # fmt: skip
_UNKNOWN = "#777777"


class Mark(NamedTuple):
    """How a method is drawn."""

    marker: str
    colour: str


_MARKS = {
    "mend": Mark("v", "#CC79A7"),
    "rome": Mark("^", "#E69F00"),
    "memit": Mark("s", "#0072B2"),
    "stableke": Mark("o", "#D55E00"),
    "stableke-lora": Mark("d", "#8C6D31"),
    "r-rome": Mark("D", "#009E73"),
    "emmet": Mark("P", "#56B4E9"),
    "alphaedit": Mark("X", "#6A5ACD"),
    "langedit": Mark("H", "#117733"),
}
_SPARE = (Mark("*", "#444444"), Mark("<", "#B22222"), Mark(">", "#2E8B57"), Mark("p", "#000000"))

_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlepad": 5,
    "axes.titlesize": 8,
    "errorbar.capsize": 0,
    "figure.constrained_layout.h_pad": 0.05,
    "figure.constrained_layout.w_pad": 0.05,
    "figure.titlesize": 8,
    "font.size": 8,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handletextpad": 0.4,
    "lines.linewidth": 1.0,
    "lines.markersize": 4,
    "patch.linewidth": 0.6,
    "savefig.dpi": 300,
    "svg.fonttype": "path",  # a page may be read where no such font is
    "text.parse_math": False,  # names are untrusted text, never formulas
    "xtick.labelsize": SMALL,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": SMALL,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.6,
}


@contextmanager
def paper(salt: str = "mlake") -> Iterator[None]:
    """Draw and save in the look of a paper, whatever a user's own settings are.

    Args:
        salt: Makes the names within an SVG its own, so that several can stand in one page.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE | {"font.family": list(families()), "svg.hashsalt": salt})
        yield


def save(
    figure: Figure, file: BinaryIO, format: str, metadata: Mapping[str, str | None], foot: str = ""
) -> None:
    """Writes a figure within ``paper``.

    Fonts are embedded in a PDF as TrueType, which journals ask for; as outlines (Type 3) where there are
    Chinese or Japanese characters, whose fonts are no TrueType fonts and would not show.

    Args:
        figure: The figure.
        file: Where to write.
        format: ``svg``, ``png`` or ``pdf``.
        metadata: What the file says of itself; None leaves out what is there by default.
        foot: Small print that is set under the figure, which grows by it.
    """
    width, height = figure.get_size_inches()
    lines = fill(foot, int(width * _SMALL_PRINT), break_on_hyphens=False)
    depth = _LINE * len(lines.splitlines())
    figure.text(0.05 / width, -0.02 / height, lines, fontsize=5, color="#666666", va="top", in_layout=False)
    figure.draw_without_rendering()  # makes the labels of ticks
    wide = any(_width(char) > 1 for text in figure.findobj(Text) for char in text.get_text())
    with matplotlib.rc_context({"pdf.fonttype": 3 if wide else 42}):
        figure.savefig(
            file,
            format=format,
            metadata=dict(metadata),
            bbox_inches=Bbox.from_extents(0, -depth, width, height),
        )


@lru_cache(maxsize=16)
def families(lang: str | None = None) -> tuple[str, ...]:
    """Font families to draw with, glyph by glyph the first one that has it.

    Args:
        lang: Language of the text: the same Chinese character has another form in Japanese.
    """
    installed = _installed()
    own = SCRIPTS[language(lang).script].fonts if lang and is_known(lang) else ()
    names = dict.fromkeys((*own, *_EVERY))
    return (_FONT, *(name for name in names if name in installed))


def covered(text: str) -> bool:
    """Whether the installed fonts can draw every character."""
    return all(_has_glyph(char) for char in plain(text))


def label(text: object, instead: str | None = None, width: int = 32) -> str:
    """Text as a figure shows it: on one line, not too long, without empty boxes for missing glyphs.

    Args:
        text: Untrusted text.
        instead: What stands for it where no font covers it, such as an id or a language code; without
            it each character that no font has becomes a question mark.
        width: Characters at most, one that is as wide as two counted as two.
    """
    shown = plain(text)
    if not covered(shown):
        _warn()
        shown = plain(instead) if instead else "".join(c if _has_glyph(c) else "?" for c in shown)
    return shorten(shown, width)


def shorten(text: str, width: int) -> str:
    """Text of a width, its middle left out where it is longer."""
    if text_width(text) <= width:
        return text
    half = (width - 1) // 2
    return f"{_cut(text, width - 1 - half).rstrip()}…{_cut(text[::-1], half)[::-1].lstrip()}"


def text_width(text: str) -> int:
    """Width of a text in characters, one that is as wide as two counted as two."""
    return sum(map(_width, text))


def language_colour(lang: str) -> str:
    """The colour of a language, the same in every figure; of a set, the mean of its members' colours."""
    if len(members(lang)) > 1:
        return to_hex(np.mean([to_rgb(language_colour(one)) for one in members(lang)], axis=0))
    return _COLOURS[list(LANGUAGES).index(lang) % len(_COLOURS)] if lang in LANGUAGES else _UNKNOWN


def method_name(method: str) -> str:
    """A method as papers write it; as it is where it is not one of mlake's."""
    from mlake.editing import EDITORS  # loads torch, which only the drawing of methods needs

    return EDITORS[method].title or method if method in EDITORS else label(method, width=20)


def method_marks(methods: Iterable[str]) -> dict[str, Mark]:
    """Marks by method, those that mlake has always the same and first, the paper's in its order."""
    names = set(methods)
    others = sorted(names - _MARKS.keys())
    marks = {name: mark for name, mark in _MARKS.items() if name in names}
    return marks | {name: _SPARE[place % len(_SPARE)] for place, name in enumerate(others)}


def _cut(text: str, width: int) -> str:
    """The first characters, as many as fit."""
    used = 0
    for place, char in enumerate(text):
        used += _width(char)
        if used > width:
            return text[:place]
    return text


def _width(char: str) -> int:
    return 2 if east_asian_width(char) in "WF" else 1


@lru_cache(maxsize=1)
def _installed() -> frozenset[str]:
    """Names of all families; matplotlib's own list is made once, so fonts installed later are added to it."""
    names = set(fontManager.get_font_names())
    if not names.intersection(_EVERY):
        known = {str(font.fname) for font in fontManager.ttflist}
        for path in sorted(set(findSystemFonts()) - known):
            try:
                fontManager.addfont(path)
            except (OSError, RuntimeError) as error:  # a damaged font is no reason to draw nothing
                _LOG.debug("font %s left out: %s", path, error)
        names = set(fontManager.get_font_names())
    return frozenset(names)


@lru_cache(maxsize=1)
def _faces() -> tuple[Any, ...]:
    return tuple(get_font(findfont(FontProperties(family=[name]))) for name in families())


@lru_cache(maxsize=65536)
def _has_glyph(char: str) -> bool:
    return any(face.get_char_index(ord(char)) for face in _faces())


@lru_cache(maxsize=1)
def _warn() -> None:
    _LOG.warning("no installed font has the characters of some names in figures; install Noto Sans CJK")

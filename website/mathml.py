"""Formulas between dollar signs as MathML, which browsers draw without a script."""

from typing import Any
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert
from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor

__all__ = ["makeExtension"]

_BLOCK = r"\$\$(.+?)\$\$"
_INLINE = r"(?<![\\$\w])\$(?!\s)([^$]+?)(?<![\s\\])\$(?!\w)"
_PRIORITY = 185  # after code, before backslashes and emphasis


class _Formula(InlineProcessor):
    """Turns one formula into MathML."""

    display = "inline"

    def handleMatch(self, m: Any, data: str) -> tuple[Element | str, int, int]:
        """What stands for the formula, and where it began and ended."""
        return self.md.htmlStash.store(convert(m[1], display=self.display)), m.start(0), m.end(0)


class _Displayed(_Formula):
    """A formula on lines of its own."""

    display = "block"


class _Formulas(Extension):
    """Formulas of GitHub's Markdown."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Adds both kinds of formulas."""
        md.inlinePatterns.register(_Displayed(_BLOCK, md), "formula", _PRIORITY + 0.1)
        md.inlinePatterns.register(_Formula(_INLINE, md), "inline formula", _PRIORITY)


def makeExtension(**settings: Any) -> Extension:
    """The extension, as Markdown asks for it."""
    return _Formulas(**settings)

import logging
import re

import matplotlib
import pytest
from matplotlib.font_manager import fontManager

from mlake.languages import LANGUAGES
from mlake.report.figures import style

CACHES = ("_installed", "families", "_faces", "_has_glyph", "_warn")


@pytest.fixture
def no_cjk(monkeypatch):
    """As on a machine without any Chinese or Japanese font."""
    before = {name: getattr(style, name) for name in CACHES}
    monkeypatch.setattr(style, "_installed", lambda: frozenset({"DejaVu Sans"}))
    for name in CACHES[1:]:
        before[name].cache_clear()
    yield
    for name in CACHES[1:]:
        before[name].cache_clear()


def test_text_that_no_font_has_becomes_an_id_and_is_said_once(no_cjk, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        assert style.label("国籍", "P27") == "P27"
        assert style.label("出生地", "ja") == "ja"
        assert style.label("模型-7b") == "??-7b"
    assert [record.getMessage() for record in caplog.records] == [
        "no installed font has the characters of some names in figures; install Noto Sans CJK"
    ]
    assert style.covered("Größe à café") and not style.covered("国籍")
    assert style.families("ja") == ("DejaVu Sans",)


def test_text_that_a_font_has_is_drawn(monkeypatch, caplog) -> None:
    monkeypatch.setattr(style, "_has_glyph", lambda char: True)
    assert style.label("国籍", "P27") == "国籍"
    assert caplog.records == []


def test_languages_prefer_their_own_forms_of_characters(monkeypatch) -> None:
    both = frozenset({"DejaVu Sans", "Noto Sans CJK JP", "Noto Sans CJK SC"})
    monkeypatch.setattr(style, "_installed", lambda: both)
    style.families.cache_clear()
    assert style.families("zh") == ("DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK JP")
    assert style.families("ja") == style.families() == ("DejaVu Sans", "Noto Sans CJK JP", "Noto Sans CJK SC")
    style.families.cache_clear()


def test_fonts_that_matplotlib_does_not_know_yet_are_found(monkeypatch) -> None:
    added = []

    def add(path: str) -> None:
        added.append(path)
        if path == "broken.ttf":
            raise RuntimeError("cannot open")

    names = iter((["DejaVu Sans"], ["DejaVu Sans", "Noto Sans CJK JP"]))
    monkeypatch.setattr(fontManager, "get_font_names", lambda: next(names))
    monkeypatch.setattr(fontManager, "addfont", add)
    monkeypatch.setattr(style, "findSystemFonts", lambda: ["noto.ttc", "broken.ttf"])
    style._installed.cache_clear()
    assert "Noto Sans CJK JP" in style._installed()
    assert added == ["broken.ttf", "noto.ttc"]
    style._installed.cache_clear()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\x1b[31mc\u202e", "a b [31mc"),
        ("$x_1$ {", "$x_1$ {"),
        ("abcdefghijklmnopqrstuvwxyz" * 2, "abcdefghijklmnop…lmnopqrstuvwxyz"),
    ],
)
def test_labels_are_literal_and_short(text: str, shown: str) -> None:
    assert style.label(text) == shown
    assert len(style.label(text)) <= 32


def test_wide_characters_count_twice() -> None:
    assert style.text_width("a国…−") == 5
    assert style.shorten("国" * 10, 9) == "国国…国国"


def test_marks_and_colours_are_fixed_and_differ() -> None:
    marks = style.method_marks(["zeta", "stableke", "mend", "alpha"])
    assert list(marks) == ["mend", "stableke", "alpha", "zeta"]
    assert marks["mend"] == style.method_marks(["mend"])["mend"]
    assert len(set(marks.values())) == 4
    assert len({style.language_colour(lang) for lang in LANGUAGES}) == len(LANGUAGES)
    assert re.fullmatch("#[0-9a-f]{6}", style.language_colour("xx"), re.I)
    assert [style.method_name(name) for name in ("stableke", "x$y$")] == ["StableKE", "x$y$"]


def test_a_users_own_style_is_set_aside_and_comes_back() -> None:
    with matplotlib.rc_context({"font.size": 30, "text.usetex": True}):
        with style.paper("name"):
            assert (matplotlib.rcParams["font.size"], matplotlib.rcParams["text.usetex"]) == (8, False)
            assert matplotlib.rcParams["svg.hashsalt"] == "name"
        assert matplotlib.rcParams["font.size"] == 30

"""What holds for every figure: same bytes, nothing cut off or covered, hostile names as they are."""

import warnings
from dataclasses import replace
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from tests.report.synthetic import HOSTILE, PAPER, make_neurons, make_run, make_tokens

import mlake
from mlake.report import figures
from mlake.report.figures.picture import Picture
from mlake.report.figures.style import paper

RUNS = {
    "figure2": figures.figure2,
    "figure3": figures.figure3,
    "figure4": lambda runs: figures.figure4(runs, make_tokens(runs[0]) if runs else {}),
    "figure5": figures.figure5,
    "figure6": figures.figure6,
    "transfer_by_distance": figures.transfer_by_distance,
}


@pytest.fixture(scope="module")
def few() -> dict[str, Picture]:
    """All figures, of the paper's two methods for which it draws matrices."""
    return make_all(("memit", "stableke"))


def make_all(methods) -> dict[str, Picture]:
    runs = [make_run(method) for method in methods]
    mini = mlake.load("mini")
    made = {name: make(runs) for name, make in RUNS.items()}
    made["figure7"] = figures.figure7(make_neurons())
    return made | {f"figure8{part}": figures.figure8(mini, part) for part in "abcde"}


@pytest.fixture(scope="module")
def many() -> dict[str, Picture]:
    """All figures, of five methods."""
    return make_all((*PAPER, "own_method"))


NAMES = (*RUNS, "figure7", *(f"figure8{part}" for part in "abcde"))


def drawn(picture: Picture) -> Figure:
    with paper():
        figure = picture.draw()
        figure.canvas.draw()
    return figure


def texts(figure: Figure) -> list[Text]:
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_the_same_numbers_give_the_same_bytes(few, name) -> None:
    picture = few[name]
    first = picture.rendered("svg")
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        assert picture.rendered("svg") == first
    assert ElementTree.fromstring(first).tag.endswith("svg")
    assert len(first) < 100_000
    assert (picture.name, picture.data.name) == (name, name)


@pytest.mark.parametrize(("form", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
@pytest.mark.slow
def test_other_formats_too(few, form, magic) -> None:
    picture = few["figure5"]
    file = picture.rendered(form)
    assert file.startswith(magic) and file == picture.rendered(form)
    assert b"CreationDate" not in file and b"Software" not in file


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_nothing_is_cut_off_or_covered(many, name) -> None:
    figure = drawn(many[name])
    canvas: Any = figure.canvas
    renderer = canvas.get_renderer()
    box, (width, height) = figure.get_tightbbox(renderer), figure.get_size_inches()
    assert min(box.x0, box.y0) >= -0.01 and box.x1 <= width + 0.01 and box.y1 <= height + 0.01
    axes = [one for one in figure.axes if one.get_visible()]
    for legend in figure.legends:
        box = legend.get_window_extent(renderer)
        assert not any(box.overlaps(one.get_window_extent(renderer)) for one in axes)
    titles = [one.title.get_window_extent(renderer) for one in axes if one.get_title()]
    assert not any(one.overlaps(other) for one, other in combinations(titles, 2))


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.slow
def test_hostile_names_are_drawn_as_they_are(name) -> None:
    run = make_run(HOSTILE, HOSTILE, langs=("en", "ja"))
    run = replace(run, spec=run.spec | {"model": HOSTILE, "method": HOSTILE})
    picture = RUNS[name]([run])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = picture.rendered("svg")
        figure = drawn(picture)
    ElementTree.fromstring(svg)
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0) >= -0.01 and box.x1 <= width + 0.01 and box.y1 <= height + 0.01
    found = " ".join(text.get_text() for text in texts(figure))
    assert "a$b_{$ <b>" in found
    assert not any("\x1b" in str(cell) or "\n" in str(cell) for row in picture.data.rows for cell in row)


@pytest.mark.parametrize("name", RUNS)
def test_one_run(name) -> None:
    assert RUNS[name]([make_run(facts=30)]).rendered("svg")


@pytest.mark.parametrize("name", RUNS)
def test_without_runs_or_numbers_one_line_says_so(name) -> None:
    empty = replace(make_run(), rows=(), scored=())
    for runs in ([], [empty]):
        with pytest.raises(mlake.errors.RunError, match=f"^{name} needs .*; ") as error:
            RUNS[name](runs)
        assert "\n" not in str(error.value)


def test_two_runs_of_one_method_keep_their_names() -> None:
    picture = figures.figure5([make_run(), replace(make_run(), folder=make_run().folder / "again")])
    assert {row[1] for row in picture.data.rows} == {"MEMIT (memit-run)", "MEMIT (again)"}

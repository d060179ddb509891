"""The page in a real browser: what a reader can do with mouse, keys and a phone."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.browser.made import HOSTILE, LANGS, small

from mlake.report.html import page
from mlake.report.table import Table

pytestmark = pytest.mark.browser
Open = Callable[..., Any]

CELL = 'a.heat[aria-label^="edited in English, asked in Japanese"]'
ROW = "#answers-view tbody tr"
INFO = "#answers-view .dt-info"
PHONE = {"width": 390, "height": 844}


def texts(tab: Any, selector: str) -> list[str]:
    return [text.strip() for text in tab.locator(selector).all_inner_texts()]


def test_the_matrices_show_every_cell_of_every_run(opened: Open, small_page: Path) -> None:
    tab = opened(small_page)
    tab.wait_for_selector(CELL)
    assert tab.locator("table.matrix").count() == 4  # two runs, direct and two-hop
    first = tab.locator("table.matrix").first
    assert first.locator("a.heat").count() == 6 * 5
    assert first.locator("a.heat b").all_inner_texts()[5:10] == ["100.0", "0.0", "0.0", "0.0", "0.0"]
    assert first.locator("a.own").count() == len(LANGS)
    assert texts(tab, ".run h3") == ["memit · some/model · made", "rome · some/model · made"]
    assert "fedcba987654" in tab.inner_text(".run .signature >> nth=0")


def test_what_is_not_shown_is_said_as_text(opened: Open, small_page: Path, hostile_page: Path) -> None:
    section = opened(small_page).locator("#left-out")
    assert section.locator("li").all_inner_texts() == ["Statistics: needs <b>the data set</b>"]
    assert section.is_visible()
    assert not opened(hostile_page).locator("#left-out").is_visible()


def test_another_scorer_and_kind_can_be_chosen(opened: Open, small_page: Path) -> None:
    tab = opened(small_page)
    tab.select_option("#choose select[name=scorer]", "old")
    assert "old answer still stands" in tab.inner_text("#meaning")
    assert set(tab.locator("a.heat b").all_inner_texts()) == {"0.0"}
    tab.select_option("#choose select[name=kind]", "multihop")
    assert texts(tab, ".matrix caption") == ["Two-hop questions"] * 2


def test_drill_down_by_mouse_and_back(opened: Open, small_page: Path) -> None:
    tab = opened(small_page)
    tab.locator(CELL).first.scroll_into_view_if_needed()
    top = tab.evaluate("scrollY")
    tab.locator(CELL).first.click()
    assert tab.inner_text("#answers-title") == "Direct questions, edited in English, asked in Japanese"
    assert "0.0 %" in tab.inner_text("#answers-view .cell-summary")
    assert tab.locator(ROW).count() == 12
    tab.click(f"{ROW} >> nth=2 >> td.col-question")  # anywhere on the row
    assert tab.inner_text("#fact-title") == "made-0002"
    assert tab.locator("article.probe").count() == 10  # five languages, two kinds
    assert texts(tab, "article.probe >> nth=3 >> tbody th") == ["before", *(f"edited in {name}" for name in (
        "English", "German", "French", "Japanese", "Chinese"))]  # fmt: skip
    assert tab.locator("tr.marked").inner_text().startswith("edited in English")
    tab.go_back()
    tab.wait_for_selector("#answers-view:not([hidden])")
    assert tab.locator(ROW).count() == 12
    tab.go_back()
    tab.wait_for_selector("#overview:not([hidden])")
    assert tab.evaluate("scrollY") == top > 0
    tab.go_forward()
    tab.wait_for_selector("#answers-view:not([hidden])")


def test_drill_down_by_keyboard(opened: Open, small_page: Path) -> None:
    tab = opened(small_page)
    tab.locator("a.heat").first.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight"):
        tab.keyboard.press(key)
    assert tab.evaluate("document.activeElement.ariaLabel").startswith("edited in English, asked in Japanese")
    outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    tab.keyboard.press("Enter")
    tab.wait_for_selector(ROW)
    assert tab.evaluate("document.activeElement.id") == "answers-title"
    tab.locator(f"{ROW} a").first.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#fact-title")
    assert tab.evaluate("document.activeElement.id") == "fact-title"
    tab.keyboard.press("Escape")
    tab.wait_for_selector(f"{ROW} a")
    tab.keyboard.press("Escape")
    tab.wait_for_selector("#overview:not([hidden])")
    assert tab.evaluate("document.activeElement.ariaLabel").startswith("edited in English, asked in Japanese")


def test_a_matrix_is_one_stop_of_the_tab_key(opened: Open, small_page: Path) -> None:
    tab = opened(small_page)
    assert tab.locator('table.matrix a.heat[tabindex="0"]').count() == 4


def test_answers_are_searched_sorted_and_filtered(opened: Open, small_page: Path) -> None:
    tab = opened(small_page, "#answers?run=0")
    tab.wait_for_selector(ROW)
    assert tab.inner_text(INFO).startswith("1–25 of 720")
    tab.fill("#answers-view .dt-search input", "NEW7 日本語")  # words in any order, any case
    tab.wait_for_selector(f"{INFO}:has-text('of 12')")
    assert set(texts(tab, f"{ROW} td.col-fact")) == {"made-0007"}
    assert "q=NEW7" in tab.url
    tab.fill("#answers-view .dt-search input", "")
    tab.wait_for_selector(f"{INFO}:has-text('1–25 of 720')")
    tab.click("#answers-view th:has-text('contains')")
    tab.click("#answers-view th:has-text('contains')")
    tab.wait_for_selector(f"{ROW}:first-child td.col-score:has-text('1')")
    assert set(texts(tab, f"{ROW} td.col-score")) == {"1"}
    tab.select_option("#answers-view select[name=score]", "0")
    tab.wait_for_selector(f"{INFO}:has-text('1–25 of 600')")
    tab.select_option("#answers-view select[name=edit]", "unedited")
    tab.wait_for_selector(f"{INFO}:has-text('1–25 of 120')")
    assert tab.locator("#answers-view td.col-before").count() == 0


def test_the_address_keeps_search_order_and_page(opened: Open, small_page: Path) -> None:
    place = "#answers?run=1&kind=multihop&q=question&sort=question.desc&start=25"
    tab = opened(small_page, place)
    tab.wait_for_selector(ROW)
    assert tab.inner_text(INFO).startswith("26–50 of 360")
    before = texts(tab, f"{ROW} td.col-question")
    assert before == sorted(before, reverse=True)
    tab.locator(f"{ROW} a").first.click()
    tab.wait_for_selector("#fact-title")
    assert tab.inner_text(".others") == "The same fact in: memit · some/model · made"
    tab.go_back()
    tab.wait_for_selector(ROW)
    assert texts(tab, f"{ROW} td.col-question") == before


def test_answers_carry_their_language(opened: Open, small_page: Path) -> None:
    tab = opened(small_page, "#fact?run=0&fact=made-0003")
    tab.wait_for_selector("article.probe")
    langs = tab.locator("article.probe h3 [lang]").evaluate_all("all => all.map((one) => one.lang)")
    assert langs == ["en", "de", "fr", "ja", "zh-Hans"] * 2
    for lang, font in (("ja", "Hiragino"), ("zh-Hans", "PingFang SC")):
        shown = tab.locator(f"[lang={lang}]").first.evaluate("one => getComputedStyle(one).fontFamily")
        assert font in shown


def test_tables_are_sorted_searched_and_saved(opened: Open, small_page: Path) -> None:
    tab = opened(small_page)
    box = tab.locator("#table-table1")
    box.locator("th:has-text('share')").click()
    box.locator("th:has-text('share')").click()
    box.locator("th.dt-ordering-desc").wait_for()
    assert box.locator("tbody tr").first.inner_text().split("\t") == ["text 29", "29", "4.14", "–"]
    box.locator("input[type=search]").fill("text 17")
    box.locator(".dt-info:has-text('1–1 of 1')").wait_for()
    with tab.expect_download() as got:
        box.get_by_role("button", name="as CSV").click()
    assert got.value.suggested_filename == "table1.csv"
    assert Path(got.value.path()).read_text(encoding="utf-8").startswith("text,count,share,nothing\n")
    assert box.locator(".note").inner_text() == "a note: text"


def test_tables_are_copied(opened: Open, small_page: Path) -> None:
    tab = opened(small_page, permissions=["clipboard-read", "clipboard-write"])
    button = tab.get_by_role("button", name="as Markdown")
    button.click()
    tab.wait_for_selector("#said:has-text('Copied')", state="attached")
    assert "| text 0 | 0 | 0.00 | – |" in tab.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize(
    ("form", "start"), [("SVG", b"<?xml"), ("PNG", b"\x89PNG"), ("PDF", b"%PDF"), ("CSV", b"text,count")]
)
def test_figures_are_saved(opened: Open, small_page: Path, form: str, start: bytes) -> None:
    tab = opened(small_page)
    with tab.expect_download() as got:
        tab.get_by_role("button", name=f"as {form}").locator("visible=true").first.click()
    assert got.value.suggested_filename in (f"figure1.{form.lower()}", "table1.csv")
    assert Path(got.value.path()).read_bytes().startswith(start)


def test_figures_are_shown(opened: Open, small_page: Path) -> None:
    tab = opened(small_page)
    image = tab.locator("#figure-figure1 img")
    image.scroll_into_view_if_needed()
    tab.wait_for_selector("#figure-figure1 img[src^='data:image/svg']")
    assert image.get_attribute("alt") == "A figure of text"
    image.evaluate("image => image.decode()")
    assert image.evaluate("image => image.naturalWidth") > 200


def test_hostile_texts_are_shown_and_do_nothing(opened: Open, hostile_page: Path) -> None:
    tab = opened(hostile_page)
    tab.locator("#figure-figure1 img").scroll_into_view_if_needed()
    tab.wait_for_selector("#figure-figure1 img[src]")
    tab.locator("details").evaluate_all("all => all.forEach((one) => (one.open = true))")
    tab.locator("a.heat").last.click()
    tab.wait_for_selector(ROW)
    assert tab.locator(ROW).count() == len(HOSTILE)
    shown = "\n".join(texts(tab, f"{ROW} td.col-after"))
    assert "</script><script>window.owned = 1</script> after" in shown
    assert '"><img src=x onerror="window.owned = 1"> after' in shown
    assert "left ⟨U+202E⟩right to left⟨U+202C⟩ end after" in shown
    assert "half a pair ⟨U+D83D⟩ of an emoji after" in shown
    assert "nul ⟨U+0000⟩ bell ⟨U+0007⟩" in shown
    for number in range(len(HOSTILE)):
        tab.locator(f"{ROW} a").nth(number).click()
        tab.wait_for_selector("#fact-title")
        assert tab.inner_text("#fact-title").startswith(str(number))
        assert tab.locator("article.probe").count() == 1
        tab.go_back()
        tab.wait_for_selector(ROW)
    assert tab.evaluate("window.owned") is None
    assert tab.locator("main :is(script, iframe, object, embed, form, [onerror], [onclick])").count() == 0
    assert tab.locator("a[href]:not([href^='#'])").count() == 0


def test_the_policy_stops_what_gets_in_anyway(chromium: Any, small_page: Path) -> None:
    tab = chromium.new_page()
    tab.goto(small_page.as_uri())
    tab.evaluate("""() => {
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.owned = 1'>");
        const script = document.createElement("script");
        script.textContent = "window.owned = 2";
        document.body.append(script);
    }""")
    assert tab.evaluate("window.owned") is None
    assert tab.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'refused')") == "refused"
    tab.close()


@pytest.mark.parametrize("place", ["", "#answers?run=0", "#fact?run=0&fact=made-0001"])
def test_a_phone_never_scrolls_sideways(opened: Open, small_page: Path, place: str) -> None:
    tab = opened(small_page, place, viewport=PHONE, has_touch=True, is_mobile=True)
    tab.locator("a.heat, article.probe, #answers-view tbody a").locator("visible=true").first.wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize("place", ["", "#answers?run=0"])
def test_a_phone_bears_hostile_texts(opened: Open, hostile_page: Path, place: str) -> None:
    tab = opened(hostile_page, place, viewport=PHONE)
    tab.locator("a.heat, #answers-view tbody a").locator("visible=true").first.wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_have_contrast(opened: Open, small_page: Path, scheme: str) -> None:
    tab = opened(small_page, color_scheme=scheme)
    tab.wait_for_selector("a.heat")
    for selector in ("body", ".lead", ".signature", ".top nav a", "summary", "a.heat >> nth=5", "footer"):
        assert contrast(tab, selector) >= 4.5, selector


def test_the_theme_can_be_changed(opened: Open, small_page: Path) -> None:
    tab = opened(small_page, color_scheme="light")
    paper = [colours(tab, "body")[1]]
    for name in ("light", "dark", "system"):
        tab.click("#theme")
        assert tab.get_attribute("#theme", "aria-label") == f"Theme: {name}"
        paper.append(colours(tab, "body")[1])
    assert paper[0] == paper[1] == paper[3] and sum(paper[2]) < 120


def test_places_that_are_not_there_say_so(opened: Open, small_page: Path) -> None:
    for place in ("#fact?run=0&fact=nobody", "#fact?run=9&fact=made-0001", "#answers?run=9"):
        tab = opened(small_page, place)
        tab.click("text=Back to the results")
        tab.wait_for_selector("a.heat")


@pytest.mark.slow
def test_two_hundred_thousand_answers_open_quickly(opened: Open, large_page: Path) -> None:
    tab = opened(large_page)
    tab.wait_for_selector("a.heat")
    assert tab.evaluate("performance.now()") < 3000
    tab.locator(CELL).first.click()
    tab.wait_for_selector(ROW)
    assert tab.inner_text(INFO).startswith("1–25 of 3,333".replace(",", " "))
    tab.goto(f"{large_page.as_uri()}#answers?run=0")
    tab.wait_for_selector("#answers-title:has-text('All answers')")
    tab.fill("#answers-view .dt-search input", "made-0123")
    tab.wait_for_selector(f"{INFO}:has-text('of 60')")


def colours(tab: Any, selector: str) -> tuple[list[float], list[float]]:
    """Text colour, and the colour behind it, 0 to 255."""
    found = tab.locator(selector).first.evaluate("""element => {
        let behind = element;
        while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
        return [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
    }""")
    front, back = ([float(part) for part in re.findall(r"[\d.]+", colour)[:3]] for colour in found)
    return front, back


def contrast(tab: Any, selector: str) -> float:
    """Contrast ratio of WCAG 2."""

    def luminance(colour: list[float]) -> float:
        parts = [part / 255 for part in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(map(luminance, colours(tab, selector)))
    return (high + 0.05) / (low + 0.05)


def test_a_page_leads_with_the_methods_and_fits_a_phone(opened: Open, tmp_path: Path) -> None:
    note = "revision sha256:" + "0123456789abcdef" * 8
    wide = Table("wide", note, ("a", "b"), ((note, 1),), (note,))
    runs = [small(model="demo"), small(model="demo", editor={"key": "prompt"})]
    path = tmp_path / "report.html"
    path.write_bytes(page(runs, [wide], []))
    tab = opened(path, viewport={"width": 390, "height": 844})
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.evaluate("document.querySelector('#overview section').id") == "methods"
    titles = texts(tab, ".run h3")
    assert len(set(titles)) == 2 and all("Gemma-3-270M (demo)" in title for title in titles)
    assert "memit, no subject" in titles[1]


def test_a_long_text_is_cut_until_all_of_it_is_asked_for(opened: Open, tmp_path: Path) -> None:
    """How long a page takes to lay out grows with the square of an endless word's length."""
    endless = "A" * 20_000
    path = tmp_path / "report.html"
    path.write_bytes(
        page([], [Table("long", endless, ("a",), ((endless,), ("\U0001f600" * 2000,)), (endless,))], [])
    )
    tab = opened(path)
    for part in ("h3", "td", ".note"):
        assert 1000 < len(tab.locator(f"#table-list {part}").first.inner_text()) < 1100
    cell = tab.locator("#table-list td").first
    cell.locator("button").click()
    assert cell.evaluate("(one) => one.textContent") == endless
    assert "\ufffd" not in tab.locator("#table-list td").nth(1).inner_text()

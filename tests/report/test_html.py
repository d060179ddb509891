"""The page as bytes: what is in it, and that nothing in it can end a script."""

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.browser.made import HOSTILE, LANGS, hostile, large, picture, run_of, scored, small, table

from mlake.errors import RunError
from mlake.report.html import library, page
from mlake.report.html.answers import number
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import SCORERS


class Parts(HTMLParser):
    """The elements of a page with their attributes, and what its scripts and styles hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.texts = re.findall(r"<(script|style)([^>]*)>(.*?)</(?:script|style)", text, re.DOTALL)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, name: str) -> str:
        (text,) = (text for _, attributes, text in self.texts if f'id="data-{name}"' in attributes)
        return text

    def unpacked(self, name: str) -> str:
        return gzip.decompress(base64.b64decode(self.named(name))).decode()


def parts(content: bytes) -> Parts:
    return Parts(content.decode())


def test_the_same_runs_give_the_same_bytes() -> None:
    first, second = (page([small()], [table()], [picture()]) for _ in range(2))
    assert first == second


def test_only_two_scripts_can_run_and_nothing_is_fetched() -> None:
    scripts = parts(page([small()], [table()], [picture()]))
    (policy,) = (one["content"] for _, one in scripts.found if "http-equiv" in one)
    assert policy is not None and policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy
    (running,) = (text for _, attributes, text in scripts.texts if attributes == ' type="module"')
    (style,) = (text for tag, _, text in scripts.texts if tag == "style")
    for text in (running, style, scripts.unpacked("library")):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy
    links = [value for _, one in scripts.found for name, value in one.items() if name in ("src", "href")]
    assert all(value and value.startswith(("#", "data:,")) for value in links)


LEAST, MOST = pytest.approx(0.695, abs=0.05), pytest.approx(0.305, abs=0.05)
"""Where the interval of twelve facts ends that are all right, or all wrong."""


def test_the_summary_holds_what_the_run_measured() -> None:
    run = small()
    summary = json.loads(parts(page([run], [table()], [picture()])).named("summary"))
    (one,) = summary["runs"]
    assert one["title"] == "memit · some/model · made"
    assert ["data sha256", "fedcba9876543210fedcba9876543210"] in one["signature"]
    assert ["editor.value.steps", "25"] in one["settings"]
    assert one["notes"] == ["one note"]
    cells = {tuple(cell[:4]): cell[4:] for cell in one["cells"]}
    assert cells["direct", "contains", "ja", "ja"] == [12, 1, LEAST, 1, 12]
    assert cells["direct", "contains", None, "zh"] == [12, 0, 0, MOST, 12]
    assert one["compare"]["direct"]["same"] == [60, 1, LEAST, 1, 12]
    assert one["compare"]["direct"]["other"] == [240, 0, 0, MOST, 12]
    assert summary["languages"]["zh"]["tag"] == "zh-Hans"
    assert summary["tables"][0]["rows"][2] == ["text 2", 2, [0.2857], None]
    assert set(summary["scorers"]) == set(SCORERS)


def test_what_cannot_be_made_is_said_as_it_is() -> None:
    lines = ["Statistics: needs the data set", HOSTILE[0]]
    said = json.loads(parts(page([small()], [], [], lines)).named("summary"))["leftOut"]
    assert said == lines
    assert json.loads(parts(page([small()], [], [])).named("summary"))["leftOut"] == []


def test_answers_are_columns_over_shared_texts() -> None:
    data = json.loads(parts(page([small(), small(method="rome")], [], [])).unpacked("answers"))
    strings, (run, other) = data["strings"], data["runs"]
    assert len(strings) == len(set(strings)) and run == other
    assert run["edits"] == [None, *LANGS] and run["langs"] == list(LANGS)
    asked, probes = run["asked"], run["probes"]
    row = next(row for row, edit in enumerate(asked["edit"]) if edit == run["edits"].index("ja"))
    probe = asked["probe"][row]
    assert strings[asked["text"][row]] == "no made-0000-direct-en"
    assert strings[probes["accept"][probe][0]] == "new0 en"
    assert run["facts"][probes["fact"][probe]] == "made-0000"
    assert asked["before"][0] == -1 and strings[asked["before"][row]] == "no made-0000-direct-en"
    assert [len(run["scores"][name]) for name in SCORERS] == [720] * len(SCORERS)
    assert run["scores"]["unchanged"][0] is None and run["scores"]["contains"][row] == 0


def test_hostile_texts_stay_data() -> None:
    text = "".join(HOSTILE[:7])
    content = page([hostile()], [table(text)], [picture(text)])
    scripts = parts(content)
    plain = parts(page([], [], []))
    assert [tag for tag, _ in scripts.found] == [tag for tag, _ in plain.found]
    assert not re.search(r"[<>&\u2028\u2029\x00]", scripts.named("summary"))
    summary = json.loads(scripts.named("summary"))
    assert tuple(summary["runs"][0]["notes"]) == HOSTILE  # nothing lost, lone surrogates included
    data = json.loads(scripts.unpacked("answers"))
    assert set(HOSTILE) <= set(data["strings"])
    files = json.loads(scripts.unpacked("files"))
    assert files["table1"]["md"] == table(text).markdown().replace("\r", "")


def test_a_measure_of_its_own_is_kept_and_no_number_breaks_json() -> None:
    run = small()
    extra = [
        scored(one, "odd", value)
        for one, value in zip(run.asked, (float("nan"), float("inf"), 123.456), strict=False)
    ]
    stray = [ScoredRow("en", 0, "direct", "not asked", None, "en", "odd", 1.0)]
    scripts = parts(page([replace(run, scored=[*run.scored, *extra, *stray])], [], []))
    scores = json.loads(scripts.unpacked("answers"))["runs"][0]["scores"]["odd"]
    assert scores[:4] == [None, None, 123.5, None] and len(scores) == 720


@pytest.mark.parametrize(
    ("value", "kept"),
    [(None, None), (float("nan"), None), (1.0, 1), (1 / 3, 0.3333), (-0.0, 0), (2e-9, 2e-9)],
)
def test_numbers(value: float | None, kept: float | None) -> None:
    assert number(value) == kept
    assert not str(number(value)).endswith(".0")


def test_a_question_without_a_fact_stands_for_itself() -> None:
    run = small()
    alone = [replace(one, probe=replace(one.probe, fact=None)) for one in run.asked[:3]]
    data = json.loads(parts(page([run_of(alone, [])], [], [])).unpacked("answers"))
    assert data["runs"][0]["facts"][0] == "probe made-0000-direct-en"


def test_a_page_without_anything_is_a_page() -> None:
    summary = json.loads(parts(page([], [], [])).named("summary"))
    assert summary["runs"] == summary["tables"] == summary["pictures"] == []


def test_ten_thousand_answers_are_small() -> None:
    assert len(page([large(10_000)], [table()], [picture()])) < 2_000_000


def test_without_the_table_library_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "find_spec", lambda name: None)
    library.datatables.cache_clear()
    with pytest.raises(RunError, match="needs the package itables"):
        page([], [], [])
    library.datatables.cache_clear()


@pytest.mark.parametrize("bundle", [None, "no export", "export{a as default};export{b as default}"])
def test_another_bundle_is_refused(
    bundle: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Spec:
        origin = str(tmp_path / "__init__.py")

    if bundle is not None:
        (tmp_path / "html").mkdir()
        (tmp_path / "html" / "dt_bundle.js").write_text(bundle)
    found: Any = Spec()
    monkeypatch.setattr(library, "find_spec", lambda name: found)
    library.datatables.cache_clear()
    with pytest.raises(RunError, match="is not the bundle expected"):
        library.datatables()
    library.datatables.cache_clear()


def test_every_measure_of_multiple_choice_says_what_it_means() -> None:
    from mlake.analysis.choices import Choice, score_choices
    from mlake.records import Probe
    from mlake.scorers.table import MODEL_MEASURES

    probe = Probe("p", None, "choice", "en", "?", ("A",), options=("x", "y"))
    scorers = {row.scorer for row in score_choices([Choice(probe, 0, None, 0, None, "")])}
    assert len(scorers) == 5 and scorers <= set(MODEL_MEASURES)

"""The README's table of methods: a row each, what runs say, a dash where none does."""

import json
import re
from io import BytesIO
from pathlib import Path

import pytest
from benchmarks import trade
from benchmarks.front_table import NAME, drawn, filled
from benchmarks.marks import between, part
from benchmarks.results import DOCS, README
from benchmarks.stored import StoredRun
from PIL import Image

from mlake.editing.methods import EDITORS
from mlake.scorers.row import ScoredRow

PAGE = (DOCS / README).read_text(encoding="utf-8")


def _run(method: str, gained: float, kept: float) -> StoredRun:
    def rows(kind: str, scorer: str, share: float) -> list[ScoredRow]:
        return [
            ScoredRow(
                edit_lang="en", batch=0, kind=kind, probe=f"{kind}-{at}", fact=f"f{at}", test_lang="en",
                scorer=scorer, value=float(at < 10 * share),
            )
            for at in range(10)
        ]  # fmt: skip

    scored = [*rows("direct", "contains", gained), *rows("locality", "old_kept", kept)]
    spec = {
        "method": method,
        "edit_langs": ["en"],
        "editor": {"name": method},
        "model_revision": "one",
        "dtype": "bfloat16",
    }
    return StoredRun(method, spec, [], scored)


def test_each_method_has_a_row_and_keeps_its_paper() -> None:
    before, empty = part(PAGE, NAME), filled(PAGE, {})
    names = re.findall(r"^\| `([\w-]+)` \|", part(empty, NAME), re.MULTILINE)
    assert names == list(EDITORS)
    paper = re.compile(r"^\| `[\w-]+` \| .*? \|", re.MULTILINE)
    assert paper.findall(part(empty, NAME)) == paper.findall(before)
    assert part(empty, NAME).count("| – |") >= len(EDITORS) and "the number to beat" not in part(empty, NAME)
    assert empty.replace(part(empty, NAME), "") == PAGE.replace(before, "")


def test_what_was_measured_stands_there_and_the_best_is_named() -> None:
    runs = {"all/rome": _run("rome", 0.9, 0.3), "all/memit": _run("memit", 0.8, 0.5)}
    made = part(filled(PAGE, runs), NAME)
    (row,) = re.findall(r"^\| `rome` \|.*$", made, re.MULTILINE)
    assert row.endswith("| 90 | – | – | – | 30 | – | – | – | – |")
    assert made.endswith("other facts kept: `memit`, 80 % times 50 %.\n\n")


def test_what_an_edit_costs_is_of_the_same_model_and_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(trade, "COSTS", tmp_path / "costs.jsonl")
    row = {"editor": {"name": "rome"}, "facts": 20, "seconds": 1.234, "peak_bytes": 5e6, "edit_bytes": 60_000}
    runs = {"all/rome": _run("rome", 0.9, 0.3), "all/memit": _run("memit", 0.8, 0.5)}
    for revision, costs in (("one", " 1.23 | 5 | 0.1 |"), ("another", " – | – | – |")):
        lines = (json.dumps({"model_revision": revision, "dtype": "bfloat16"}), json.dumps(row))
        trade.COSTS.write_text("\n".join(lines), encoding="utf-8")
        made = part(filled(PAGE, runs), NAME)
        assert "| seconds, 20 facts | peak MB | edit MB |" in made
        told = re.findall(r"^\| `(?:rome|memit)` \|.*$", made, re.MULTILINE)
        assert [one.endswith(costs) for one in told] == [True, revision == "another"]


def test_the_figure_has_few_colours() -> None:
    runs = {"all/memit": _run("memit", 0.8, 0.5)}
    image = Image.open(BytesIO(drawn(runs)))
    assert image.mode == "P" and image.width > 1000
    assert drawn(runs) == drawn(runs), "the same numbers, the same bytes"


@pytest.mark.parametrize("page", ["none", "<!-- a -->\nno end"])
def test_a_page_without_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="no marks 'a' in the page"):
        between(page, "a", "text")

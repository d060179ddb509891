"""Edits in several languages at once in tables, figures and the page: a row of their own."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.report.made import rows, run_of, share
from tests.report.synthetic import LANGS, make_neurons, make_run, make_tokens

from mlake.report.figures import heatmap
from mlake.report.figures.heatmap import row_label
from mlake.report.figures.neurons import figure7
from mlake.report.figures.picture import Picture
from mlake.report.figures.style import language_colour
from mlake.report.findings.consistency import consistency
from mlake.report.findings.fact_values import fact_values
from mlake.report.findings.hypotheses import hypotheses, outcomes
from mlake.report.findings.retention import retention
from mlake.report.html import page
from mlake.report.html.summary import summary
from mlake.report.matrix_text import matrix_markdown, matrix_text
from mlake.report.paper.edited import table1
from mlake.report.paper.transfer import table8
from mlake.report.rundata import RunData
from mlake.report.tidy import matrix, tidy
from mlake.report.view import Given
from mlake.report.views import VIEWS
from mlake.scorers.row import ScoredRow

JOINT = "en+de+ja"


@pytest.fixture(scope="module")
def run() -> RunData:
    """Each language alone, and three at once; those three are twice as right as all else."""
    alone = make_run("memit")
    paper = [replace(row, scorer="paper") for row in alone.scored if row.scorer == "contains"]
    joint = []
    for row in (*alone.scored, *paper):
        if row.edit_lang == "en":
            value = float(row.test_lang in JOINT) if row.scorer in ("contains", "paper") else row.value
            joint.append(replace(row, edit_lang=JOINT, value=value))
    spec = {
        **alone.spec,
        "edit_langs": [*LANGS, JOINT],
        "editor": {},
        "data": "mini",
        "data_sha256": "0" * 64,
    }
    scored = [*alone.scored, *paper, *joint]
    return RunData(alone.folder, spec, (), scored, tidy(spec, scored))


def test_matrices_have_a_row_for_the_set_after_the_single_languages(run: RunData) -> None:
    found = matrix(run.rows, "direct", "contains")
    assert found.edits == (None, *LANGS, JOINT)
    assert found.cells[JOINT, "ja"]["value"] == 1.0 and found.cells[JOINT, "fr"]["value"] == 0.0
    assert f"\n{JOINT} " in matrix_text(run.rows)
    assert f"| {JOINT} | 100" in matrix_markdown(run.rows, "direct", "contains")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_that_takes_runs_takes_sets(run: RunData, view: str) -> None:
    counts = make_tokens(run).items()
    counted = [
        ScoredRow(None, None, "direct", f"{fact}/{lang}", fact, lang, "subject_tokens", count)
        for (fact, lang), count in counts
    ]
    tokens = {"some/model": counted}
    alone = RunData(run.folder, run.spec, (), [one for one in run.scored if one.edit_lang != JOINT], [])
    alone = replace(alone, rows=tidy(alone.spec, alone.scored))
    given, without = Given([run], tokens=tokens), Given([alone], tokens=tokens)
    made, others = (VIEWS[view].tried(one) for one in (given, without))
    assert isinstance(made, Exception) == isinstance(others, Exception), made
    for one in () if isinstance(made, Exception) else made:
        if isinstance(one, Picture):
            assert one.rendered("svg")
        if view in ("figure3", "figure5", "figure6", "transfer_by_distance"):
            assert JOINT in json.dumps(one.data.rows if isinstance(one, Picture) else one.rows)


def test_own_language_of_a_set_is_each_of_its_members(run: RunData) -> None:
    (direct, _) = table1([run])
    langs = [row[2] for row in direct.rows]
    assert langs == [*LANGS, *(f"{lang}, edited in {JOINT}" for lang in ("en", "de", "ja"))]
    place = direct.columns.index("difference")
    differences = dict(zip(langs, (row[place] for row in direct.rows), strict=True))
    assert differences[f"ja, edited in {JOINT}"] is None, "the paper edits one language at a time"
    joint = [row for row in table8([run])[0].rows if row[3] == JOINT]
    assert [row[4 + LANGS.index("ja")] for row in joint] == [100.0, 100.0]
    compare = summary([run], [], [])["runs"][0]["compare"]["direct"]
    facts = len({row.fact for row in run.scored})
    assert compare["same"][0] == facts * (5 + 3) and compare["other"][0] == facts * (5 * 4 + 2)


def test_statistics_of_single_languages_leave_sets_out(run: RunData) -> None:
    found = fact_values([run], "direct", "contains")
    assert found.langs == LANGS and found.sets == (JOINT,)
    assert found.edited.shape[2:] == (5, 5)
    assert (found.values[0, :, -1, LANGS.index("ja")] == 1).all()
    alone = [one.finding.effect for one in outcomes([make_run("memit")])]
    assert [one.finding.effect for one in outcomes([run])] == pytest.approx(alone, nan_ok=True)
    assert (
        f"Left out, for the conclusions are about edits in one language: {JOINT}." in hypotheses([run]).notes
    )
    assert JOINT in {row[2] for row in consistency([run]).rows}


def test_retention_asks_a_set_in_all_its_languages(tmp_path: Path) -> None:
    cells = {(None, "en"): share(0.0, 8), ("en+de", "en"): share(1.0, 8), ("en+de", "de"): share(1.0, 8)}
    made = run_of(rows({**cells, ("en+de", "fr"): share(0.0, 8)}), tmp_path, editor={"sequential": True})
    (tmp_path / "plan.json").write_text(json.dumps({"batches": [[f"f{at}" for at in range(8)]]}))
    table = retention([made])
    found = {row[3]: row[table.columns.index("answers")] for row in table.rows}
    assert found == {"the same": 16, "others": 8}


def test_long_sets_stand_in_several_lines_beside_a_row(run: RunData) -> None:
    assert row_label("en+de+fr+ja+zh") == "en+de+fr+\nja+zh" and row_label(None) == "unedited"
    assert heatmap(run.spec, run.rows, "png") != heatmap(run.spec, make_run("memit").rows, "png")


def test_figure_7_compares_a_set_with_single_languages() -> None:
    assert figure7(make_neurons(langs=("en", "ja", "en+de+ja"))).rendered("svg")


def test_colours_tell_sets_apart() -> None:
    colours = {language_colour(one) for one in ("en", "de", "en+de", "en+ja", "en+de+ja")}
    assert len(colours) == 5


def test_the_page_names_the_languages_of_a_set(run: RunData) -> None:
    text = page([run], [], []).decode()
    assert JOINT in text and "members(edit).includes(test)" in text

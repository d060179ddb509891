"""Views: what is there is shown, what is lacking is said."""

import csv
import io
from pathlib import Path

import pytest
from tests.report.made import rows, run_of, share

from mlake.data import load
from mlake.errors import MlakeError, RunError, UnknownNameError
from mlake.report import needs
from mlake.report.figures.picture import Picture
from mlake.report.html.summary import summary
from mlake.report.rundata import RunData
from mlake.report.table import Table
from mlake.report.view import Given, Need, View, parted
from mlake.report.views import VIEWS, chosen
from mlake.safe import escape
from mlake.scorers.table import measures, signature


@pytest.fixture
def run() -> RunData:
    """MEMIT edited in two languages, asked in both; a tenth of the answers was right before."""
    before = rows({(None, test): share(0.1, 20) for test in ("en", "de")})
    after = rows({(edit, test): share(0.5, 20) for edit in ("en", "de") for test in ("en", "de")})
    return run_of([*before, *after], data_sha256="0" * 64)


def titled(*titles: str) -> View:
    tables = [Table(title, title, ("n",), ((1,),)) for title in titles]
    return View("own", "Own", lambda given: tables, needs=(needs.DIRECT,))


@pytest.mark.parametrize("view", VIEWS.values(), ids=list(VIEWS))
def test_without_anything_each_says_what_it_needs(view: View) -> None:
    error = view.tried(Given())
    assert isinstance(error, RunError)
    assert str(error).startswith(f"{view.name} needs {view.needs[0].what}; ")
    assert "\n" not in str(error)


def test_what_a_run_gives_is_shown_and_the_rest_is_said(run: RunData) -> None:
    made = {view: view.tried(Given([run])) for view in VIEWS.values()}
    tables, pictures, left_out = parted(made)
    assert {"table8-direct", "consistency", "hypotheses"} <= {one.name for one in tables}
    assert {"figure2", "figure3"} <= {one.name for one in pictures}
    assert all(table.rows for table in tables)
    for view in ("table2", "table3", "table5", "table9", "table10", "negation", "ability"):
        assert any(line.startswith(f"{VIEWS[view].title}: {view} needs ") for line in left_out), view
    assert len(left_out) == sum(isinstance(one, MlakeError) for one in made.values())


def test_the_data_set_alone_gives_its_views() -> None:
    given = Given(benchmark=load("mini"))
    assert [one.name for one in VIEWS["table5"].shown(given)] == ["table5"]
    assert [one.name for one in VIEWS["figure8"].shown(given)] == [f"figure8{part}" for part in "abcde"]


@pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)
def test_every_view_knows_the_measures_that_made_it(view: View) -> None:
    """Statistics of a data set and examples are of no measure."""
    assert bool(view.measures) == (view.name not in ("table5", "table10", "figure8"))
    assert set(view.measures) <= set(measures())


def test_tables_figures_csv_and_page_give_the_versions_of_their_measures(run: RunData) -> None:
    shown = [one for name in ("figure3", "consistency", "table8") for one in VIEWS[name].shown(Given([run]))]
    tables = [one for one in shown if isinstance(one, Table)]
    pictures = [one for one in shown if isinstance(one, Picture)]
    assert len(tables) > 1 and len(pictures) == 1
    for table in (*tables, *(one.data for one in pictures)):
        lines = list(csv.DictReader(io.StringIO(table.csv(), newline="")))
        assert {signature("contains") in line["measures"].split("; ") for line in lines} == {True}
        assert escape(signature("contains")) in table.markdown()
        assert r"contains\textbar{}v" in table.latex()
    stated = summary([run], tables, pictures)
    for part in (*stated["tables"], *stated["pictures"]):
        assert any(signature("contains") in note for note in part["notes"])


def test_a_version_stands_once_in_the_notes_and_under_the_figure() -> None:
    table = Table("t", "T", ("n",), ((1,),), (f"scored by {signature('old')}",), ("old", "contains"))
    assert table.signed == (f"scored by {signature('old')}", f"measures: {signature('contains')}")
    assert Table("t", "T", ("n",), ((1,),), ("a note",)).signed == ("a note",)
    with pytest.raises(UnknownNameError):
        Table("t", "T", ("n",), ((1,),), measures=("bleu",)).markdown()


def test_tables_without_rows_are_nothing_to_show(run: RunData) -> None:
    def made(given: Given) -> list[Table]:
        return [Table("empty", "Empty", ("n",), ())]

    with pytest.raises(RunError, match=r"^own has nothing to show of these runs"):
        View("own", "Own", made).shown(Given([run]))


def test_a_view_that_is_added_is_chosen_by_name_and_goes_beyond_the_paper(
    run: RunData, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = titled("one", "two")
    monkeypatch.setitem(VIEWS, "own", own)
    assert chosen(("own",)) == (own,)
    assert own in chosen(("beyond",)) and own in chosen(("all",))
    assert [one.name for one in own.shown(Given([run]))] == ["one", "two"]
    with pytest.raises(UnknownNameError, match=r"'ownn'.*Did you mean 'own'"):
        chosen(("ownn",))


@pytest.mark.parametrize(
    ("need", "spec"),
    [
        (needs.run_of("stableke"), {"method": "stableke-lora"}),
        (needs.run_of("memit"), {}),
        (needs.EXAMINED, {}),
        (needs.DIRECT, {}),
        (needs.ACROSS, {}),
    ],
)
def test_needs_that_are_met(run: RunData, need: Need, spec: dict[str, str]) -> None:
    assert not need.met(Given())
    assert need.met(Given([run_of(run.scored, Path("run"), **spec)]))


def test_with_and_without_the_subject_takes_two_runs(run: RunData) -> None:
    keys = ("subject", "prompt", "question")
    with_subject, *without = (run_of(run.scored, Path(key), editor={"key": key}) for key in keys)
    assert all(needs.KEYS.met(Given([with_subject, one])) for one in without)
    assert not needs.KEYS.met(Given([with_subject])) and not needs.KEYS.met(Given(without))

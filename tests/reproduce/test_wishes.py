"""Views to runs: every table and figure of the paper, and each run once."""

from dataclasses import replace

import pytest

from mlake.editing import EDITORS
from mlake.errors import UnknownNameError
from mlake.report.views import VIEWS, chosen
from mlake.reproduce.analyses import ANALYSES
from mlake.reproduce.options import Options
from mlake.reproduce.runs import RUNS
from mlake.reproduce.wishes import models_of, wishes

PAPER = [f"table{n}" for n in (1, 2, 3, 4, 5, 8, 9, 10)] + [f"figure{n}" for n in range(2, 9)]

NAMED = ["methods", "lifelong"]


def test_every_table_and_figure_of_the_paper_is_there_in_its_order() -> None:
    beyond = [view.name for view in chosen(("beyond",))]
    assert [name for name in VIEWS if name not in (*beyond, *NAMED)] == PAPER
    assert not {VIEWS[name] for name in NAMED}.intersection(chosen(("all",))), "which would run every method"
    assert list(VIEWS) == [*PAPER, *beyond, *NAMED]
    assert {"hypotheses", "ability"} < set(beyond)


def test_views_name_what_there_is() -> None:
    for name, view in VIEWS.items():
        assert view.name == name and view.title
        assert set(view.runs) <= set(RUNS), name
        assert set(view.analyses) <= set(ANALYSES), name


def test_table1_is_made_with_the_papers_models_methods_and_batches() -> None:
    found = wishes(chosen(("table1",)), Options())
    assert [(wish.model, wish.settings.method) for wish in found] == [
        (model, method)
        for model in ("lmsys/vicuna-7b-v1.5", "Qwen/Qwen1.5-7B-Chat")
        for method in ("mend", "rome", "memit", "stableke")
    ]
    assert {(one.settings.batch_size, one.settings.facts) for one in found} == {(100, "all")}


def test_runs_of_all_views_are_shared() -> None:
    options = Options(models=("demo",), facts="40")
    every = wishes(chosen(("all",)), options)
    assert len(every) == 4 + 2 + 1, "transfer by four methods, two without the subject, one unedited"
    assert {wish.settings.facts for wish in every} == {"40"}
    apart = [wishes((view,), options) for view in VIEWS.values()]
    assert sum(map(len, apart)) > 3 * len(every)
    (memit,) = [one for one in every if one.run == "transfer" and one.settings.method == "memit"]
    assert set(memit.analyses) == {"likelihood", "ability", "forced"}


def test_methods_are_all_run_from_one_statement_or_those_that_are_named() -> None:
    every = wishes(chosen(("methods",)), Options(models=("demo",)))
    assert [one.settings.method for one in every] == list(EDITORS)
    assert {(one.settings.edit_langs, one.settings.test_langs) for one in every} == {("en", "all")}
    some = wishes(chosen(("methods",)), Options(models=("demo",), methods=("ft", "memit")))
    assert [one.settings.method for one in some] == ["memit", "ft"]


def test_every_method_is_run_over_batches_on_top_of_each_other() -> None:
    every = wishes(chosen(("lifelong",)), Options(models=("demo",), facts="100", batch_size=50))
    assert [one.settings.method for one in every] == list(EDITORS)
    assert {(one.settings.sequence, one.settings.batch_size) for one in every} == {("batches", 10)}
    assert {(one.settings.edit_langs, one.settings.test_langs) for one in every} == {("en", "en")}
    others = wishes(chosen(("methods",)), Options(models=("demo",), batch_size=50))
    assert {(one.settings.sequence, one.settings.batch_size) for one in others} == {(None, 50)}


def test_runs_of_a_model_stand_together() -> None:
    models = [wish.model for wish in wishes(chosen(("all",)), Options())]
    assert models == sorted(models, key=models.index)
    assert len(set(models)) == 5


def test_a_model_of_ones_own_takes_the_place_of_the_papers() -> None:
    table4, table5 = chosen(("table4", "table5"))
    assert len(models_of(table4, Options())) == 5
    assert models_of(table4, Options(models=("demo",))) == ("demo",)
    assert models_of(table5, Options(models=("demo",))) == ()


def test_without_the_subject_the_key_is_the_questions_last_token() -> None:
    found = wishes(chosen(("table2",)), Options(models=("demo",)))
    keys = {(one.settings.method, one.run): one.settings.editor for one in found}
    assert keys["rome", "no-subject"] == {"key": "question"} and keys["rome", "transfer"] == {}


def test_methods_that_use_no_subject_are_not_run_without_it() -> None:
    found = wishes(chosen(("table2",)), Options(models=("demo",), methods=("rome", "remake")))
    assert [(wish.run, wish.settings.method) for wish in found] == [
        ("transfer", "rome"),
        ("transfer", "remake"),
        ("no-subject", "rome"),
    ]
    assert not wishes(chosen(("table2",)), Options(models=("demo",), methods=("remake",)))


def test_a_view_twice_is_one_view() -> None:
    assert chosen(("table1", "table1")) == (VIEWS["table1"],)
    assert wishes(chosen(("table1",)) * 2, Options()) == wishes(chosen(("table1",)), Options())


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match="'table7'"):
        chosen(("table7",))


def test_options_that_change_a_run_change_its_settings() -> None:
    one = Options(models=("demo",))
    for change in ({"seed": 1}, {"batch_size": 10}, {"locality": 3}, {"max_new_tokens": 8}, {"facts": "3"}):
        other = replace(one, **change)
        assert wishes(chosen(("table8",)), one) != wishes(chosen(("table8",)), other), change

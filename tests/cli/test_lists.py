"""``mlake list``."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from mlake.cli import main
from mlake.editing.methods import EDITORS


def listed(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["list", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_methods_as_json_name_the_papers_four() -> None:
    rows: list[dict[str, Any]] = json.loads(listed("methods", "--json"))
    assert [row["name"] for row in rows] == list(EDITORS)
    assert {row["name"] for row in rows if row["in_the_mlake_paper"]} == {"mend", "rome", "memit", "stableke"}
    assert {row["name"] for row in rows if row["one_fact_after_another"]} == {
        "rome", "r-rome", "t-patcher", "memoir"
    }  # fmt: skip
    assert next(row for row in rows if row["name"] == "memit")["settings"]["ridge"] == 15_000.0


def test_methods_say_where_the_settings_of_a_family_are_from() -> None:
    rows: list[dict[str, Any]] = json.loads(listed("methods", "--json"))
    families = {row["name"]: row["families"] for row in rows}
    assert families["stableke"] == [] and {row["family"] for row in families["memit"]} >= {"Llama", "GPT-2"}
    (xl,) = (row for row in families["memit"] if row["family"] == "GPT-2")
    assert xl["settings"] == {"steps": 20, "ridge": 20_000, "decay": 0.5, "clamp": 0.75}
    for row in xl, *families["rome"]:
        assert any(line.endswith(row["source"]) for line in listed("methods").splitlines())


def test_methods_say_what_they_need() -> None:
    rows: list[dict[str, Any]] = json.loads(listed("methods", "--json"))
    needs = {row["name"]: row["needs"] for row in rows}
    assert (needs["rome"], needs["mend"], needs["ft-m"]) == ("subject", "training", "")


def test_every_method_says_where_it_is_from_and_what_it_is() -> None:
    places = ("https://arxiv.org/abs/", "https://openreview.net/forum?id=")
    assert all(row.title and row.paper.startswith(places) for row in EDITORS.values())
    assert all(row.weighs and row.family != "other" for row in EDITORS.values())


def test_settings_that_were_found_for_a_model_are_listed() -> None:
    (line,) = (line for line in listed("methods").splitlines() if "SmolLM2" in line)
    assert line.startswith("memit") and "mlake tune on 60 facts of wikidata-5:tuning" in line


@pytest.mark.parametrize(
    ("what", "line"),
    [
        (
            "methods",
            "memit  closed form  subject, moments  a rank and a key for each fact, in each layer "
            "https://arxiv.org/abs/2210.07229",
        ),
        ("languages", "ja  Japanese    Jpan"),
        ("recipes", "demo"),
        ("views", "figure6               Fluency"),
    ],
)
def test_lists_for_people(what: str, line: str) -> None:
    assert line.split() in [one.split() for one in listed(what).splitlines()]

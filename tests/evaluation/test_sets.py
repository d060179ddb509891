"""Several languages at once: the statements of a fact in a set of languages go into one batch."""

from pathlib import Path
from typing import Any

import pytest
import torch

import mlake
from mlake.analysis.examine import examine
from mlake.editing import WeightEdit, load_edit
from mlake.editing.mend.training import Trainer, TrainSettings
from mlake.errors import DataError, MlakeError, RunError
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import run
from mlake.evaluation.session import Session, Settings
from mlake.evaluation.store import Store, read_run
from mlake.report.load import load_run

from .worker import Fakes, benchmark, make_spec

QUICK: dict[str, dict[str, Any]] = {
    "memit": {"layers": [1], "steps": 2, "contexts": 0, "corpus_tokens": 50},
    "rome": {"layers": [1], "steps": 2, "contexts": 0},
    "stableke": {"epochs": 1, "source": "templates"},
    "ft": {"epochs": 1},
    "lora": {"epochs": 1},
    "grace": {"steps": 2},
    "kn": {"points": 2, "contexts": 0},
    "ultraedit": {},
    "calinet": {"epochs": 1},
    "t-patcher": {"steps": 2, "memory": 20},
    "memoir": {"steps": 2},
    "ice": {},
    "remake": {},
}


def pairs(statements: Any) -> list[tuple[str, str]]:
    return [(one.fact, one.lang) for one in statements]


def test_the_statements_of_a_fact_stand_together_in_the_order_of_the_set() -> None:
    plan = make_plan(make_spec(edit_langs=("de+en", "ja")), benchmark())
    assert [step.name for step in plan.steps] == [
        *(f"de+en/00{batch}" for batch in range(3)),
        *(f"ja/00{batch}" for batch in range(3)),
    ]
    first, _, last, *_ = plan.steps
    assert pairs(first.statements) == [("f0", "de"), ("f0", "en"), ("f1", "de"), ("f1", "en")]
    assert pairs(last.statements) == [("f4", "en"), ("f5", "de"), ("f5", "en")], "f4 has no German"
    assert "de+en/000-ja" in {unit.name for unit in plan.units}


def test_a_fact_is_edited_in_what_it_has_and_the_rest_is_counted() -> None:
    plan = make_plan(make_spec(edit_langs=("de+en",)), benchmark())
    assert "1 of 6 facts are not stated in de: not edited in de, if at all in others of de+en" in plan.notes
    asked = {one.probe.id for step in plan.steps for unit in step.units for one in unit.questions}
    assert "f4-direct-en" in asked, "edited in English, so asked about"
    hard = {("f4", "en"), ("f5", "en"), ("f5", "de"), ("f5", "ja")}
    refusal = lambda one: "too long" if (one.fact, one.lang) in hard else None  # noqa: E731
    plan = make_plan(make_spec(edit_langs=("de+en+ja",)), benchmark(), refusal=refusal)
    assert pairs(plan.steps[-1].statements) == [("f4", "ja")]
    assert "1 of 6 facts can be edited in no language of de+en+ja" in plan.notes
    asked = {one.probe.id for unit in plan.steps[-1].units for one in unit.questions if one.kind == "direct"}
    assert asked == {"f4-direct-en", "f4-direct-ja"}


def test_all_is_each_language_alone() -> None:
    spec = make_spec(edit_langs=("en", "de", "ja"))
    assert {step.lang for step in make_plan(spec, benchmark()).steps} == {"en", "de", "ja"}
    assert make_spec(edit_langs=("en + de",)).edit_langs == ("en+de",)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"edit_langs": ("en+en",)}, DataError, "twice"),
        ({"edit_langs": ("en+qq",)}, MlakeError, "unknown language 'qq'"),
        ({"test_langs": ("en+de",)}, MlakeError, "unknown language 'en\\+de'"),
        ({"edit_langs": ("en+de", "en+de")}, RunError, "different names"),
    ],
)
def test_sets_that_cannot_be_are_refused(changes: Any, error: type[MlakeError], said: str) -> None:
    with pytest.raises(error, match=said):
        make_spec(**changes)


def test_a_language_that_no_fact_has_is_refused() -> None:
    with pytest.raises(RunError, match="no fact of 'fake' 0:6 is stated in 'fr'"):
        make_plan(make_spec(edit_langs=("en+fr",)), benchmark())


def test_a_set_is_a_row_of_what_is_stored(tmp_path: Path) -> None:
    fakes, spec = Fakes(), make_spec(edit_langs=("en+de", "ja"))
    with Store.open(tmp_path / "run", spec) as store:
        run(make_plan(spec, benchmark()), store, fakes.engine())
    assert next(one for one in fakes.log if one.startswith("edit")) == "edit f0-en f0-de f1-en f1-de"
    assert (tmp_path / "run/edits/en+de/000.safetensors").exists()
    stored = read_run(tmp_path / "run")
    assert stored.missing() == []
    assert {one.edit_lang for one in stored.asked()} == {None, "en+de", "ja"}
    rows = load_run(tmp_path / "run").rows
    assert list(dict.fromkeys(row["edit_lang"] for row in rows)) == [None, "en+de", "ja"]


def test_in_a_sequence_a_set_is_one_step() -> None:
    plan = make_plan(make_spec(edit_langs=("en+de", "ja"), sequence="languages"), benchmark())
    assert [step.name for step in plan.chains[0]] == ["en+de/000", "ja/000"]


def trained(lm: Any, path: Path) -> dict[str, Any]:
    """Settings of MEND with an editor that was hardly trained."""
    few = TrainSettings(batch_size=2, others=2, rank=4, measured=1, validation=0)
    Trainer(lm, mlake.load("mini"), facts=(10, 15), langs=["en"], settings=few).run(path, 2, lambda _: None)
    return {"trained": str(path)}


@pytest.mark.parametrize("method", [*QUICK, "mend"])
def test_every_method_has_all_statements_in_one_batch(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    lm = tiny_lm("llama", layers=4)
    editor = QUICK[method] if method in QUICK else trained(lm, tmp_path / "mend")
    settings = Settings(
        method=method, editor=editor, edit_langs="en+de", test_langs="en,de,fr", facts="2",
        batch_size=2, kinds=("direct",), locality=0, max_new_tokens=2,
    )  # fmt: skip
    session = Session(lm, mlake.load("mini"), settings)
    session.carry_out(tmp_path / "run", examine=examine, progress=False, keep_all=True)
    edit = load_edit(tmp_path / "run/edits/en+de/000.safetensors")
    facts = [(one["fact"], one["lang"]) for one in edit.report["facts"]]
    ids = [fact.id for fact in session.benchmark.facts[:2]]
    assert facts == [(fact, lang) for fact in ids for lang in ("en", "de")]
    assert {one.edit_lang for one in read_run(tmp_path / "run").asked()} == {None, "en+de"}
    if method == "mend":
        assert session.warning() == "mend was trained to edit 2 together, not 4: no fair test"


def test_the_order_of_languages_makes_no_difference_to_a_batch(tiny_lm: Any) -> None:
    lm, data = tiny_lm("llama"), mlake.load("mini")
    fact = data.facts[0]
    method = mlake.editor("memit", lm, **QUICK["memit"])
    both = method.edit(lm, [fact.stated("en"), fact.stated("ja")])
    swapped = method.edit(lm, [fact.stated("ja"), fact.stated("en")])
    assert isinstance(both, WeightEdit) and isinstance(swapped, WeightEdit)
    one, other = both.factors[1].dense().double(), swapped.factors[1].dense().double()
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5 * float(one.abs().max()))

"""Sequences: edits on top of each other, each step stored, resumed and told apart on its own."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.analysis.examine import examine
from mlake.editing import load_edit
from mlake.editing.edits import parameters
from mlake.errors import MlakeError
from mlake.evaluation.cost import dry_run
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import run
from mlake.evaluation.session import Session, Settings
from mlake.evaluation.spec import check_sequence
from mlake.evaluation.store import Store, read_run
from mlake.evaluation.unedited import Known
from mlake.models.generate import answers
from mlake.records import Benchmark, Probe

from . import worker
from .worker import Fakes, benchmark, make_fact, make_spec


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def finish(folder: Path, sequence: str, **changes: Any) -> Fakes:
    fakes, spec = Fakes(), make_spec(sequence=sequence)
    with Store.open(folder, spec) as store:
        run(make_plan(spec, benchmark()), store, replace(fakes.engine(), **changes))
    return fakes


def units(sequence: str, **changes: Any) -> dict[str, list[str]]:
    plan = make_plan(make_spec(sequence=sequence, **changes), benchmark())
    return {unit.name: [f"{one.kind}:{one.probe.id}" for one in unit.questions] for unit in plan.units}


def test_a_chain_of_batches_for_each_language() -> None:
    plan = make_plan(make_spec(sequence="batches"), benchmark())
    chains = [[step.name for step in chain] for chain in plan.chains]
    assert chains == [["en/000", "en/001", "en/002"], ["de/000", "de/001", "de/002"]]
    asked = [[unit.name for unit in step.units if unit.place.lang == "ja"] for step in plan.chains[0]]
    assert asked == [
        ["en/000/000-ja"],
        ["en/001/000-ja", "en/001/001-ja"],
        ["en/002/000-ja", "en/002/001-ja", "en/002/002-ja"],
    ]


def test_a_chain_of_languages_for_each_batch() -> None:
    plan = make_plan(make_spec(sequence="languages", edit_langs=("ja", "de", "en")), benchmark())
    chains = [[step.name for step in chain] for chain in plan.chains]
    assert chains == [[f"{lang}/{batch}" for lang in ("ja", "de", "en")] for batch in ("000", "001", "002")]
    names = [unit.name for step in plan.chains[2] for unit in step.units if unit.place.lang == "en"]
    assert names == ["ja/000/002-en", "de/001/002-en", "en/002/002-en"]
    asked = units("languages", edit_langs=("ja", "de", "en"))
    assert "direct:f4-direct-en" in asked["de/001/002-en"], "not stated in German, but edited in Japanese"


def test_locality_is_about_facts_that_are_not_edited_yet() -> None:
    asked = units("batches")
    near = {name: [one for one in some if one.startswith("locality")] for name, some in asked.items()}
    assert near["en/000/000-en"] == ["locality:f2-direct-en", "locality:f3-direct-en"]
    assert near["en/001/001-en"] == ["locality:f4-direct-en", "locality:f5-direct-en"]
    assert near["en/002/002-en"] == ["locality:f6-direct-en"], "all others are edited by then"
    assert near["en/002/000-en"] == [], "asked with the batch of the step"
    assert near["unedited/002-en"] == ["locality:f6-direct-en"]
    assert units("languages")["en/000/002-en"][-1] == "locality:f0-direct-en"


def test_every_question_is_asked_of_the_unedited_model_once() -> None:
    for sequence in ("batches", "languages"):
        plan = make_plan(make_spec(sequence=sequence), benchmark())
        asked = [probe.id for probe in plan.probes]
        assert len(asked) == len(set(asked))
        assert {one.probe.id for step in plan.steps for unit in step.units for one in unit.questions} <= set(
            asked
        )


def test_question_that_needs_a_later_edit_is_asked_once_both_are_in_force() -> None:
    both = Probe("both", "f0", "multihop", "en", "Who leads both?", ("x",), needs=("f1",))
    first = make_fact(0)
    facts = (replace(first, probes=(*first.probes, both)), make_fact(1))
    settings = {"facts": (0, 2), "batch_size": 1, "locality": 0, "edit_langs": ("en",), "test_langs": ("en",)}
    data = Benchmark("fake", "r1", "0" * 64, facts)
    plan = make_plan(make_spec(sequence="batches", **settings), data)
    having = [unit.name for unit in plan.units if any(one.probe.id == "both" for one in unit.questions)]
    assert having == ["unedited/000-en", "en/001/000-en"]
    assert not any("need the edit" in note for note in plan.notes)


@pytest.mark.parametrize("sequence", ["batches", "languages"])
def test_edits_are_made_and_asked_on_top_of_all_before(tmp_path: Path, sequence: str) -> None:
    seen: list[tuple[int, list[str]]] = []

    class Watching(Fakes):
        def edit(self, lm: Any, statements: Any, **given: Any) -> Any:
            known = {text for edit in given["history"] for text in edit.content}
            assert set(lm) == known, "all of the history is in force, and nothing else"
            seen.append((len(given["history"]), [f"{one.fact}-{one.lang}" for one in statements]))
            return super().edit(lm, statements, **given)

    spec = make_spec(sequence=sequence)
    with Store.open(tmp_path, spec) as store:
        run(make_plan(spec, benchmark()), store, Watching().engine())
    if sequence == "batches":
        assert [count for count, _ in seen] == [0, 1, 2, 0, 1, 2]
        assert seen[2] == (2, ["f4-en", "f5-en"])
    else:
        assert [count for count, _ in seen] == [0, 1] * 3
        assert seen[1] == (1, ["f0-de", "f1-de"])


def test_what_is_in_force_is_told_with_each_answer(tmp_path: Path) -> None:
    finish(tmp_path, "batches")
    along = [one for one in read_run(tmp_path).along() if one.edit_lang == "en"]
    of_first = [one for one in along if one.probe.id == "f0-direct-en"]
    assert [(one.step, one.batch) for one in of_first] == [(0, 0), (1, 0), (2, 0)]
    assert all(one.answer.text.startswith("new f0") for one in of_first), "still in force"
    locality = {one.step: one.answer.text for one in along if one.probe.id == "f2-direct-en"}
    assert locality[0].startswith("nobody") and locality[1].startswith("new f2")


def test_the_last_answer_to_a_question_counts(tmp_path: Path) -> None:
    finish(tmp_path, "batches")
    asked = [one for one in read_run(tmp_path).asked() if one.edit_lang]
    keys = [(one.edit_lang, one.batch, one.kind, one.probe.id) for one in asked]
    assert len(keys) == len(set(keys))
    assert {one.step for one in asked} == {2}
    assert {one.batch for one in asked} == {0, 1, 2}
    finish(tmp_path / "languages", "languages")
    asked = [one for one in read_run(tmp_path / "languages").asked() if one.edit_lang]
    assert {(one.edit_lang, one.step) for one in asked} == {("en", 0), ("de", 1)}


def test_runs_without_a_sequence_have_no_steps(tmp_path: Path) -> None:
    spec = make_spec()
    with Store.open(tmp_path, spec) as store:
        run(make_plan(spec, benchmark()), store, Fakes().engine())
    assert list(read_run(tmp_path).along()) == []
    assert "sequence" not in json.loads((tmp_path / "spec.json").read_text())


def start(folder: Path, number: int, sequence: str) -> str:
    """Run in another process, kill it with SIGKILL at an event, and return what it said last."""
    command = [sys.executable, worker.__file__, str(folder), str(number), sequence]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    return line.strip()


@pytest.mark.parametrize("sequence", ["batches", "languages"])
@pytest.mark.parametrize("number", [3, 34, 35, 36, 40, 47, 48, 60, 75, 90])
@pytest.mark.slow
def test_killed_anywhere_and_resumed_ends_with_the_same_bytes(
    tmp_path: Path, number: int, sequence: str
) -> None:
    finish(tmp_path / "whole", sequence)
    said = start(tmp_path / "run", number, sequence)
    assert said.startswith(f"at {number}: ")
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.jsonl")}
    done |= {path: path.stat().st_mtime_ns for path in (tmp_path / "run/edits").rglob("[0-9]*.safetensors")}
    finish(tmp_path / "run", sequence)
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")
    assert all(path.stat().st_mtime_ns == when for path, when in done.items()), "nothing is done twice"


@pytest.mark.parametrize("sequence", ["batches", "languages"])
def test_a_step_in_the_middle_is_done_again_alone(tmp_path: Path, sequence: str) -> None:
    finish(tmp_path, sequence)
    whole = contents(tmp_path)
    assert finish(tmp_path, sequence).log == []
    unit = tmp_path / "answers/de/001/001-ja.jsonl"
    unit.unlink()
    assert finish(tmp_path, sequence).log == ["answer 6"], "the stored edits are used"
    assert contents(tmp_path) == whole
    unit.unlink()
    (tmp_path / "edits/de/001.safetensors").unlink()
    assert finish(tmp_path, sequence).log == ["edit f2-de f3-de", "answer 6"]
    assert contents(tmp_path) == whole


def test_edits_that_are_not_kept_stay_until_their_chain_is_asked(tmp_path: Path) -> None:
    stored: list[int] = []

    class Watching(Fakes):
        def edit(self, lm: Any, statements: Any, **given: Any) -> Any:
            stored.append(len(list((tmp_path / "edits").rglob("*.safetensors"))))
            return super().edit(lm, statements, **given)

    spec = make_spec(sequence="batches")
    with Store.open(tmp_path, spec) as store:
        run(make_plan(spec, benchmark()), store, replace(Watching().engine(), keep=lambda edit: False))
    assert stored == [0, 1, 2, 0, 1, 2]
    assert not list((tmp_path / "edits").rglob("*.safetensors"))
    assert not read_run(tmp_path).missing()


def test_an_edit_is_examined_on_the_model_that_it_was_made_from(tmp_path: Path) -> None:
    class Measured:
        def __init__(self, text: str):
            self.save = lambda path: path.write_text(text)

    finish(tmp_path, "batches", examine=lambda lm, edit: Measured(f"{len(lm)} {len(edit.content)}"))
    measured = [(tmp_path / f"examined/en/00{step}.safetensors").read_text() for step in range(3)]
    assert measured == ["0 2", "2 2", "4 2"]


def test_unedited_answers_are_shared_with_plain_runs(tmp_path: Path) -> None:
    fakes, known = Fakes(), Known(tmp_path / "known.jsonl")
    for name, sequence in (("plain", None), ("batches", "batches"), ("languages", "languages")):
        spec = make_spec(sequence=sequence, locality=0)
        engine = replace(fakes.engine(), unedited=known.before(fakes.answer))
        with Store.open(tmp_path / name, spec) as store:
            run(make_plan(spec, benchmark()), store, engine)
    answers = [contents(tmp_path / name / "answers/unedited") for name in ("plain", "batches", "languages")]
    assert answers[0] == answers[1] == answers[2]
    assert known.reused >= 2 / 3 * known.wanted


@pytest.mark.parametrize("sequence", ["batches", "languages"])
def test_dry_run_counts_what_is_done(tmp_path: Path, tiny_lm: Any, sequence: str) -> None:
    class Counting(Fakes):
        count = 0

        def answer(self, lm: Any, questions: Any, progress: Any) -> Any:
            self.count += len(set(questions))
            return super().answer(lm, questions, progress)

    spec, fakes = make_spec(sequence=sequence), Counting()
    plan = make_plan(spec, benchmark())
    with Store.open(tmp_path, spec) as store:
        text = dry_run(plan, store, tiny_lm(), None)
        assert "edits       6, of which 6 are to be computed" in text
        run(plan, store, fakes.engine())
        assert f"; {fakes.count} are to be asked, equal ones once" in text
        assert "6, of which 0 are to be computed" in dry_run(plan, store, tiny_lm(), None)
        last = plan.chains[0][-1]
        (tmp_path / f"answers/{last.units[0].name}.jsonl").unlink()
        (tmp_path / f"edits/{plan.chains[0][0].name}.safetensors").unlink()
        (tmp_path / f"edits/{plan.chains[1][0].name}.safetensors").unlink()
        text = dry_run(plan, store, tiny_lm(), None)
        assert "6, of which 1 are to be computed" in text, "what the last needs"


@pytest.mark.parametrize("sequence", ["batches", "languages"])
def test_progress_counts_questions_and_facts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sequence: str
) -> None:
    spec = make_spec(sequence=sequence)
    plan = make_plan(spec, benchmark())
    with Store.open(tmp_path, spec) as store:
        run(plan, store, Fakes().engine(), progress=True)
    total = sum(len(unit.questions) for unit in plan.units) + sum(len(step.statements) for step in plan.steps)
    assert f"{total}/{total}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sequence": "batch"}, "unknown sequence 'batch'; .*batches"),
        ({"method": "none", "edit_langs": ()}, "needs edits, got the method 'none'; choose a method"),
        ({"batch_size": 6}, "two batches or more, got 6 facts in batches of 6; choose more facts"),
        ({"sequence": "languages", "edit_langs": ("de",)}, "two languages to edit in or more, got de; name"),
    ],
)
def test_sequences_that_cannot_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MlakeError, match=message) as caught:
        make_spec(**{"sequence": "batches"} | change)
    assert "\n" not in str(caught.value)


def test_the_sequence_is_in_the_id_and_its_absence_is_not() -> None:
    plain = make_spec()
    assert "sequence" not in plain.record()
    assert len({plain.id, make_spec(sequence="batches").id, make_spec(sequence="languages").id}) == 3
    check_sequence(None, method="none", edit_langs=(), facts=(0, 1), batch_size=1)


@pytest.mark.parametrize(
    ("name", "sequence"), [("memit", "batches"), ("alphaedit", "batches"), ("rome", "languages")]
)
@pytest.mark.slow
def test_a_real_model_ends_where_its_edits_in_order_lead(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sequence: str
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    lm = tiny_lm("llama")
    before = {key: value.clone() for key, value in lm.model.state_dict().items()}
    settings = Settings(
        method=name, editor={"layers": [1], "steps": 3, "contexts": 1, "null_threshold": 0.5},
        edit_langs="en,de", test_langs="en", facts="4", batch_size=2, kinds=("direct",), locality=1,
        max_new_tokens=5, sequence=sequence,
    )  # fmt: skip
    settings.check(benchmark())
    session = Session(lm, benchmark(), settings)
    for _ in range(2):
        session.carry_out(tmp_path / "run", examine=examine, progress=False)
    assert all(torch.equal(value, before[key]) for key, value in lm.model.state_dict().items())
    *_, last = session.plan.chains
    edits = [load_edit(tmp_path / f"run/edits/{step.name}.safetensors") for step in last]
    with edits[0].applied(lm) as once:
        torch.manual_seed(0)
        text = session.text()
        assert session.method is not None
        again = session.method.edit(once, last[1].statements, text=text, history=edits[:1])
    assert torch.equal(again.tensors()["1.left"], edits[1].tensors()["1.left"]), "made on top of the first"
    batches = {step.batch for step in last}
    along = [one for one in read_run(tmp_path / "run").along() if one.batch in batches and one.step == 1]
    asked = [one for one in along if one.edit_lang == last[1].lang]
    with edits[0].applied(lm) as once, edits[1].applied(once) as twice:
        said = answers(twice, [one.probe.text for one in asked], max_new_tokens=5)
    assert asked and [one.answer for one in asked] == said


def test_edits_of_whole_weights_come_on_top_of_each_other(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "_MOST_BYTES", 0)  # a tiny model is small beside a real bound
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    lm, folder = tiny_lm("llama"), tmp_path / "run"
    before = {key: value.clone() for key, value in lm.model.state_dict().items()}
    settings = Settings(
        method="stableke", editor={"epochs": 3, "texts": 1, "rate": 0.05}, edit_langs="en,de",
        test_langs="en", facts="2", batch_size=2, kinds=("direct",), locality=1, max_new_tokens=5,
        sequence="languages",
    )  # fmt: skip
    session = Session(lm, benchmark(), settings)

    def finished() -> dict[str, bytes]:
        session.carry_out(folder, examine=examine, progress=False)
        return contents(folder)

    whole = finished()
    assert all(torch.equal(value, before[key]) for key, value in lm.model.state_dict().items())
    assert not list((folder / "edits").rglob("*.safetensors")), "each takes as much room as the model"
    along = {(one.step, one.probe.id): one.answer.text for one in read_run(folder).along()}
    assert along[0, "f0-direct-en"] != along[1, "f0-direct-en"]
    (folder / "answers/de/001/000-en.jsonl").unlink()
    assert finished() == whole, "both edits are made again, since neither is stored"

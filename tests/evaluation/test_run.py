"""The protocol: what is asked when, and the same bytes after any kill."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mlake.errors import EditError, RunError
from mlake.evaluation.plan import NO_SUBJECT, make_plan
from mlake.evaluation.run import run
from mlake.evaluation.store import Store, read_run
from mlake.records import Benchmark, Probe

from . import worker
from .worker import Fakes, benchmark, make_fact, make_spec


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def finish(folder: Path, *, least: int = 1, **changes: object) -> Fakes:
    fakes, spec = Fakes(), make_spec(**changes)
    with Store.open(folder, spec) as store:
        run(make_plan(spec, benchmark()), store, replace(fakes.engine(), least=least))
    return fakes


def ids(unit: object) -> list[str]:
    return [f"{one.kind}:{one.probe.id}" for one in unit.questions]  # type: ignore[attr-defined]


def test_batches_and_questions() -> None:
    plan = make_plan(make_spec(), benchmark())
    assert plan.record()["batches"] == [["f0", "f1"], ["f2", "f3"], ["f4", "f5"]]
    units = {unit.name: ids(unit) for unit in plan.units}
    assert len(units) == 3 * 3 + 2 * 3 * 3
    own = ["direct:f0-direct-en", "multihop:f0-multihop-en", "direct:f1-direct-en", "multihop:f1-multihop-en"]
    assert units["en/000-en"] == [*own, "locality:f2-direct-en", "locality:f3-direct-en"]
    assert units["unedited/000-en"] == own, "f2 and f3 are asked with their own batch"
    assert units["unedited/002-ja"][-1] == "locality:f6-direct-ja", "outside the slice, so asked here"
    assert units["en/002-ja"][-2:] == ["locality:f6-direct-ja", "locality:f0-direct-ja"], "around the end"
    assert units["en/001-de"][-2:] == ["locality:f5-direct-de", "locality:f6-direct-de"], "f4 has no German"


def test_unedited_model_is_asked_everything_once() -> None:
    plan = make_plan(make_spec(), benchmark())
    asked = [probe.id for probe in plan.probes]
    assert len(asked) == len(set(asked))
    edited = {one.probe.id for step in plan.steps for unit in step.units for one in unit.questions}
    assert edited <= set(asked)


def test_fact_not_stated_in_the_edit_language_is_counted_not_edited_not_asked() -> None:
    plan = make_plan(make_spec(), benchmark())
    step = next(step for step in plan.steps if step.name == "de/002")
    assert [one.fact for one in step.statements] == ["f5"]
    assert not any("f4" in name for unit in step.units for name in ids(unit))
    assert plan.notes == (
        "1 of 6 facts are not stated in de: not edited in de",
        "facts without a direct question, of 6: en 0, de 1, ja 0",
        "facts without a multihop question, of 6: en 0, de 2, ja 0",
    )


def test_statement_that_the_method_cannot_use_is_counted() -> None:
    plan = make_plan(
        make_spec(),
        benchmark(),
        refusal=lambda one: NO_SUBJECT if (one.fact, one.lang) == ("f1", "de") else None,
    )
    steps = {step.name: step for step in plan.steps}
    assert [one.fact for one in steps["de/000"].statements] == ["f0"]
    assert not any("f1" in name for unit in steps["de/000"].units for name in ids(unit))
    assert [one.fact for one in steps["en/000"].statements] == ["f0", "f1"]
    assert "1 of 6 facts cannot be edited by fake in de: no subject" in plan.notes


def test_notes_on_kinds_links_and_locality() -> None:
    data = benchmark()
    loose = Probe("loose", None, "multihop", "en", "Who?", ("x",))
    data = Benchmark("fake", "r1", "0" * 64, data.facts[:4], (loose,))
    spec = make_spec(facts=(0, 4), batch_size=3, locality=2, kinds=("direct", "multihop", "paraphrase"))
    notes = make_plan(spec, data).notes
    assert "facts without a paraphrase question, of 4: en 4, de 4, ja 4" in notes
    assert "1 questions of these kinds are linked to no fact: not asked" in notes
    assert notes[-1].startswith("locality: 3 of 6 batches and languages have fewer than 2 direct questions")
    assert notes[-1].endswith("the least 1")


def test_question_that_needs_another_edit_is_asked_where_both_are_edited() -> None:
    first, second = make_fact(0), make_fact(1)
    both = Probe("both", "f0", "multihop", "en", "Who leads both?", ("x",), needs=("f1",))
    joined = type(first)("f0", 0, first.statements, (*first.probes, both))
    data = Benchmark("fake", "r1", "0" * 64, (joined, second))
    settings = {"facts": (0, 2), "test_langs": ("en",), "locality": 0}
    plan = make_plan(make_spec(**settings, batch_size=2), data)
    assert "multihop:both" in ids(plan.steps[0].units[0])
    apart = make_plan(make_spec(**settings, batch_size=1), data)
    assert not any("multihop:both" in ids(unit) for unit in apart.units)
    assert "1 questions need the edit of a fact outside their batch: not asked" in apart.notes


def test_own_locality_questions_of_the_data() -> None:
    fact = make_fact(0)
    extra = Probe("f0-near-en", "f0", "locality", "en", "Who leads the rest?", ("them",))
    data = Benchmark("fake", "r1", "0" * 64, (type(fact)("f0", 0, fact.statements, (*fact.probes, extra)),))
    spec = make_spec(facts=(0, 1), kinds=("direct", "locality"), locality=0, test_langs=("en",))
    plan = make_plan(spec, data)
    assert ids(plan.steps[0].units[0]) == ["direct:f0-direct-en", "locality:f0-near-en"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"facts": (0, 8)}, "facts 0:8 end after fact 7 of 'fake'"),
        ({"edit_langs": ("en", "fr")}, "no fact of 'fake' 0:6 is stated in 'fr' .* it is in: en, de, ja"),
        ({"test_langs": ("zh",)}, "no direct or multihop question in 'zh'"),
    ],
)
def test_plans_that_cannot_be(change: dict[str, object], message: str) -> None:
    with pytest.raises(RunError, match=message):
        make_plan(make_spec(**change), benchmark())


def test_two_questions_with_one_id() -> None:
    facts = (make_fact(0), make_fact(0, multihop=()))
    clash = Probe("f0-direct-en", "f1", "direct", "en", "Another?", ("x",))
    facts = (facts[0], type(facts[1])("f1", 1, facts[1].statements, (clash,)))
    with pytest.raises(RunError, match="share the id 'f0-direct-en'"):
        make_plan(make_spec(facts=(0, 2)), Benchmark("fake", "r1", "0" * 64, facts))


def test_answers_as_stored(tmp_path: Path) -> None:
    finish(tmp_path / "run")
    asked = list(read_run(tmp_path / "run").asked())
    first = asked[0]
    assert (first.edit_lang, first.batch, first.before) == (None, None, None)
    assert first.answer.text.startswith("nobody 🤷 Who leads f0? 0."), "untouched"
    edited = {(one.edit_lang, one.kind, one.probe.id): one for one in asked if one.edit_lang}
    own = edited["en", "direct", "f2-direct-en"]
    assert own.batch == 1 and own.answer.text.startswith("new f2 0.")
    assert own.before is not None and own.before.text.startswith("nobody 🤷 Who leads f2?")
    assert edited["en", "locality", "f2-direct-en"].answer.text.startswith("nobody"), "asked under batch 0"
    assert edited["en", "direct", "f2-direct-ja"].answer.text.startswith("nobody"), "edited in English only"
    assert {one.kind for one in asked if one.edit_lang is None} == {"direct", "multihop", "locality"}


def test_no_file_tells_time_or_place(tmp_path: Path) -> None:
    finish(tmp_path / "one")
    finish(tmp_path / "elsewhere" / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "elsewhere" / "two")


def test_finished_units_are_not_done_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    full = finish(folder)
    assert len([one for one in full.log if one.startswith("edit")]) == 6
    assert len([one for one in full.log if one.startswith("answer")]) == 27
    assert finish(folder).log == []
    before = contents(folder)
    (folder / "answers/de/001-ja.jsonl").unlink()
    assert finish(folder).log == ["answer 6"], "the stored edit is used"
    (folder / "answers/de/001-ja.jsonl").unlink()
    (folder / "edits/de/001.safetensors").unlink()
    assert finish(folder).log == ["edit f2-de f3-de", "answer 6"]
    assert contents(folder) == before


def test_units_of_a_step_asked_in_one_pass(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    full = [one for one in finish(folder, least=7).log if one.startswith("answer")]
    assert len(full) < 27 and sum(int(one.split()[1]) for one in full) == sum(
        int(one.split()[1]) for one in finish(tmp_path / "alone").log if one.startswith("answer")
    )
    assert all(int(one.split()[1]) >= 7 for one in full[:4])
    assert finish(folder, least=7).log == []
    before = contents(folder)
    # The fake's answers tell where in a pass they were given.
    for name in ("de/001-de", "unedited/000-en"):
        (folder / f"answers/{name}.jsonl").unlink()
        (again,) = finish(folder, least=7).log
        assert int(again.split()[1]) >= 7 and contents(folder) == before


def start(folder: Path, number: int) -> str:
    """Run in another process, kill it with SIGKILL at an event, and return what it said last."""
    command = [sys.executable, worker.__file__, str(folder), str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    return line.strip()


@pytest.mark.parametrize("number", [*range(1, 10), 34, 35, 36, 37, *range(38, 99, 12), 79])
@pytest.mark.slow
def test_killed_anywhere_and_resumed_ends_with_the_same_bytes(tmp_path: Path, number: int) -> None:
    finish(tmp_path / "whole")
    said = start(tmp_path / "run", number)
    assert said.startswith(f"at {number}: ")
    assert ("half an edit" in said) == (number in (35, 79))
    finish(tmp_path / "run")
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


def test_killed_again_and_again(tmp_path: Path) -> None:
    finish(tmp_path / "whole")
    said = [start(tmp_path / "run", number) for number in (5, 13, 20, 9, 5, 21, 4, 30, 1000)]
    assert said[-1] == "done"
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


class Broken(Fakes):
    """Fails at one of its answers or edits."""

    def __init__(self, error: Exception, at: str):
        super().__init__()
        self.error, self.at = error, at

    def edit(self, lm: object, statements: object, **given: object) -> object:  # type: ignore[override]
        if self.at == "edit":
            raise self.error
        return super().edit(lm, statements, **given)  # type: ignore[arg-type]

    def answer(self, lm: object, questions: object, progress: object) -> object:  # type: ignore[override]
        if self.at == "answer" and len(self.log) == 4:
            raise self.error
        return super().answer(lm, questions, progress)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "at", "kind", "message"),
    [
        (MemoryError(), "answer", RunError, "out of memory while asking unedited/001-de; finished"),
        (RuntimeError("CUDA out of memory.\nTried 2 GiB"), "edit", RunError, "editing en/000.*--batch"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "edit", RunError, "out of memory"),
        (RuntimeError("shapes differ"), "edit", RuntimeError, "shapes differ"),
        (EditError("the value is NaN"), "edit", EditError, "the value is NaN"),
    ],
)
def test_failures_keep_finished_units(
    tmp_path: Path, error: Exception, at: str, kind: type[Exception], message: str
) -> None:
    spec = make_spec()
    plan = make_plan(spec, benchmark())
    broken = Broken(error, at)
    with Store.open(tmp_path / "run", spec) as store, pytest.raises(kind, match=message) as caught:
        run(plan, store, broken.engine())
    assert "\n" not in str(caught.value)
    kept = {"answer": 4, "edit": 9}[at]
    assert len(read_run(tmp_path / "run").missing()) == 27 - kept
    finish(tmp_path / "run")
    finish(tmp_path / "whole")
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


def test_progress_counts_questions_and_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Telling(Fakes):
        def answer(self, lm: object, questions: object, progress: object) -> object:  # type: ignore[override]
            progress(1)  # type: ignore[operator]
            return super().answer(lm, questions, progress)  # type: ignore[arg-type]

    spec = make_spec()
    plan = make_plan(spec, benchmark())
    with Store.open(tmp_path / "run", spec) as store:
        run(plan, store, Telling().engine(), progress=True)
    total = sum(len(unit.questions) for unit in plan.units) + sum(len(step.statements) for step in plan.steps)
    assert f"{total}/{total}" in capsys.readouterr().err


def test_damaged_edit(tmp_path: Path) -> None:
    class Strict(Fakes):
        def load_edit(self, path: Path) -> worker.FakeEdit:
            if not path.read_text().endswith("}"):
                raise EditError(f"cannot read the edit {path.name}")
            return super().load_edit(path)

    finish(tmp_path / "run")
    edit = tmp_path / "run" / "edits" / "en" / "001.safetensors"
    edit.write_text(edit.read_text()[:-1])
    (tmp_path / "run" / "answers" / "en" / "001-de.jsonl").unlink()
    spec = make_spec()
    message = r"001.safetensors is damaged: .*; delete the file and run again"
    with Store.open(tmp_path / "run", spec) as store, pytest.raises(RunError, match=message):
        run(make_plan(spec, benchmark()), store, Strict().engine())


class Measured:
    def __init__(self, text: str):
        self.text = text

    def save(self, path: Path) -> None:
        path.write_text(self.text)


def test_edits_are_examined_once_and_kept_only_if_small(tmp_path: Path) -> None:
    seen: list[str] = []

    def examine(lm: object, edit: object) -> Measured:
        seen.append("fact")
        return Measured(f"{len(edit.content)} facts")  # type: ignore[attr-defined]

    spec = make_spec()
    plan = make_plan(spec, benchmark())
    engine = replace(Fakes().engine(), examine=examine, keep=lambda edit: len(vars(edit)["content"]) > 1)
    for _ in range(2):
        with Store.open(tmp_path, spec) as store:
            run(plan, store, engine)
    assert len(seen) == len(plan.steps)
    assert (tmp_path / "examined/de/002.safetensors").read_text() == "1 facts"
    assert not (tmp_path / "edits/de/002.safetensors").exists(), "not kept"
    assert (tmp_path / "edits/en/002.safetensors").exists()
    assert not read_run(tmp_path).missing()
    (tmp_path / "examined/en/001.safetensors").unlink()
    with Store.open(tmp_path, spec) as store:
        run(plan, store, engine)
    assert len(seen) == len(plan.steps) + 1, "what is missing is measured again, and nothing else"


@pytest.mark.parametrize("sequence", [None, "languages"])
def test_an_edit_that_a_kill_kept_from_its_removal_goes_when_the_run_is_started_again(
    tmp_path: Path, sequence: str | None
) -> None:
    spec = make_spec() if sequence is None else make_spec(sequence=sequence)
    plan, engine = make_plan(spec, benchmark()), replace(Fakes().engine(), keep=lambda edit: False)

    def done() -> None:
        with Store.open(tmp_path / "run", spec) as store:
            run(plan, store, engine)

    done()
    whole = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    left = tmp_path / "run" / "edits" / f"{plan.steps[-1].name}.safetensors"
    assert left.relative_to(tmp_path) not in whole
    left.write_text("{}")
    done()
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()} == whole


def test_a_plan_with_edits_needs_a_method(tmp_path: Path) -> None:
    spec = make_spec()
    with Store.open(tmp_path, spec) as store, pytest.raises(RunError, match="choose one with --method"):
        run(make_plan(spec, benchmark()), store, replace(Fakes().engine(), editor=None))

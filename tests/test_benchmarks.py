"""The benchmarks run on tiny models of every shape and print what they promise; no time is tested."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from benchmarks import machine, matrix, methods, price, value
from benchmarks.__main__ import MEASURES, main
from benchmarks.case import Case
from benchmarks.cost import Cost, compared, measured
from benchmarks.facts import chains, twenty_contexts
from benchmarks.machine import Floor
from benchmarks.shapes import SHAPES, random_lm
from benchmarks.stored import RESULTS
from benchmarks.tokenizer import main as write_tokenizer
from benchmarks.tokenizer import tokenizer_of

from mlake.data import load
from mlake.editing.locate.value import optimise_values
from mlake.evaluation.plan import NO_SUBJECT, make_plan
from mlake.evaluation.spec import RunSpec

SIZES = (
    "--dtype", "fp32", "--facts", "3", "--steps", "3", "--reference-steps", "2", "--questions", "6",
    "--chains", "5",
)  # fmt: skip
PAIRED = {"name", "unit", "reference", "fast", "ratio", "floor", "peak_bytes", "reference_peak_bytes"}
EDITED = {*PAIRED, "reference_steps", "floor_bytes", "flops", "tokens_a_prompt", "steps", "prompts"}
FIELDS = {
    "value step": {*EDITED, "reference_each", "facts", "layer", "layers_above"},
    "MEMIT": {*EDITED, "facts", "once", "layers"},
    "ROME": {*EDITED, "edits", "chains", "last_round", "minutes_for_100_each", "layers"},
    "second moments": {*PAIRED, "tokens", "tokens_reference", "width", "factorise", "factorise_on"},
    "answers": {*PAIRED, "floor_bytes", "a_second", "questions", "tokens_said", "cut_off", "batches"},
    "matrix": {
        *PAIRED - {"reference_peak_bytes"},
        "extrapolated",
        "edits_min",
        "answers_min",
        "once",
        "facts",
    },
    "parts of a value step": {"prepare", "step", "facts"},
    "shares of a step": {"unit"},
    "product with the head": {"unit", "rows", "forward", "backward", "share"},
    "value step by facts": {"facts", "fast"},
    "value step by layers above": {"layers above", "fast"},
    "value step by tokens before the subject": {"tokens before the subject", "fast", "once"},
    "value step by tokens after the subject": {"tokens after the subject", "fast", "once"},
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every shape of a width that takes no time, with too few words for any tokenizer."""
    for name, shape in SHAPES.items():
        tiny = replace(shape, layers=8, width=32, inner=64, heads=4, vocabulary=64)
        monkeypatch.setitem(SHAPES, name, tiny)
    monkeypatch.setattr(machine, "_SECONDS", 0.01)


@pytest.fixture
def tokenizer(tiny_lm: Callable[..., Any], tmp_path: Path) -> str:
    """A folder that holds a tokenizer and nothing else."""
    folder = tmp_path / "tokenizer"
    tiny_lm().tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture
def case(tiny_lm: Callable[..., Any]) -> Case:
    lm = random_lm("llama-7b", tiny_lm().tokenizer, dtype="fp32", device="cpu", layers=None)
    sizes = {"facts": 2, "few": 1, "steps": 25, "reference_steps": 5, "questions": 4, "chains": 5, "edits": 2}
    return Case(lm, Floor(1e9, 1e9), random=True, **sizes)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    main(arguments)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.slow
def test_every_measure_prints_its_rows(tokenizer: str, capsys: pytest.CaptureFixture[str]) -> None:
    head, *rows = run(capsys, "--model", "llama-7b", "--tokenizer", tokenizer, *SIZES)
    assert head["name"] == "machine"
    assert head["weights"] == "random, seed 0"
    assert head["layers"] == 8
    assert (head["vocabulary_of_shape"], head["vocabulary"]) == (64, 400)
    assert head["flags"]["tokenizer"] == "tokenizer"  # not where it lies
    assert head["flags"]["few"] == 1
    assert {row["name"] for row in rows} == set(FIELDS)
    for row in rows:
        assert FIELDS[row["name"]] <= set(row), row["name"]
        assert row.get("fast", 1) > 0
        assert row.get("floor", 1) > 0
        if "ratio" in row:
            assert row["ratio"] == pytest.approx(row["reference"] / row["fast"], rel=2e-3)
    named = {row["name"]: row for row in rows}
    assert named["ROME"]["prompts"] == 21
    rome = named["ROME"]
    assert (rome["chains"], rome["edits"], rome["edits_reference"]) == (5, 10, 5)
    assert named["MEMIT"]["prompts"] == 6
    assert named["answers"]["questions"] == 6
    assert 1 <= named["answers"]["tokens_said"] <= 32
    before = [row for row in rows if row["name"] == "value step by tokens before the subject"]
    sizes = [row["tokens before the subject"] for row in before]
    assert sizes[3] - sizes[0] > 400
    after = [row["tokens after the subject"] for row in rows if "tokens after the subject" in row]
    assert after == sorted(after)
    assert after[3] - after[0] > 80


def test_a_measure_brings_what_it_needs(tokenizer: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--tokenizer", tokenizer, "--layers", "6", "--only", "matrix", *SIZES)
    head, *rows = run(capsys, "--model", "qwen-7b", *arguments)
    assert (head["layers"], head["layers_of_shape"]) == (6, 8)
    assert [row["name"] for row in rows] == ["MEMIT", "answers", "matrix"]
    assert rows[2]["extrapolated"] == "from 3 facts and 6 questions"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "value,speed"), "no measure 'speed'"),
        (("--model", "demo", "--layers", "2"), "--layers and --tokenizer are for random weights"),
        (("--model", "demo", "--reference-steps", "3"), "a real model stops early"),
        (("--model", "llama-7b", "--reference-steps", "1"), "--reference-steps must be 2 or more"),
    ],
)
def test_arguments_that_make_no_sense(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_names_of_measures_stay() -> None:
    assert list(MEASURES) == ["value", "memit", "rome", "moments", "answers", "matrix", "shares", "growth"]


@pytest.mark.parametrize("name", ["llama-7b", "qwen-7b"])
def test_random_weights_are_made_in_their_type_the_same_each_time(
    name: str, tiny_lm: Callable[..., Any]
) -> None:
    made = [random_lm(name, tiny_lm().tokenizer, dtype="bf16", device="cpu", layers=None) for _ in range(2)]
    weights = [dict(lm.model.named_parameters()) for lm in made]
    assert {weight.dtype for weight in weights[0].values()} == {torch.bfloat16}
    assert not any(weight.requires_grad for weight in weights[0].values())
    assert all(torch.equal(weight, weights[1][key]) for key, weight in weights[0].items())
    assert ("model.layers.0.self_attn.q_proj.bias" in weights[0]) == (name == "qwen-7b")
    assert (made[0].style.template == "Q: {question}\nA:") == (name == "llama-7b") or not made[0].style.chat


def test_values_of_a_random_model_can_be_optimised(
    tiny_lm: Callable[..., Any], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    wider = replace(SHAPES["llama-7b"], width=512, inner=1024)
    monkeypatch.setitem(SHAPES, "llama-7b", wider)
    lm = random_lm("llama-7b", tiny_lm().tokenizer, dtype="fp32", device="cpu", layers=None)
    case = replace(case, lm=lm)
    method = case.editor("memit")
    chosen = case.tasks(method, chains(5, 1)[0])
    found = optimise_values(case.lm, chosen, **value.place(method), settings=method.value)
    (steps,) = found.losses
    assert len(steps) == 25
    assert steps[-1].total < steps[0].total - 0.5


def test_editors_of_a_random_model_take_every_step(case: Case) -> None:
    for name in ("rome", "memit"):
        method = case.editor(name)
        assert (method.value.steps, method.value.stop) == (25, 0.0)
    prefixes = case.editor("rome").contexts
    assert prefixes == twenty_contexts(case.lm)
    assert isinstance(prefixes, tuple)
    assert len(set(prefixes)) == len(prefixes) == 20
    assert all(str(one).endswith(". ") for one in prefixes)


def test_steps_of_the_reference_are_extrapolated_in_a_line(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    monkeypatch.setattr(
        value, "optimise_one_value", lambda lm, task, settings, **where: taken.append(settings.steps)
    )

    def timed(work: Callable[[], object], device: torch.device) -> Cost:
        work()
        return Cost(3.0 + 2.0 * taken[-1], taken[-1])

    monkeypatch.setattr(value, "measured", timed)
    method = case.editor("memit")
    chosen = case.tasks(method, chains(5, 1)[0])
    assert value.one_by_one(case, method, chosen) == [Cost(3.0 + 2.0 * 25, 5)]
    assert taken == [1, 5]
    whole = replace(case, reference_steps=25)
    assert value.one_by_one(whole, method, chosen) == [Cost(3.0 + 2.0 * 25, 25)]
    assert taken == [1, 5, 25]


def test_operations_are_those_of_what_depends_on_the_value(case: Case) -> None:
    method = case.editor("memit")
    (task,) = chosen = case.tasks(method, chains(5, 1)[0])
    block = sum(weight.numel() for weight in case.lm.layers[0].parameters())
    above = len(case.lm.layers) - 1 - method.layers[-1]
    assert above == 2
    tokens = 1 + sum(len(one.ids) - one.lookup - 1 for one in task.prompts)
    logits = 1 + sum(one.target for one in task.prompts)
    passes = 25 + 24  # forward, and backward but for the last step
    expected = 2.0 * passes * (above * block * tokens + 400 * 32 * logits)
    assert value.operations(case, method, chosen) == expected


def test_chains_are_in_every_language_and_of_different_facts() -> None:
    found = chains(10, 2)
    assert [chain[0].lang for chain in found] == ["en", "de", "fr", "ja", "zh"] * 2
    assert [len(chain) for chain in found] == [2] * 10
    ids = [tuple(one.fact for one in chain) for chain in found]
    assert len(set(ids[:5])) == 1
    assert not set(ids[0]) & set(ids[5])


def test_peaks_are_of_the_work_alone() -> None:
    cpu = torch.device("cpu")
    size = 64 * 2**20
    large = measured(lambda: torch.ones(size, dtype=torch.uint8), cpu)
    small = measured(lambda: torch.ones(1), cpu)
    assert large.seconds > 0
    if large.peak is None or small.peak is None:
        pytest.skip("this system does not tell the peak of a process anew")
    assert large.peak - small.peak > size // 2


def test_costs_add_up_and_are_compared() -> None:
    total = Cost.of([Cost(1.0, 10), Cost(2.0, 30), Cost(3.0, None)])
    assert total == Cost(6.0, 30)
    assert total.each(3) == Cost(2.0, 30)
    row = compared("n", "s", Cost(6.0, 5), Cost(2.0, None), more=1)
    assert row == {
        "name": "n", "unit": "s", "reference": 6.0, "fast": 2.0, "ratio": 3.0,
        "reference_peak_bytes": 5, "peak_bytes": None, "more": 1,
    }  # fmt: skip


def test_the_matrix_is_its_shares_times_their_numbers() -> None:
    memit = {"facts": 100, "reference": 600.0, "fast": 60.0, "floor": 6.0, "once": 120.0, "peak_bytes": 7}
    answer = {"questions": 10, "reference": 6.0, "fast": 0.6, "floor": 0.06, "peak_bytes": 9}
    (row,) = matrix.matrix({"MEMIT": memit, "answers": answer})
    asked = sum(matrix.QUESTIONS.values())
    assert row["edits_min"] == pytest.approx(53.49)
    assert row["answers_min"] == pytest.approx(asked / 100)
    assert row["fast"] == pytest.approx(2 + 53.49 + asked / 100)
    assert row["reference"] == pytest.approx(534.9 + asked / 10)
    assert row["peak_bytes"] == 9


@pytest.mark.released
def test_numbers_of_the_matrix_are_those_of_the_plan(mirror: Path) -> None:
    release = load("mlake", mirror=mirror)
    langs = tuple(matrix.FACTS)
    spec = RunSpec(
        model="m", model_revision="r", dtype="bfloat16", template="Q: {question}\nA:", data="mlake",
        data_revision=release.revision, data_sha256=release.sha256, facts=(0, len(release.facts)),
        method="memit", editor={}, edit_langs=langs, test_langs=langs,
    )  # fmt: skip
    plan = make_plan(spec, release, refusal=lambda one: NO_SUBJECT if one.subject is None else None)
    edited = Counter[str]()
    for step in plan.steps:
        edited[step.lang] += len(step.statements)
    asked = Counter(
        question.kind for step in plan.steps for unit in step.units for question in unit.questions
    )
    unedited = sum(len(unit.questions) for unit in plan.unedited)
    assert dict(edited) == matrix.FACTS
    assert len(plan.steps) == matrix.EDITS
    assert {"unedited": unedited} | dict(asked) == matrix.QUESTIONS
    assert round(asked.total() / sum(len(step.units) for step in plan.steps)) == matrix.A_TIME


def test_a_tokenizer_travels_alone(tokenizer: str, tmp_path: Path, tiny_lm: Callable[..., Any]) -> None:
    write_tokenizer([str(tmp_path / "small"), "--tokenizer", tokenizer])
    assert not list((tmp_path / "small").glob("*.safetensors"))
    arguments: dict[str, Any] = {"dtype": "fp32", "device": "cpu", "layers": None}
    lm = random_lm("llama-7b", tokenizer_of(str(tmp_path / "small")), **arguments)
    text = "フランスの首都は？ Jürgen"
    assert lm.tokenizer(text)["input_ids"] == tiny_lm().tokenizer(text)["input_ids"]


def test_the_price_of_an_edit(
    tiny_lm: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path))
    monkeypatch.setattr("mlake.load_model", lambda name: tiny_lm())
    monkeypatch.setattr(price, "SOME", 1)
    monkeypatch.setattr(price, "_LONGEST", 2)
    price.main(["--method", "rome", "--facts", "1", "2"])
    machine_row, *rows = map(json.loads, capsys.readouterr().out.splitlines())
    assert machine_row["name"] == "machine"
    assert [row["facts"] for row in rows] == [1, 2]
    for row in rows:
        assert row["questions"] == row["facts"] + 4 + 5 + 5
        assert {*row["edit"]} == {*row["price"]} == {*row["price_again"]} == {"clock", "processor"}


def test_how_far_off_the_estimate_of_memory_is_stands_in_the_docs() -> None:
    lines = (RESULTS / "memory-cpu.jsonl").read_text("utf-8").splitlines()
    shares = [100 * row["measured_bytes"] / row["estimate_bytes"] for row in map(json.loads, lines)]
    text = " ".join((RESULTS.parents[1] / "docs" / "performance.md").read_text("utf-8").split())
    assert len(shares) == 12 and max(shares) < 100, "an upper bound"
    assert f"took {min(shares):.0f} to {max(shares):.0f} % of it" in text


def test_what_a_gpu_takes_stands_in_the_docs() -> None:
    lines = (RESULTS / "bench-h200.jsonl").read_text("utf-8").splitlines()
    machine, *rows = map(json.loads, lines)
    text = (RESULTS.parents[1] / "docs" / "performance.md").read_text("utf-8")
    assert machine["machine"] == "NVIDIA H200" and len(rows) == 6
    for row in rows:
        values = (row[name] for name in ("reference", "fast", "ratio", "floor"))
        told = (f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in values)
        assert f" | {' | '.join(told)} |\n" in text, row["name"]


def test_what_a_dump_takes_stands_in_the_docs() -> None:
    row = json.loads((RESULTS / "dump-cpu.jsonl").read_text("utf-8"))
    text = " ".join((RESULTS.parents[1] / "docs" / "build.md").read_text("utf-8").split())
    kept = row["counts"]["kept"]
    assert row["counts"]["lines"] == row["entities"] and kept == row["entities"] // 100
    size, spent, rate = row["bytes"] / 1e9, row["cpu_seconds"], row["entities_a_cpu_second"]
    reader, worker = row["reader_bytes"] / 1e6, row["worker_bytes"] / 1e6
    for said in (
        f"A dump of {size:.0f} GB, made by repeating entities of the snapshot, of which one in 100 has",
        f"took {spent:.0f} s of processor time, {rate:,.0f} entities a second of it",
        f"at most {reader:.0f} MB in the reader and {worker:.0f} MB in each worker",
    ):
        assert said in text
    assert f"By the clock it took {row['seconds']:.0f} s" in text


def test_costs_are_of_the_settings_asked_for(monkeypatch: pytest.MonkeyPatch, tiny_lm: Any) -> None:
    told: list[list[str]] = []
    monkeypatch.setattr("benchmarks.methods.subprocess.run", lambda command, check: told.append(command))
    monkeypatch.setattr(methods, "load_model", lambda name, dtype: tiny_lm())
    monkeypatch.setattr(methods, "about", lambda lm, floor: {})
    monkeypatch.setattr(
        "sys.argv", ["methods", "--methods", "ke,mend", "--set", "scale=2", "--set", "seed=1"]
    )
    methods.main()
    assert [command[-1] for command in told] == ["ke", "mend"]
    assert all({"--set=scale=2", "--set=seed=1"} < set(command) for command in told)


def test_what_an_edit_costs(
    monkeypatch: pytest.MonkeyPatch, tiny_lm: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(methods, "load_model", lambda name, dtype: tiny_lm())
    monkeypatch.setattr(
        "sys.argv", ["methods", "--one", "ft", "--facts", "2", "--set", "epochs=1", "--set", "layers=[0]"]
    )
    methods.main()
    row = json.loads(capsys.readouterr().out)
    assert row["editor"]["epochs"] == 1 and row["facts"] == 2 and row["edit_bytes"] > 0

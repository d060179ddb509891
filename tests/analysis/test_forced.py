"""Teacher-forced scores: against the authors' code, a plain loop, and through a run."""

import json
import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import processors

import mlake
from mlake.analysis.forced import answers_of, forced, forced_rows, new_answers
from mlake.analysis.forced_run import keep_forced
from mlake.analysis.store import FORCED, kept_path, kept_rows
from mlake.api import planned
from mlake.editing import load_edit
from mlake.editing.edits import parameters
from mlake.evaluation.session import Settings
from mlake.evaluation.units import Question
from mlake.languages import language
from mlake.records import Benchmark, Fact, Probe, Statement
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import MODEL_MEASURES

TEMPLATE = "{question} A:"
CASES = (
    # question, new answer, old answer
    ("Where did Carl Sagan work?", "Köln called", "Harvard University"),
    ("What is the capital of France?", "Paris. called", "the capital of Tours"),
    ("Dans quelle ville est né Balzac ?", "the George", "À Tours"),
)
# What ``test_batch_prediction`` of rome 0874014 (target_new, target_true) and ``test_prediction_acc`` of
# EasyEdit 14cea82 gave for ``CASES`` on the models of ``plain_lm``, on a CPU.
ROME = (
    ((7.463020324707031, 7.619971752166748), (7.759743690490723, 7.847193241119385)),
    ((6.690331935882568, 7.591183185577393), (6.7593092918396, 7.584029674530029)),
    ((5.233124732971191, 7.8472466468811035), (5.591771602630615, 7.863773822784424)),
)
REWRITE_ACC = ((1 / 7, 0.0), (1 / 5, 0.0), (1 / 5, 0.0))
LOCALITY_ACC = (3 / 7, 5 / 7, 5 / 6)


def plain_lm(tiny_lm: Callable[..., Any], *, edited: bool = False) -> Any:
    """A tiny model whose tokenizer adds nothing to a text, as their code expects; or the same, edited."""
    lm = tiny_lm("gpt2", template=TEMPLATE)
    lm.tokenizer.backend_tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    if edited:
        lm.weight(1).mul_(1.5)
    return lm


def probes(kind: str) -> list[Probe]:
    if kind == "locality":  # of a data set's own: its true answer is accepted
        return [Probe(q, None, kind, "en", q, (old,), (new,)) for q, new, old in CASES]
    return [Probe(q, None, kind, "en", q, (new,), (old,)) for q, new, old in CASES]


def scores(tiny_lm: Callable[..., Any], kind: str) -> tuple[list[ScoredRow], list[ScoredRow]]:
    """Rows of the unedited model and of the edited one."""
    asked = probes(kind)
    pairs = [(one, answers_of(one, {})) for one in asked]
    questions = [Question(kind, one) for one in asked]
    before = forced(plain_lm(tiny_lm), pairs)
    known = dict(zip((one.id for one in asked), before, strict=True))
    after = forced(plain_lm(tiny_lm, edited=True), pairs)
    return (
        forced_rows(questions, before, known, edit_lang=None, batch=None),
        forced_rows(questions, after, known, edit_lang="en", batch=0),
    )


def values(rows: list[ScoredRow], name: str) -> list[float | None]:
    return [row.value for row in rows if row.scorer == name]


def test_likelihoods_are_those_of_counterfacts_authors(tiny_lm: Callable[..., Any]) -> None:
    pairs = [(one, answers_of(one, {})) for one in probes("direct")]
    for at, edited in enumerate((False, True)):
        found = forced(plain_lm(tiny_lm, edited=edited), pairs)
        for (new, old), case in zip(found, ROME, strict=True):
            assert new is not None and old is not None
            assert (new.nll, old.nll) == pytest.approx(case[at], rel=1e-6)


@pytest.mark.parametrize("kind", ["direct", "paraphrase"])
def test_scores_of_edited_facts(tiny_lm: Callable[..., Any], kind: str) -> None:
    for at, rows in enumerate(scores(tiny_lm, kind)):
        first, second = FORCED[kind]
        assert values(rows, first) == [float(case[at][0] < case[at][1]) for case in ROME]
        assert values(rows, second) == pytest.approx([case[at] for case in REWRITE_ACC])


def test_scores_of_other_facts(tiny_lm: Callable[..., Any]) -> None:
    before, after = scores(tiny_lm, "locality")
    assert values(after, "neighbourhood_tf") == [float(case[1][1] < case[1][0]) for case in ROME]
    assert values(after, "locality_acc_tf") == pytest.approx(LOCALITY_ACC)
    assert values(before, "locality_acc_tf") == [None] * len(CASES)  # compared with itself it says nothing


def plainly(lm: Any, probe: Probe, answer: str) -> tuple[float, float]:
    """Likelihood a token and share of likeliest tokens, from the logits of the whole model."""
    style = lm.style
    head = lm.tokenizer(style.prompt(probe.text), add_special_tokens=not style.chat)["input_ids"]
    tail = lm.tokenizer(style.joint(language(probe.lang).space) + answer, add_special_tokens=False)[
        "input_ids"
    ]
    logits = lm.model(torch.tensor([head + tail])).logits[0, len(head) - 1 : -1]
    chances = logits.log_softmax(-1)
    losses = [-float(chances[place, token]) for place, token in enumerate(tail)]
    hits = [int(logits[place].argmax()) == token for place, token in enumerate(tail)]
    return sum(losses) / len(tail), sum(hits) / len(tail)


def test_batches_are_a_plain_loop(tiny_lm: Callable[..., Any], family: str) -> None:
    lm, mini = tiny_lm(family), mlake.load("mini")
    asked = [one for fact in mini.facts[:2] for one in fact.probes if one.kind in FORCED]
    pairs = [(one, answers_of(one, new_answers(mini))) for one in asked]
    found = forced(lm, pairs)
    assert {one.lang for one in asked} == {"en", "de", "fr", "ja", "zh"}
    for (probe, answers), said in zip(pairs, found, strict=True):
        for answer, one in zip(answers, said, strict=True):
            assert answer is not None and one is not None
            nll, share = plainly(lm, probe, answer)
            assert one.nll == pytest.approx(nll, rel=1e-9)
            assert sum(map(int.__eq__, one.best, one.tokens)) / len(one.tokens) == pytest.approx(share)


def test_equal_answers_are_read_once(tiny_lm: Callable[..., Any]) -> None:
    done: list[int] = []
    probe = Probe("p", None, "direct", "en", "Who?", ("Paris",), ())
    pairs: list[Any] = [(probe, ("Paris", None)), (probe, ("Paris", "Paris")), (probe, (None, None))]
    first, second, third = forced(tiny_lm(), pairs, done.append)
    assert sum(done) == 1 and first[0] == second[0] == second[1]
    assert first[1] is None and third == (None, None)
    row, other = forced_rows([Question("direct", probe)], [first], {}, edit_lang=None, batch=None)
    assert row.value is None and other.value is not None  # no old answer: nothing to be likelier than


def test_which_answers_a_question_is_forced_to() -> None:
    said = Statement("f", "en", "Where?", None, "Paris", "Rome")
    new = new_answers(Benchmark("my", "", "", (Fact("f", 0, {"en": said}),)))

    def of(kind: str, accept: tuple[str, ...], reject: tuple[str, ...], lang: str = "en") -> Any:
        return answers_of(Probe("p", "f", kind, lang, "?", accept, reject), new)

    assert of("direct", ("Rome", "Roma"), ("Paris", "Lutetia")) == ("Rome", "Paris")
    assert of("paraphrase", ("Rome",), ()) == ("Rome", None)
    assert of("locality", ("Berlin",), ("Bonn",)) == ("Bonn", "Berlin")
    assert of("locality", ("Berlin",), ()) == ("Rome", "Berlin")  # as in CounterFact
    assert of("locality", ("Berlin",), (), "de") == (None, "Berlin")


def test_each_is_a_measure_with_a_version() -> None:
    for name in (name for names in FORCED.values() for name in names):
        assert name.endswith("_tf") and MODEL_MEASURES[name].version >= 1
        assert MODEL_MEASURES[name].percent and MODEL_MEASURES[name].better == "higher"


@pytest.fixture
def run(tiny_lm: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``run(**settings)``: the model, and a run of it in ``run``."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def carry_out(method: str = "rome", editor: dict[str, Any] | None = None, **settings: Any) -> Any:
        lm = tiny_lm()
        chosen = {
            "settings": editor or {"steps": 2, "contexts": 0, "corpus_tokens": 300},
            "facts": 2,
            "edit_langs": "en",
            "test_langs": "en,ja",
            "batch_size": 1,
            "kinds": "direct,paraphrase,locality,multihop",
            "locality": 1,
            "max_new_tokens": 2,
            "forced": True,
            "out": "run",
            "progress": False,
        }
        return lm, mlake.run(lm, "mini", method=method, **{**chosen, **settings})

    return carry_out


def forced_of(folder: Path) -> dict[tuple[Any, ...], float | None]:
    names = {name for pair in FORCED.values() for name in pair}
    rows = [row for row in kept_rows(folder) if row.scorer in names]
    found = {(row.edit_lang, row.batch, row.kind, row.probe, row.scorer): row.value for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("sequence", [None, "batches"])
def test_scores_of_a_run_are_under_its_edits(run: Callable[..., Any], sequence: str | None) -> None:
    lm, found = run(sequence=sequence)
    rows = forced_of(found.folder)
    mini = mlake.load("mini")
    edits = [load_edit(found.folder / "edits" / "en" / f"{at:03d}.safetensors") for at in (0, 1)]
    for batch, fact in enumerate(mini.facts[:2]):
        (probe,) = (one for one in fact.probes if one.kind == "direct" and one.lang == "ja")
        with ExitStack() as stack:
            # At the end of a sequence all its edits are in force, and what was asked last counts.
            for edit in edits if sequence else [edits[batch]]:
                stack.enter_context(edit.applied(lm))
            new, old = (plainly(lm, probe, answer) for answer in (probe.accept[0], probe.reject[0]))
        place = ("en", batch, "direct", probe.id)
        assert rows[*place, "efficacy_tf"] == float(new[0] < old[0])
        assert rows[*place, "rewrite_acc_tf"] == pytest.approx(new[1])
        assert (None, None, "direct", probe.id, "efficacy_tf") in rows
    shown = {(row["kind"], row["scorer"]) for row in found.rows if row["n"]}
    assert {(kind, name) for kind, names in FORCED.items() for name in names} <= shown
    report = (found.folder / "report" / "report.md").read_text(encoding="utf-8")
    assert "**Teacher-forced scores**" in report and "rewrite_acc_tf\\|v1" in report


def test_they_are_measured_once_and_only_if_wanted(run: Callable[..., Any]) -> None:
    _, found = run(forced=False)
    assert not kept_path(found.folder, "forced").exists() and kept_path(found.folder, "ability").exists()
    assert "Teacher-forced" not in (found.folder / "report" / "report.md").read_text(encoding="utf-8")
    before = forced_of(run()[1].folder)
    written = kept_path(found.folder, "forced").stat().st_mtime_ns
    assert forced_of(run()[1].folder) == before and before
    assert kept_path(found.folder, "forced").stat().st_mtime_ns == written


def test_edits_that_are_gone_are_told(run: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    lm, found = run(forced=False)
    (found.folder / "edits" / "en" / "001.safetensors").unlink()
    settings = Settings(
        method="rome",
        editor={"steps": 2, "contexts": 0, "corpus_tokens": 300},
        edit_langs="en",
        test_langs="en",
        facts="2",
        batch_size=1,
    )
    session = planned(lm, "mini", settings)
    with caplog.at_level(logging.WARNING):
        keep_forced(lm, found.folder, session.plan, session.benchmark)
    assert "1 edits were not kept and have no teacher-forced scores" in caplog.text
    assert {key[1] for key in forced_of(found.folder) if key[0]} == {0}


def test_whole_weights_are_kept_only_until_they_were_read(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "_MOST_BYTES", 0)  # a tiny model is small beside a real bound
    _, found = run("stableke", {"epochs": 1}, batch_size=2)
    assert not list((found.folder / "edits").rglob("*.safetensors"))
    assert {key[1] for key in forced_of(found.folder) if key[0]} == {0}


def test_numbers_are_in_the_json(run: Callable[..., Any]) -> None:
    _, found = run()
    rows = json.loads((found.folder / "report" / "tidy.json").read_text(encoding="utf-8"))
    assert any(row["scorer"] == "locality_acc_tf" and row["n"] for row in rows)

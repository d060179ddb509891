"""What Python calls: examples in docstrings, a run like the command's, answers made elsewhere, reprs."""

import doctest
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import mlake
from mlake.cli import main
from mlake.data import read_jsonl, write_jsonl
from mlake.data.own.jsonl import to_lines
from mlake.editing.edits.parameters import ParameterEdit
from mlake.errors import DataError, RunError, UnknownNameError
from mlake.evaluation.store import read_run
from mlake.records import Benchmark
from mlake.report.load import load_run
from mlake.report.write import write_report

RUN: dict[str, Any] = {
    "method": "rome",
    "settings": {"steps": 1},
    "facts": 2,
    "batch_size": 1,
    "progress": False,
}
FLAGS = ("--method", "rome", "--set", "steps=1", "--facts", "2", "--batch-size", "1")
LANGS: dict[str, Any] = {"edit_langs": "en", "test_langs": ["en", "de"]}
PLACE = type(Path())


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def public() -> Iterator[str]:
    """Names of the functions that ``mlake`` offers, and of its class with a constructor of its own."""
    yield "LM.of"
    yield from (name for name in mlake.__all__ if inspect.isfunction(getattr(mlake, name)))


@pytest.mark.parametrize("name", list(public()))
def test_examples_in_docstrings_run(
    name: str, tiny_lm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    function: Any = mlake
    for part in name.split("."):
        function = getattr(function, part)
    example = doctest.DocTestParser().get_doctest(
        inspect.getdoc(function) or "", {"mlake": mlake}, name, None, 0
    )
    assert example.examples
    monkeypatch.setattr(mlake, "load_model", lambda name, **options: tiny_lm("llama"))
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert not said, "".join(said)


def test_the_functions_are_the_ones_named() -> None:
    assert list(public()) == ["LM.of", "ask", "editor", "load", "load_model", "price", "run", "score"]


def files(folder: Path) -> dict[str, bytes]:
    """What a run stores, by name."""
    stored = ("spec.json", "plan.json", "probes.jsonl", "answers/**/*", "edits/**/*", "examined/**/*")
    paths = sorted(path for one in stored for path in folder.glob(one) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.slow
def test_a_run_from_python_is_the_commands_to_the_byte(
    tiny_lm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    lm = tiny_lm()
    found = mlake.run(lm, "mini", **RUN, **LANGS, out="python")
    monkeypatch.setattr("mlake.models.load", lambda name, **options: lm)
    flags = ("--model", "tiny-llama", "--data", "mini", "--edit-lang", "en", "--test-lang", "en,de")
    told = CliRunner().invoke(main, ["run", *flags, *FLAGS, "--out", "command"], catch_exceptions=False)
    assert told.exit_code == 0
    assert len(files(place / "python")) > 10 and files(place / "python") == files(place / "command")
    assert {path.name for path in (place / "python" / "report").iterdir()} >= {"report.md", "tidy.json"}
    assert found.matrix() in told.output and found.matrix("paper", "multihop") not in told.output
    assert found.folder == Path("python") and found.spec == read_run("command").spec
    assert found.notes == read_run("command").notes


@pytest.mark.slow
def test_a_run_goes_on_from_where_it_is(tiny_lm: Callable[..., Any], place: Path) -> None:
    lm, mini = tiny_lm(), mlake.load("mini")
    first = mlake.run(lm, mini, **RUN, **LANGS)
    assert first.folder is not None and first.folder.parent == Path("runs")
    whole = files(first.folder)
    gone = next((first.folder / "answers" / "en").iterdir())
    gone.unlink()
    assert mlake.run(lm, mini, **RUN, **LANGS).rows == first.rows
    assert files(first.folder) == whole


def test_languages_and_kinds_are_a_list_or_names_with_commas(tiny_lm: Callable[..., Any]) -> None:
    some: dict[str, Any] = {"edit_langs": ["en"], "test_langs": "en, de", "kinds": "direct,negation"}
    spec = mlake.run(tiny_lm(), "mini", **RUN, **some, out="a").spec
    assert (spec["edit_langs"], spec["test_langs"]) == (["en"], ["en", "de"])
    assert spec["kinds"] == ["direct", "negation"]


def test_what_is_wrong_is_said_before_a_model_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlake.models.load", lambda name: pytest.fail("loaded"))
    with pytest.raises(UnknownNameError, match="unknown method 'romé'"):
        mlake.run("demo", "mini", method="romé")
    with pytest.raises(UnknownNameError, match="unknown language 'xx'"):
        mlake.run("demo", "mini", method="rome", edit_langs="xx")
    with pytest.raises(UnknownNameError, match="unknown setting of rome 'stepz'"):
        mlake.run("demo", "mini", method="rome", settings={"stepz": 1})
    with pytest.raises(RunError, match="is no slice of the 63 facts"):
        mlake.run("demo", "mini", method="rome", facts=64)


@pytest.mark.slow
def test_a_model_that_nothing_pins_never_goes_on_with_a_run(tiny_lm: Callable[..., Any]) -> None:
    known = tiny_lm()
    lm = mlake.load_model(known.model, known.tokenizer)
    mlake.run(lm, "mini", **RUN, **LANGS, out="a")
    with pytest.raises(RunError, match="a holds a run already, and nothing tells whether 'unknown' has the"):
        mlake.run(lm, "mini", **RUN, **LANGS, out="a")
    mlake.run(lm, "mini", **RUN, **LANGS, out="b")
    assert files(Path("a"))["spec.json"] == files(Path("b"))["spec.json"]


EIFFEL = "mini-00/en/direct"


def values(found: Any, scorer: str) -> list[tuple[str, str | None, float | None]]:
    return [(row.probe, row.edit_lang, row.value) for row in found.scored if row.scorer == scorer]


def test_answers_are_given_by_text_by_id_or_as_pairs() -> None:
    mini = mlake.load("mini")
    question = mini.facts[0].stated("en").question
    by_text, by_id, pairs = (
        mlake.score(mini, answers)
        for answers in ({question: "Rome."}, {EIFFEL: "Rome."}, [(EIFFEL, "Rome.")])
    )
    assert values(by_id, "contains") == [(EIFFEL, None, 1.0)]
    assert pairs.scored == by_id.scored == [row for row in by_text.scored if row.probe == EIFFEL]
    (row,) = (row for row in by_id.rows if row["scorer"] == "contains")
    assert (row["n"], row["value"], row["low"], row["edit_lang"], row["test_lang"]) == (
        1,
        1,
        None,
        None,
        "en",
    )


def test_a_text_that_several_probes_ask_answers_each_of_them() -> None:
    found = mlake.score("mini", {"In which country is the Eiffel Tower located?": "In Italy"})
    assert values(found, "contains") == [
        ("mini-00/en/multihop", None, 1.0),
        ("mini-00/en/multihop_before", None, 0.0),
    ]


def test_means_have_intervals_over_facts() -> None:
    mini = mlake.load("mini")
    said = {fact.stated("en").question: fact.stated("en").new for fact in mini.facts[:40]}
    wrong = {fact.stated("en").question: "I do not know" for fact in mini.facts[40:]}
    found = mlake.score(mini, said | wrong, edit_lang="de")
    (row,) = (row for row in found.rows if (row["scorer"], row["kind"]) == ("contains", "direct"))
    assert (row["n"], row["value"], row["edit_lang"]) == (63, 40 / 63, "de")
    assert row["low"] is not None and row["high"] is not None and row["low"] < 40 / 63 < row["high"]
    assert "de           63.5 [51–75]" in found.matrix()


def test_answers_before_the_edit_are_scored_and_compared_with() -> None:
    after, before = {EIFFEL: " Rome\n", "mini-00/en/bridge-new": "Italy"}, {EIFFEL: "Rome"}
    found = mlake.score("mini", after, edit_lang="en", before=before)
    assert values(found, "unchanged") == [
        (EIFFEL, None, None),
        (EIFFEL, "en", 1.0),
        ("mini-00/en/bridge-new", "en", None),
    ]
    assert "unedited" in found.matrix()


@pytest.mark.parametrize(
    ("answers", "options", "message"),
    [
        ({"Who?": "a", "Why?": "b", EIFFEL: "c"}, {}, "2 of 3 answers are to no question of 'mini', such as "
         "'Who[?]', 'Why[?]'; expected the exact text of a question or its probe's id, such as 'mini-00/en/"),
        ({}, {}, "no answers are given; expected a mapping of probe ids or questions to answers"),
        ({EIFFEL: None}, {}, f"the answer to '{EIFFEL}' must be a text, got NoneType"),
        ([(EIFFEL, "a"), (EIFFEL, "b")], {}, f"'{EIFFEL}' has two different answers; keep one of them"),
        ({EIFFEL: "a"}, {"before": {EIFFEL: "b"}}, "before holds an unedited model's answers; say in "),
    ],
)  # fmt: skip
def test_answers_that_fit_no_question_are_refused(
    answers: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        mlake.score("mini", answers, **options)
    assert "\n" not in str(caught.value)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown language 'xx'"):
        mlake.score("mini", {EIFFEL: "a"}, edit_lang="xx")


def test_what_is_returned_shows_as_one_short_line(tiny_lm: Callable[..., Any]) -> None:
    mini = mlake.load("mini")
    wide = replace(mini.facts[0], statements={f"l{at}": mini.facts[0].stated("en") for at in range(53)})
    many = Benchmark("long name " * 50, "r" * 500, "0" * 64, (wide,) * 5000)
    lm = tiny_lm()
    scored = mlake.score(mini, {EIFFEL: "Rome"})
    ran = mlake.run(lm, mini, **RUN, **LANGS, out="folder/" * 30)
    fact = mini.facts[0].stated("en")
    memit: Any = mlake.editor("memit", lm, layers=(0, 1), steps=1)
    edits = [memit.edit(lm, [fact]), ParameterEdit({}, {"model.norm.weight": lm.model.model.norm.weight})]
    assert repr(edits[0]) == "WeightEdit(layers: [0, 1], rank: [1])"
    for one in (*edits, mini, many, wide, lm, scored, ran, load_run(ran.folder or "")):
        assert "\n" not in repr(one) and len(repr(one)) < 200
    assert repr(mini).startswith("Benchmark('mini', 63 facts in en, de, fr, ja, zh, sha256 ")
    assert repr(wide) == "Fact('mini-00', 53 languages, 40 questions)"
    assert repr(scored).startswith("Results(answers of your own on mini; answers: 1, means: ")


@pytest.mark.parametrize("of", [str, PLACE], ids=["text", "path"])
@pytest.mark.slow
def test_places_are_text_or_path(of: Callable[[Any], Any], tiny_lm: Callable[..., Any], place: Path) -> None:
    from mlake.editing import load_edit
    from mlake.editing.edits.export import save_adapter, save_merged

    mini, lm = mlake.load("mini"), tiny_lm()
    write_jsonl(mini, of(place / "facts.jsonl"))
    assert list(to_lines(read_jsonl(of(place / "facts.jsonl")))) == list(to_lines(mini))
    assert mlake.load(of(place / "facts.jsonl"), cache=of(place / "c")).facts == mini.facts
    with pytest.raises(DataError, match="cannot read"):
        mlake.load("mlake", mirror=of(place / "nowhere"))
    rome: Any = mlake.editor("rome", lm, steps=1)
    edit = rome.edit(lm, [mini.facts[0].stated("en")])
    edit.save(of(place / "edit.safetensors"))
    with load_edit(of(place / "edit.safetensors")).applied(lm):
        save_merged(lm, of(place / "model"))
    save_adapter(edit, lm, of(place / "adapter"))
    assert mlake.load_model(of(place / "model"), device="cpu").name == str(place / "model")
    found = mlake.run(lm, of(place / "facts.jsonl"), **RUN, **LANGS, out=of(place / "run"))
    assert load_run(of(place / "run")).spec == found.spec
    assert of(place / "again") and write_report(of(place / "again"), found.spec, found.rows)
    assert {path.name for path in (place / "adapter").iterdir()} > {"adapter_config.json"}


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mlake", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"mlake {mlake.__version__}\n")

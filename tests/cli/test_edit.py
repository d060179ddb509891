"""``mlake edit`` on a tiny model in a folder."""

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from transformers import AutoModelForCausalLM

import mlake
from mlake.cli import edit as command
from mlake.cli import main
from mlake.cli.settings import setting, settings_of
from mlake.data.ordinary import ordinary_text
from mlake.editing import WeightEdit, load_edit
from mlake.errors import LanguageError, RunError
from mlake.records import Answer
from mlake.scorers.table import signature

SAGAN = {
    "fact": "sagan",
    "question": "Where did Carl Sagan work?",
    "subject": "Carl Sagan",
    "old_answer": "Harvard",
    "new_answer": "BBC",
}
SCHILLER = {
    "fact": "schiller",
    "question": "Where did Schiller work?",
    "subject": "Schiller",
    "new_answer": "Bonn",
}
JA = {
    "fact": "sagan",
    "lang": "ja",
    "question": "カール・セーガンの職場は？",
    "subject": "カール・セーガン",
    "new_answer": "東京",
}
KEYS = {"fact", "lang", "question", "new_answer", "before", "after", "took"}


@pytest.fixture(scope="module")
def model(tiny_lm: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with its tokenizer, as a checkpoint."""
    lm, folder = tiny_lm("llama"), tmp_path_factory.mktemp("model")
    lm.model.float().save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    return folder  # type: ignore[no-any-return]


@pytest.fixture
def edit(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``edit([facts], *flags)``: run the command in a folder of its own, writing to ``out``."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")

    def run(facts: list[dict[str, Any]] | None, *flags: str) -> Result:
        if facts is not None:
            text = "".join(json.dumps(fact) + "\n" for fact in facts)
            Path("my.jsonl").write_text(text, encoding="utf-8")
        base = ["edit", "--model", str(model), "--facts", "my.jsonl", "--out", "out", "--max-new-tokens", "5"]
        base += [] if "--method" in flags else ["--method", "rome"]
        base += [] if "--price" in flags else ["--price", "none"]
        base += ["--set", "steps=2", "--set", "contexts=1", "--set", "corpus_tokens=500"]
        return CliRunner().invoke(main, [*base, *flags], catch_exceptions=False)

    return run


def stored() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(Path("out/answers.json").read_text(encoding="utf-8"))
    return rows


def written(folder: str = "out") -> list[str]:
    return sorted(file.name for file in Path(folder).iterdir())


def refused(result: Result) -> str:
    """The one line of a user's error."""
    assert result.exit_code == 2 and result.stdout == "", result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("mlake: error: ")
    return line.removeprefix("mlake: error: ")


@pytest.mark.parametrize("method", ["memit", "rome"])
def test_two_facts(edit: Callable[..., Result], method: str) -> None:
    result = edit([SAGAN, SCHILLER], "--method", method)
    assert result.exit_code == 0, result.output
    assert written() == ["answers.json", "edit.safetensors"]
    rows = stored()
    assert [set(row) for row in rows] == [KEYS, KEYS]
    assert [(row["fact"], row["lang"], row["new_answer"]) for row in rows] == [
        ("sagan", "en", "BBC"),
        ("schiller", "en", "Bonn"),
    ]
    one, two, summary, wrote = result.stdout.splitlines()
    assert one.split()[0] in ("took", "FAILED") and repr(SAGAN["question"]) in one
    assert one.endswith(f"{rows[0]['before']!r} -> {rows[0]['after']!r}") and repr(rows[1]["after"]) in two
    took = sum(row["took"] for row in rows)
    assert summary == f"{took} of 2 facts took (scorer contains|v3)"
    assert wrote == "wrote out/edit.safetensors and out/answers.json"
    made = load_edit("out/edit.safetensors")
    assert made.report["method"]["name"] == method and made.report["method"]["value"]["steps"] == 2
    assert "editing with" in result.stderr and "asking the edited model" in result.stderr


def test_a_fact_takes(edit: Callable[..., Result]) -> None:
    settings = (
        "steps=60",
        "clamp=100",
        "contexts=0",
        "layers=1",
        "key=prompt",
    )  # all that the last block sees
    flags = ("--max-new-tokens", "1", *(f"--set={one}" for one in settings))
    result = edit([{**SAGAN, "new_answer": "Paris"}], *flags)
    (row,) = stored()
    assert (row["after"], row["took"]) == ("Paris", True) and row["before"] != "Paris"
    line, summary, _ = result.stdout.splitlines()
    assert line == f"took    'Where did Carl Sagan work?': {row['before']!r} -> 'Paris'"
    assert summary == "1 of 1 facts took (scorer contains|v3)"


def test_other_forms_of_the_edit(edit: Callable[..., Result], model: Path) -> None:
    peft = pytest.importorskip("peft")
    result = edit([SAGAN, SCHILLER], "--merge", "--peft")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-2:] == ["wrote out/model", "wrote out/adapter"]
    assert written() == ["adapter", "answers.json", "edit.safetensors", "model"]
    ids = torch.tensor([[0, 5, 9, 3]])
    lm = mlake.load_model(str(model))
    with torch.no_grad(), load_edit("out/edit.safetensors").applied(lm):
        expected = lm.model(input_ids=ids).logits
    with torch.no_grad():
        merged = AutoModelForCausalLM.from_pretrained("out/model")(input_ids=ids).logits
        base = AutoModelForCausalLM.from_pretrained(model)
        adapted = peft.PeftModel.from_pretrained(base, "out/adapter")(input_ids=ids).logits
    assert torch.equal(merged, expected) and not torch.equal(lm.model(input_ids=ids).logits, expected)
    torch.testing.assert_close(adapted, expected, rtol=0, atol=1e-5)


def test_language(edit: Callable[..., Result]) -> None:
    facts = [SAGAN, JA, SCHILLER]
    result = edit(facts, "--lang", "ja")
    assert [(row["lang"], row["new_answer"]) for row in stored()] == [("ja", "東京")]
    assert "note: 1 of 2 facts are not stated in 'ja' and are left out" in result.stderr
    assert "'カール・セーガンの職場は？'" in result.stdout
    result = edit([JA, SAGAN, SCHILLER])
    assert [row["lang"] for row in stored()] == ["ja"]
    result = edit(facts)
    assert [row["lang"] for row in stored()] == ["en", "en"] and "note:" not in result.stderr


def test_no_subject(edit: Callable[..., Result]) -> None:
    facts = [{**SAGAN, "subject": None}, SCHILLER]
    text = refused(edit(facts))
    assert text.startswith("1 of 2 facts have no subject in 'en', such as 'sagan'") and "--no-subject" in text
    assert not Path("out").exists()
    assert edit(facts, "--no-subject").exit_code == 0
    assert len(stored()) == 2
    assert load_edit("out/edit.safetensors").report["method"]["key"] == "question"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--method", "rom"], "unknown method 'rom'; known: .* Did you mean 'rome'"),
        (["--set", "step=3"], "unknown setting of rome 'step'; known: .* Did you mean 'steps'"),
        (["--set", "steps=many"], "setting steps takes a whole number, got 'many'"),
        (["--set", "steps"], "--set takes KEY=VALUE, got 'steps'"),
        (["--set", "steps=[1"], "holds no TOML value"),
        (["--lang", "xx"], "unknown language 'xx'"),
        (["--lang", "fr"], "my.jsonl states no fact in 'fr'; it has: en"),
        (["--lang", "jp"], "Did you mean 'ja'?"),
        (["--facts", "other.jsonl"], "cannot read other.jsonl: No such file or directory"),
        (["--facts", "other"], "unknown data set 'other'"),
        (["--out", "my.jsonl"], "cannot write to the folder my.jsonl: File exists; give another --out"),
        (["--out", "my.jsonl/a"], "cannot write to the folder my.jsonl/a: Not a directory"),
        (["--model", "./none"], "no model folder at './none'"),
        (["--dtype", "int8"], "unknown dtype 'int8'"),
    ],
)
def test_errors_take_one_line(edit: Callable[..., Result], flags: list[str], message: str) -> None:
    assert re.search(message, refused(edit([SAGAN], *flags)))
    assert written(".") == ["my.jsonl"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "my.jsonl holds no facts"),
        (b"\n\n", "my.jsonl holds no facts"),
        (b'{"question": "Who?"}\n', "line 1 field 'new_answer': is missing"),
        (b'{"question": "\xff"}\n', "line 1 is not UTF-8"),
        (b'{"question": "Who?", "subject": "X", "new_answer": "Y"}', "'X' does not occur in the question"),
    ],
)
def test_files_that_hold_no_facts(edit: Callable[..., Result], content: bytes, message: str) -> None:
    Path("my.jsonl").write_bytes(content)
    assert message in refused(edit(None))
    assert written(".") == ["my.jsonl"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"question": "Where did Schiller work" + " and work" * 80},
            "the question of fact 'schiller' and an",
        ),
        ({"new_answer": "Bonn" * 200}, "the longest prompt of fact 'schiller' in 'en' takes"),
    ],
)
@pytest.mark.parametrize("method", ["memit", "rome"])
def test_a_fact_longer_than_the_model_reads_is_named_before_anything_is_asked(
    edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, change: Any, message: str, method: str
) -> None:
    monkeypatch.setattr("mlake.models.generate.greedy", failing)
    said = edit([SAGAN, {**SCHILLER, **change}], "--method", method)
    assert said.exit_code == 2 and not Path("out").exists()
    (line,) = [one for one in said.stderr.splitlines() if one.startswith("mlake: ")]
    assert line.startswith(f"mlake: error: 1 of 2 facts cannot be edited; first: {message}")
    assert "256 positions" in line


def test_answers_of_no_tokens(edit: Callable[..., Result]) -> None:
    result = edit([SAGAN], "--max-new-tokens", "0")
    assert result.exit_code == 2 and "--max-new-tokens" in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_shut(edit: Callable[..., Result]) -> None:
    Path("out").mkdir(mode=0o500)
    assert refused(edit([SAGAN])) == ("cannot write to the folder out: Permission denied; give another --out")


def failing(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_folder_without_room(edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out").mkdir()
    monkeypatch.setattr(command, "TemporaryFile", failing)
    assert "cannot write to the folder out: No space left on device" in refused(edit([SAGAN]))


def test_answers_that_cannot_be_written(edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers of an edit before are gone too: they would not belong to the edit beside them."""
    edit([SAGAN])
    monkeypatch.setattr(command, "write_atomic", failing)
    result = edit([SCHILLER])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "mlake: error: cannot write out/answers.json: No space left on device; give another --out"
    )
    assert written() == ["edit.safetensors"]


def test_a_failed_edit_leaves_no_folder(edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    result = edit([SAGAN], "--set", "layers=[7]")
    assert result.exit_code == 2 and "layers [7] do not fit a model of 3 layers" in result.stderr
    assert not Path("out").exists()
    Path("out").mkdir()
    edit([SAGAN], "--set", "layers=[7]")
    assert written() == []
    monkeypatch.setattr(WeightEdit, "save", failing)
    assert edit([SAGAN]).exit_code == 2
    assert written() == []


def test_what_a_killed_edit_left_is_taken_away(edit: Callable[..., Result]) -> None:
    Path("out").mkdir()
    for name in (".tmp-edit.safetensors.x1", ".tmp-answers.json.x2", ".tmp-price.json.x3", ".tmp-mine.x4"):
        (Path("out") / name).write_text("half")
    assert edit([SAGAN]).exit_code == 0
    assert written() == [".tmp-mine.x4", "answers.json", "edit.safetensors"]


def test_forms_of_an_earlier_edit_do_not_stay(edit: Callable[..., Result]) -> None:
    assert edit([SAGAN], "--merge", "--peft").exit_code == 0
    Path("out/model/notes.txt").write_text("mine")
    assert edit([SCHILLER]).exit_code == 0
    assert written() == ["answers.json", "edit.safetensors", "model"]
    assert written("out/model") == ["notes.txt"]


@pytest.mark.parametrize("charset", ["cp1252", "latin-1"])
def test_what_a_terminal_cannot_show_is_escaped(
    edit: Callable[..., Result], model: Path, charset: str
) -> None:
    Path("my.jsonl").write_text(json.dumps(JA) + "\n", encoding="utf-8")
    flags = ["--method", "rome", "--set", "steps=1", "--max-new-tokens", "3", "--merge", "--peft"]
    flags += ["--price", "none"]
    called = [sys.executable, "-m", "mlake", "edit", "--model", str(model), "--facts", "my.jsonl", *flags]
    ran = subprocess.run(
        [*called, "--out", "out"], env={**os.environ, "PYTHONIOENCODING": charset}, capture_output=True
    )
    assert ran.returncode == 0, ran.stderr
    shown = b"\\u30ab\\u30fc\\u30eb"
    assert shown in ran.stdout and b"wrote " in ran.stdout
    assert written() == ["adapter", "answers.json", "edit.safetensors", "model"]


def test_everything_is_written_before_anything_is_shown(
    edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("click.echo", broken)
    assert edit([SAGAN], "--merge", "--peft").exit_code == 1
    assert written() == ["adapter", "answers.json", "edit.safetensors", "model"]


@pytest.mark.parametrize(("flag", "place"), [("--merge", "model"), ("--peft", "adapter")])
def test_a_file_in_the_way_of_another_form(edit: Callable[..., Result], flag: str, place: str) -> None:
    """What was made by then stays, complete."""
    Path("out").mkdir()
    (Path("out") / place).write_text("mine")
    result = edit([SAGAN], flag)
    assert result.exit_code == 2
    assert f"to out/{place}: File exists" in result.stderr.splitlines()[-1]
    assert len(stored()) == 1 and load_edit("out/edit.safetensors").deltas()
    assert (Path("out") / place).read_text() == "mine"


def test_text_of_others_does_not_reach_the_terminal(
    edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = "\x1b[2J\x9b31m\r\a\u202eBBC\n"
    monkeypatch.setattr(
        "mlake.pricing.price.answers", lambda lm, asked, **_: [Answer(hostile, True) for _ in asked]
    )
    fact = {**SAGAN, "fact": "\x1b[1m", "question": "Where \x1b]0;x\x07 did Carl Sagan work?"}
    result = edit([fact, SCHILLER])
    assert result.exit_code == 0
    assert all(char.isprintable() or char == "\n" for char in result.stdout)
    assert "\\x1b[2J\\x9b31m\\r\\x07\\u202eBBC\\n" in result.stdout and len(result.stdout.splitlines()) == 4
    assert stored()[0]["after"] == hostile
    text = refused(edit([{**fact, "subject": None}], "--out", "other"))
    assert text.isprintable() and "'\\x1b[1m'" in text


def test_questions_of_its_own_do_not_change_what_is_asked(edit: Callable[..., Result]) -> None:
    """A fact may list several direct questions, none of them its own."""
    listed = [{"kind": "direct", "text": text, "accept": ["BBC"]} for text in ("Sagan's firm?", "Whose?")]
    result = edit([{**SAGAN, "probes": listed}])
    assert result.exit_code == 0, result.output
    assert [row["question"] for row in stored()] == [SAGAN["question"]]


def test_the_price_of_an_edit(edit: Callable[..., Result]) -> None:
    rephrased = {"kind": "paraphrase", "text": "Sagan's employer?", "accept": ["BBC"]}
    result = edit([{**SAGAN, "probes": [rephrased]}, JA], "--price", "some")
    assert result.exit_code == 0, result.output
    assert written() == ["answers.json", "edit.safetensors", "price.json"]
    assert len(stored()) == 1
    lines = result.stdout.splitlines()
    assert len(lines) <= 24
    (start,) = [at for at, line in enumerate(lines) if line.startswith("asked in")]
    shown = {line.split()[0]: line for line in lines[start + 1 : start + 7]}
    assert set(shown) == {"en", "de", "fr", "ja", "zh", "all"}
    assert shown["en"].count("(n 1)") == 2 and shown["ja"].count("(n 1)") == 1
    assert "wrote out/price.json" in lines
    price = json.loads(Path("out/price.json").read_text(encoding="utf-8"))
    own = [(one["kind"], one["lang"]) for one in price["answers"] if one["kind"] != "locality"]
    assert own == [("direct", "en"), ("direct", "ja"), ("paraphrase", "en")]
    assert sum(one["kind"] == "locality" for one in price["answers"]) == 5 * 12
    # The next edit's price is not this one's.
    assert edit([SCHILLER], "--price", "none").exit_code == 0
    assert written() == ["answers.json", "edit.safetensors"]


def test_an_edit_is_not_fit_to_the_questions_that_price_it(
    edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[set[str], set[str]]] = []

    def text(benchmark: Any, edited: Any, asked: Any) -> list[str]:
        others = set(asked)
        read.append((others, set(ordinary_text(benchmark, edited, others))))
        return list(read[-1][1])

    monkeypatch.setattr(command, "ordinary_text", text)
    assert edit([SAGAN], "--price", "some").exit_code == 0
    ((others, ordinary),) = read
    packaged = {fact.stated("de").question for fact in mlake.load("mini").facts}
    assert others & packaged and others.isdisjoint(ordinary)
    assert ordinary & packaged, "what is not asked stays"


def test_the_price_as_json(edit: Callable[..., Result]) -> None:
    result = edit([SAGAN], "--price", "some", "--json")
    printed = json.loads(result.stdout)
    assert printed["facts"] == stored()
    assert printed["price"] == json.loads(Path("out/price.json").read_text(encoding="utf-8"))
    assert set(json.loads(edit([SAGAN], "--json").stdout)) == {"facts"}


def test_a_language_whose_names_cannot_be_told(
    edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What was edited is kept, and nothing is called a failure."""

    def refused_there(lang: str) -> None:
        raise LanguageError(f"names cannot be told in {lang} as spoken here")

    monkeypatch.setattr("mlake.scorers.names.check_tested", refused_there)
    result = edit([SAGAN])
    assert result.exit_code == 0, result.output
    assert stored()[0]["took"] is None
    assert result.stdout.startswith("untold  ") and "0 of 1 facts took" in result.stdout
    assert "names cannot be told in en as spoken here" in caplog.text


def test_many_facts_fit_a_screen(edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that failed are shown first."""
    facts = [{**SCHILLER, "fact": f"f{n}", "question": f"Where did Schiller {n} work?"} for n in range(30)]
    monkeypatch.setattr(
        "mlake.pricing.price.answers",
        lambda lm, asked, **_: [Answer("" if "29" in one else "Bonn", True) for one in asked],
    )
    result = edit(facts, "--set", "steps=1", "--method", "memit")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("FAILED  'Where did Schiller 29 work?'") and len(lines) <= 12
    assert lines[-3:-1] == ["and 22 more", f"29 of 30 facts took (scorer {signature('contains')})"]
    assert len(stored()) == 30


@pytest.mark.parametrize(
    ("after", "took"),
    [("The BBC", True), ("ABBC", False), ("Harvard, then BBC", False), ("", False), ("Auntie", True)],
)
def test_what_took_means(
    edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, after: str, took: bool
) -> None:
    monkeypatch.setattr(
        "mlake.pricing.price.answers", lambda lm, asked, **_: [Answer(after, True) for _ in asked]
    )
    result = edit([{**SAGAN, "new_aliases": ["Auntie"]}])
    assert stored()[0]["took"] is took
    assert f"{int(took)} of 1 facts took" in result.stdout


def test_flags_beat_the_file_beats_the_preset(edit: Callable[..., Result]) -> None:
    Path("mine.toml").write_text("clamp = 2\nsteps = 9\nkey-mean = 'halves'\n", encoding="utf-8")
    result = edit([SAGAN], "--like", "easyedit", "--settings", "mine.toml")
    assert result.exit_code == 0, result.output
    told = load_edit(Path("out/edit.safetensors")).report["method"]
    assert (told["value"]["steps"], told["value"]["clamp"], told["key_mean"]) == (2, 2.0, "halves")
    assert (told["prompt"], told["essence"], told["contexts"]) == ("bare", "english", 1)
    assert told["origin"] == {
        "like": "easyedit",
        "settings": ["clamp", "key_mean", "steps"],
        "set": ["contexts", "corpus_tokens", "steps"],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot read the settings mine.toml: No such file or directory; give a TOML file"),
        ("steps 9", "mine.toml is no TOML: .*; write lines such as steps = 25"),
        ("[set]\nsteps = 9", r"mine.toml holds a table \[set\]; expected lines such as steps = 25"),
        ("stepz = 9", "unknown setting of rome 'stepz'; known: .* Did you mean 'steps'"),
        ("steps = 2026-01-01", "setting 'steps' holds a date or time"),
        ("clamp = -1", "setting clamp takes a number from 0 up, got -1"),
        ("clamp = 1\n[made]\nmethod = 'memit'", "mine.toml holds settings for 'memit', not for 'rome'"),
    ],
)
def test_bad_files_of_settings_take_one_line(
    edit: Callable[..., Result], text: str | None, message: str
) -> None:
    if text is not None:
        Path("mine.toml").write_text(text, encoding="utf-8")
    result = edit([SAGAN], "--settings", "mine.toml")
    assert result.exit_code == 2 and re.search(message, result.stderr), result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_without_wikipedia_the_preset_refuses_in_one_line(
    edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    result = edit([SAGAN], "--method", "memit", "--like", "easyedit")
    assert result.exit_code == 2 and len(result.stderr.strip().splitlines()) == 1
    assert "needs the datasets package" in result.stderr and "--set corpus=file:PATH" in result.stderr
    result = edit([SAGAN], "--method", "memit", "--like", "easyedit", "--set", "corpus=statements")
    assert result.exit_code == 0, result.output
    report = load_edit(Path("out/edit.safetensors")).report
    assert report["corpus"]["name"] == "statements" and len(report["corpus"]["sha256"]) == 64


def test_settings() -> None:
    pairs = ["steps=2", "corpus-tokens = 10", "layers=[1, 2]", "ridge=1e3", "corpus=file:~/a-b/c.txt"]
    pairs += ["trained=/tmp/1/a.safetensors"]
    assert settings_of(map(setting, [*pairs, "prompt=sentence", 'contexts=["A b. "]']), no_subject=True) == {
        "key": "question",
        "steps": 2,
        "corpus_tokens": 10,
        "layers": [1, 2],
        "ridge": 1000.0,
        "corpus": "file:~/a-b/c.txt",
        "trained": "/tmp/1/a.safetensors",
        "prompt": "sentence",
        "contexts": ["A b. "],
    }
    assert settings_of([], no_subject=False) == {}
    for name in ("like", "settings"):
        with pytest.raises(RunError, match=f"'{name}' is no setting of a method; write --{name}"):
            settings_of([(name, "easyedit")], no_subject=False)


@pytest.mark.parametrize("path", ["/a", "./a.b", "../a", "a/b", "/"])
def test_a_path_needs_no_quotes(path: str) -> None:
    assert setting(f"trained={path}") == setting(f"trained='{path}'") == ("trained", path)


@pytest.mark.parametrize(
    "pair", ["rate=.5", "a=..b", "a=...", "steps", "=2", "steps=", "layers=1,2", "a=1\nb=2", "a=b c"]
)
def test_settings_that_are_none(pair: str) -> None:
    with pytest.raises(RunError, match="--set") as caught:
        setting(pair)
    assert "\n" not in str(caught.value)


def test_a_fact_in_several_languages_is_edited_in_one_batch(edit: Callable[..., Result]) -> None:
    result = edit([SAGAN, JA, SCHILLER], "--method", "memit", "--lang", "ja+en", "--price", "none")
    assert result.exit_code == 0, result.output
    assert "1 of 2 facts are not stated in 'ja' and are edited in others of the set" in result.output
    assert re.search(r"of 3 statements of 2 facts took", result.output)
    rows = json.loads(Path("out/answers.json").read_text(encoding="utf-8"))
    assert [(row["fact"], row["lang"]) for row in rows] == [
        ("sagan", "ja"), ("sagan", "en"), ("schiller", "en"),
    ]  # fmt: skip
    stored = load_edit(Path("out/edit.safetensors")).report["facts"]
    assert [(one["fact"], one["lang"]) for one in stored] == [(row["fact"], row["lang"]) for row in rows]


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en+en", "names 'en' twice"),
        ("en+jp", "unknown language 'jp'"),
        ("en+fr", "states no fact in 'fr'; it has: en, ja"),
    ],
)
def test_a_set_of_languages_that_cannot_be_is_refused(
    edit: Callable[..., Result], lang: str, said: str
) -> None:
    result = edit([SAGAN, JA], "--method", "rome", "--lang", lang)
    assert result.exit_code == 2 and said in result.output and "Traceback" not in result.output


CAPITAL = {
    "fact": "capital",
    "question": "What is the capital of France?",
    "subject": "France",
    "old_answer": "Paris",
    "new_answer": "Rome",
}


def test_a_fact_is_stated_in_other_languages_shown_and_kept(edit: Callable[..., Result]) -> None:
    result = edit([CAPITAL, SAGAN], "--method", "rome", "--also", "de,ja", "--price", "none")
    assert result.exit_code == 0, result.output
    assert "added de: 'Wie heißt die Hauptstadt von Frankreich?' -> 'Rom'" in result.output
    assert "note: not stated: fact 'sagan' in de, ja: " in result.output
    rows = json.loads(Path("out/answers.json").read_text(encoding="utf-8"))
    langs = [(row["fact"], row["lang"]) for row in rows]
    assert langs == [("capital", "en"), ("capital", "de"), ("capital", "ja"), ("sagan", "en")]
    kept = Path("out/facts.jsonl")
    text = kept.read_text(encoding="utf-8")
    assert [json.loads(line)["lang"] for line in text.splitlines()] == ["en", "de", "ja", "en"]
    corrected = text.replace("Wie heißt die Hauptstadt von", "Was ist die Hauptstadt von")
    kept.write_text(corrected, encoding="utf-8")
    again = edit(None, "--facts", str(kept), "--method", "rome", "--lang", "en+de+ja", "--price", "none")
    assert again.exit_code == 0, again.output
    rows = json.loads(Path("out/answers.json").read_text(encoding="utf-8"))
    assert rows[1]["question"] == "Was ist die Hauptstadt von Frankreich?"
    assert kept.read_text(encoding="utf-8") == corrected, "a file that is given stays"
    assert edit([CAPITAL], "--method", "rome", "--price", "none").exit_code == 0 and not kept.exists()


@pytest.mark.parametrize(
    ("also", "said"),
    [
        ("de", "no fact can be stated in de: fact 'sagan' in de: "),
        ("jp", "unknown language 'jp'"),
        ("ko", "has no labels in 'ko'"),
        ("de --writer m", "give --writer openai:URL#NAME"),
    ],
)
def test_what_cannot_be_stated_at_all_is_refused(edit: Callable[..., Result], also: str, said: str) -> None:
    result = edit([SAGAN], "--method", "rome", "--also", *also.split())
    assert result.exit_code == 2 and said in result.output and not Path("out").exists()

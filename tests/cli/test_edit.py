"""``mlake edit`` on a tiny model in a folder: what an edit does, prints and writes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from tests.cli.conftest import JA, SAGAN, SCHILLER, stored, written
from transformers import AutoModelForCausalLM

import mlake
from mlake.cli import edit as command
from mlake.data.ordinary import ordinary_text
from mlake.editing import load_edit
from mlake.errors import LanguageError
from mlake.records import Answer
from mlake.scorers.table import signature

CAPITAL = {
    "fact": "capital",
    "question": "What is the capital of France?",
    "subject": "France",
    "old_answer": "Paris",
    "new_answer": "Rome",
}
KEYS = {"fact", "lang", "question", "new_answer", "before", "after", "took"}


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


def test_forms_of_an_earlier_edit_do_not_stay(edit: Callable[..., Result]) -> None:
    assert edit([SAGAN], "--merge", "--peft").exit_code == 0
    Path("out/model/notes.txt").write_text("mine")
    assert edit([SCHILLER]).exit_code == 0
    assert written() == ["answers.json", "edit.safetensors", "model"]
    assert written("out/model") == ["notes.txt"]


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

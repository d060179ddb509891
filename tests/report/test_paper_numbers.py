import json
import os
from pathlib import Path

import pytest

from mlake.data.stats.views import TABLE5
from mlake.errors import UnknownNameError
from mlake.report.paper.numbers import model_titles, paper_model, printed, printed_models, protocol

ROOT = Path(__file__).resolve().parents[2]
VICUNA, QWEN = "vicuna-7b-v1.5", "qwen1.5-7b-chat"
LANGS = ("en", "de", "fr", "ja", "zh")


@pytest.mark.parametrize(
    ("table", "lang", "where", "value"),
    [
        ("table1", "en", {"model": VICUNA, "method": "memit", "kind": "direct"}, 60.73),
        ("table1", "fr", {"model": VICUNA, "method": "mend", "kind": "multihop"}, 0.86),
        ("table1", "ja", {"model": VICUNA, "method": "mend", "kind": "multihop"}, 0.04),
        ("table1", "zh", {"model": QWEN, "method": "stableke", "kind": "direct"}, 67.44),
        ("table1", "ja", {"model": QWEN, "method": "rome", "kind": "multihop"}, 0.11),
        ("table1", "en", {"model": QWEN, "method": "mend", "kind": "direct"}, None),
        ("table2", "en", {"model": VICUNA, "method": "rome", "key": "prompt"}, 6.16),
        ("table2", "en", {"model": VICUNA, "method": "memit", "key": "prompt"}, None),
        ("table2", "de", {"model": VICUNA, "method": "rome", "key": "subject"}, None),
        ("table3", "zh", {"model": VICUNA}, 11.77),
        ("table3", "ja", {"model": QWEN}, 6.27),
        ("table4", "de", {"model": "gemma-7b-it", "kind": "multihop_before"}, 12.94),
        ("table4", "ja", {"model": "llama-2-7b-chat", "kind": "direct"}, 0.0),
        ("table4", "en", {"model": "mistral-7b-instruct-v0.2", "kind": "direct"}, 83.21),
        ("table5", "zh", {"statistic": "multi-hop questions (edited)"}, 798),
        (
            "figure6",
            "zh",
            {"model": VICUNA, "method": "memit", "edited_in": "zh", "when": "after"},
            2.29,
        ),
    ],
)
def test_numbers_as_printed(table, lang, where, value) -> None:
    assert printed(table, lang, **where) == value


def test_what_is_not_there() -> None:
    assert printed("table1", "ko", model=VICUNA, method="memit", kind="direct") is None
    assert printed("table1", "en", model="demo", method="memit", kind="direct") is None
    with pytest.raises(UnknownNameError, match=r"unknown table .* 'table6'; known: figure6, table1"):
        printed("table6", "en")
    with pytest.raises(UnknownNameError, match="table of the paper"):
        printed_models("tabel1")


def test_models_of_each_table() -> None:
    assert printed_models("table1") == printed_models("table3") == (VICUNA, QWEN)
    assert printed_models("table2") == (VICUNA,)
    assert printed_models("table4") == tuple(model_titles())
    assert printed_models("table5") == ()
    assert protocol()["batch_size"] == {"mend": 100, "memit": 100, "stableke": 100, "rome": 1}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("lmsys/vicuna-7b-v1.5", VICUNA),
        ("Qwen/Qwen1.5-7B-Chat", QWEN),
        ("/models/Qwen1.5-7B-Chat/", QWEN),
        ("meta-llama/Llama-2-7b-chat-hf@main", "llama-2-7b-chat"),
        ("google/gemma-7b-it", "gemma-7b-it"),
        ("mistralai/Mistral-7B-Instruct-v0.2", "mistral-7b-instruct-v0.2"),
        ("demo", None),
        ("lmsys/vicuna-13b-v1.5", None),
        ("vicuna-7b-v1.5.Q4_K_M.gguf", None),
        ("", None),
    ],
)
def test_models_are_known_by_name(name, key) -> None:
    assert paper_model(name) == key


def test_table_5_stands_in_the_statistics_too() -> None:
    for row in TABLE5:
        assert {lang: printed("table5", lang, statistic=row.title) for lang in LANGS} == dict(row.paper)


@pytest.fixture(scope="module")
def facts() -> dict:
    path = Path(os.environ.get("MLAKE_TEST_PAPER", ROOT.parent / "shared" / "paper")) / "paper-numbers.json"
    if not path.is_file():
        pytest.skip(f"the paper's numbers are not at {path}; set MLAKE_TEST_PAPER")
    return json.loads(path.read_text(encoding="utf-8"))


def by_lang(facts, values) -> dict:
    return dict(zip(facts["languages"], values, strict=True))


def of(table, **where) -> dict:
    return {lang: printed(table, lang, **where) for lang in LANGS}


def without_notes(table) -> dict:
    return {name: value for name, value in table.items() if name != "notes"}


def test_every_number_of_the_paper(facts) -> None:
    """All facts of the collected file, and as many numbers as the package holds."""
    count = 0
    for model, methods in without_notes(facts["table1_edit_and_test_in_the_same_language"]).items():
        for method, hops in methods.items():
            for hop, kind in (("single", "direct"), ("multi", "multihop")):
                assert of("table1", model=model, method=method, kind=kind) == by_lang(facts, hops[hop])
                count += 1
    for method, both in facts["table2_subject_ablation_en_vicuna"].items():
        for name, key in (("subject", "subject"), ("no_subject", "prompt")):
            assert printed("table2", "en", model=VICUNA, method=method, key=key) == both[name]
            count += 1
    for name, model in (("vicuna", VICUNA), ("qwen", QWEN)):
        assert of("table3", model=model) == by_lang(facts, facts["table3_tokens_per_subject"][name])
        count += 1
    for model, hops in without_notes(facts["table4_unedited_free_form"]).items():
        for hop, kind in (("single", "direct"), ("multi", "multihop_before")):
            assert of("table4", model=model, kind=kind) == by_lang(facts, hops[hop])
            count += 1
    for name, values in without_notes(facts["table5_statistics"]).items():
        title = (
            name.replace("_hop_", "-hop ").replace("_original", " (original)").replace("_edited", " (edited)")
        )
        assert of("table5", statistic=title) == by_lang(facts, values)
        count += 1
    for when in ("before", "after"):
        for lang, values in facts["fluency_memit_zh_edit_vicuna"].items():
            where = {"model": VICUNA, "method": "memit", "edited_in": "zh", "when": when}
            assert printed("figure6", lang, **where) == values[when]
        count += 1
    packaged = json.loads((ROOT / "src/mlake/report/paper/numbers.json").read_text(encoding="utf-8"))
    assert len(packaged["printed"]) == count
    assert protocol().items() <= facts["protocol"].items()

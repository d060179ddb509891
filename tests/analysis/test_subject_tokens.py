"""Tokens per subject, by hand and on the tokenizers that come without a model."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlake.analysis.subject_tokens import ALONE, WITHIN, tokens_per_subject
from mlake.analysis.tokenizers import load_tokenizer
from mlake.data import load
from mlake.errors import ModelError, SubjectError, UnknownNameError
from mlake.records import Benchmark, Fact, Statement
from mlake.report.tidy import tidy
from mlake.scorers.row import ScoredRow

LANGS = ("en", "de", "fr", "ja", "zh")
# Question, subject, tokens of the subject alone and in the question: by hand, from the vocabulary below.
CASES = {
    "en": ("Where did Carl Sagan work?", "Carl Sagan", 5, 2),
    "de": ("Wo arbeitete Carl Sagan?", "Carl Sagan", 5, 2),
    "fr": ("Où Carl Sagan travaillait-il ?", "Carl Sagan", 5, 2),
    "ja": ("東京はどこ？", "東京", 1, 1),
    "zh": ("你在东京吗？", "东京", 6, 6),
}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """Byte-level: 東京 is one token, 东京 six bytes, " Carl" is one token and "Carl" without a space four."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges: list[tuple[str, str]] = []
    for word in ("ĠCarl", "ĠSagan", "æĿ±äº¬"):
        for end in range(1, len(word)):
            if (pair := (word[:end], word[end])) not in merges:
                merges.append(pair)
    vocabulary = [*alphabet, *dict.fromkeys(a + b for a, b in merges)]
    core = Tokenizer(models.BPE({token: i for i, token in enumerate(vocabulary)}, merges))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=core)


def benchmark(*statements: Statement) -> Benchmark:
    facts: dict[str, dict[str, Statement]] = {}
    for one in statements:
        facts.setdefault(one.fact, {})[one.lang] = one
    made = tuple(Fact(name, row, group) for row, (name, group) in enumerate(facts.items()))
    return Benchmark("hand", "r", "0" * 64, made)


def stated(lang: str, fact: str = "f0", **changes: Any) -> Statement:
    question, subject, _, _ = CASES[lang]
    return replace(Statement(fact, lang, question, subject, "old", "new"), **changes)


def values(rows: list[ScoredRow], scorer: str) -> list[float | None]:
    return [row.value for row in rows if row.scorer == scorer]


@pytest.mark.parametrize("lang", LANGS)
def test_counts_by_hand(tokenizer: Any, lang: str) -> None:
    _, _, alone, within = CASES[lang]
    rows = tokens_per_subject(tokenizer, benchmark(stated(lang)), [lang])
    assert values(rows, ALONE) == [alone]
    assert values(rows, WITHIN) == [within]
    assert {(row.fact, row.test_lang, row.edit_lang, row.kind) for row in rows} == {
        ("f0", lang, None, "direct")
    }


def test_a_token_that_also_holds_a_neighbour_counts(tokenizer: Any) -> None:
    inside = stated("ja", question="大東京はどこ？", subject="京")
    assert values(tokens_per_subject(tokenizer, benchmark(inside), ["ja"]), WITHIN) == [1]
    assert values(tokens_per_subject(tokenizer, benchmark(inside), ["ja"]), ALONE) == [3]


def test_special_tokens_do_not_count(tiny_lm: Any) -> None:
    tokenizer = tiny_lm().tokenizer
    assert tokenizer("Paris")["input_ids"][0] == tokenizer.bos_token_id
    fact = stated("en", question="Paris?", subject="Paris")
    rows = tokens_per_subject(tokenizer, benchmark(fact), ["en"])
    expected = len(tokenizer("Paris", add_special_tokens=False)["input_ids"])
    assert values(rows, ALONE) == values(rows, WITHIN) == [expected]


def test_means_with_intervals_and_facts_without_a_subject(tokenizer: Any) -> None:
    facts = [stated("zh"), stated("zh", "f1", subject="京"), stated("zh", "f2", subject=None)]
    rows = tokens_per_subject(tokenizer, benchmark(*facts), ["zh"])
    assert values(rows, ALONE) == [6, 3, None]
    cell = next(row for row in tidy({"model": "hand"}, rows) if row["scorer"] == ALONE)
    assert (cell["n"], cell["value"]) == (2, 4.5)
    assert cell["low"] == pytest.approx(4.5 - 12.7062 * 1.5) and cell["high"] == pytest.approx(
        4.5 + 12.7062 * 1.5
    )


def test_a_subject_that_is_not_in_the_question(tokenizer: Any) -> None:
    with pytest.raises(SubjectError, match=r"^fact 'f0': its subject 'Sagan, Carl' does not stand .* 'de'"):
        tokens_per_subject(tokenizer, benchmark(stated("de", subject="Sagan, Carl")), ["de"])


@pytest.mark.parametrize("lang", ["fr", "xx"])
def test_a_language_that_is_not_there(tokenizer: Any, lang: str) -> None:
    with pytest.raises(UnknownNameError, match=f"{lang}.*known: .*en"):
        tokens_per_subject(tokenizer, benchmark(stated("en")), [lang])


def test_every_language_of_mini_counts_with_a_real_vocabulary(tiny_lm: Any) -> None:
    mini = load("mini")
    rows = tokens_per_subject(tiny_lm().tokenizer, mini, LANGS)
    assert len(rows) == 2 * 5 * len(mini.facts)
    assert all(row.value and row.value >= 1 for row in rows)


def test_load_tokenizer_from_a_folder(tiny_lm: Any, tmp_path: Path) -> None:
    saved = tiny_lm().tokenizer
    saved.save_pretrained(tmp_path)
    loaded = load_tokenizer(str(tmp_path))
    assert loaded("東京はどこ？")["input_ids"] == saved("東京はどこ？")["input_ids"]


@pytest.mark.parametrize(
    ("word", "tokens"),
    [("Carl Sagan", ["▁Carl", "▁Sagan"]), ("东", ["▁", "<0xE4>", "<0xB8>", "<0x9C>"])],
)
def test_load_tokenizer_from_a_gguf_without_weights(word: str, tokens: list[str], tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.gguf"
    write_vocabulary(path)
    loaded = load_tokenizer(str(path))
    assert loaded.convert_ids_to_tokens(loaded(word, add_special_tokens=False)["input_ids"]) == tokens


def write_vocabulary(path: Path) -> None:
    """A SentencePiece vocabulary of two words and all bytes, without a model."""
    gguf = pytest.importorskip("gguf")
    pieces = ["▁"]
    for word in ("▁Carl", "▁Sagan"):
        pieces += [letter for letter in word if letter not in pieces]
        pieces += [word[:end] for end in range(2, len(word) + 1) if word[:end] not in pieces]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    kinds = [2, 3, 3, *[6] * 256, *[1] * len(pieces)]
    scores = [0.0] * 259 + [float(len(piece)) for piece in pieces]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_context_length(16)
    writer.add_embedding_length(8)
    writer.add_feed_forward_length(16)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_load_tokenizer_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF no more")
    for name, said in (
        (str(tmp_path / "none.gguf"), "no GGUF file at"),
        (str(tmp_path / "none"), "no folder with a tokenizer at"),
        (str(broken), "cannot load the tokenizer of"),
        (str(tmp_path), "tokenizer"),
    ):
        with pytest.raises(ModelError, match=said) as caught:
            load_tokenizer(name)
        assert "\n" not in str(caught.value)
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(ModelError, match=r"pip install 'mlake\[gguf\]'"):
        load_tokenizer(str(broken))

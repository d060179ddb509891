"""Corpora: what they hold, how much of it, and what they refuse."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from mlake.data import load
from mlake.data.ordinary import ordinary_text
from mlake.errors import DataError, MlakeError, UnknownNameError
from mlake.languages import LANGUAGES
from mlake.models import corpora, sampled
from mlake.models.corpora import CorpusForm, check_corpus, corpus
from mlake.models.prompts import PromptStyle
from mlake.records import Exchange, Fact, Statement
from mlake.sentences import everyday

TEXT = tuple(f"Statement number {n}, 首都 {n}." for n in range(20))


@pytest.fixture(autouse=True)
def kept(cache: Path) -> Path:
    """Where corpora are kept, in a cache of the test's own."""
    return cache / "corpora"


def size(lm: Any, texts: Any) -> int:
    return sum(len(lm.tokenizer(text)["input_ids"]) for text in texts)


def test_statements_are_shuffled_and_cut(tiny_lm: Any) -> None:
    lm = tiny_lm()
    whole = corpus(lm, "statements", tokens=10**6, seed=0, text=TEXT)
    assert whole.name == "statements" and sorted(whole.texts) == sorted(TEXT) and whole.texts != list(TEXT)
    some = corpus(lm, "statements", tokens=100, seed=0, text=TEXT)
    assert some.texts == whole.texts[: len(some.texts)]
    assert size(lm, some.texts[:-1]) < 100 <= size(lm, some.texts) == some.tokens
    assert [list(row) for row in some.rows] == [lm.tokenizer(one)["input_ids"] for one in some.texts]


def test_text_is_tokenised_once(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm()
    seen: list[str] = []
    real = type(lm.tokenizer).__call__
    monkeypatch.setattr(
        type(lm.tokenizer),
        "__call__",
        lambda self, texts, **how: seen.extend(texts * isinstance(texts, list)) or real(self, texts, **how),
    )
    monkeypatch.setattr(corpora, "_CHUNK", 8)
    found = corpus(lm, "statements", tokens=200, seed=0, text=TEXT * 2)
    assert found.tokens >= 200 and len(seen) == len(set(seen)) <= len(found.texts) + 7


def test_statements_depend_on_the_seed_and_not_on_order_or_copies(tiny_lm: Any) -> None:
    lm = tiny_lm()
    one = corpus(lm, "statements", tokens=10**6, seed=0, text=TEXT)
    assert corpus(lm, "statements", tokens=10**6, seed=0, text=TEXT[::-1] * 2).sha256 == one.sha256
    assert corpus(lm, "statements", tokens=10**6, seed=1, text=TEXT).sha256 != one.sha256


@pytest.mark.parametrize("text", [(), ("", "  ")])
def test_no_statements_mean_those_of_the_packaged_facts(tiny_lm: Any, text: tuple[str, ...]) -> None:
    lm = tiny_lm()
    found = corpus(lm, "statements", tokens=10**6, seed=0, text=text)
    stated = [one for fact in load("mini").facts for one in fact.statements.values()]
    every = [*everyday(), *(text for one in stated for text in (one.question, one.old_sentence))]
    assert sorted(found.texts) == sorted(set(every))


def test_questions_can_be_put_as_the_model_is_asked(tiny_lm: Any) -> None:
    lm = tiny_lm()
    text = [Exchange("Wer?", "Ada", "de"), Exchange("誰？", "エイダ", "ja"), "A sentence."]
    put = {
        form: corpus(lm, "statements", tokens=99, seed=0, text=text, form=form).texts
        for form in get_args(CorpusForm)
    }
    asked = {"Q: Wer?\nA: Ada", "Q: 誰？\nA:エイダ"}
    assert set(put["bare"]) == {"Wer?", "誰？", "A sentence."}
    assert set(put["asked"]) == asked
    assert set(put["both"]) == asked | set(put["bare"])
    left = corpus(lm, "statements", tokens=99, seed=0, text=text, form="asked", without=["Wer?"])
    assert left.texts == ["Q: 誰？\nA:エイダ"]


def test_a_chat_prompt_brings_its_special_token_once(tiny_lm: Any) -> None:
    lm = tiny_lm()
    begin = lm.tokenizer.bos_token or lm.tokenizer.eos_token
    lm.tokenizer.bos_token = begin
    chat = replace(lm, style=PromptStyle(f"{begin}<user>{{question}}<model>", chat=True))
    found = corpus(chat, "statements", tokens=99, seed=0, text=[Exchange("Who?", "Ada", "en")], form="asked")
    assert found.texts == ["<user>Who?<model> Ada"]


def test_edited_facts_are_left_out(tiny_lm: Any) -> None:
    """By text of what is given, in all languages of what is packaged; everyday sentences stay."""
    lm = tiny_lm()
    some = corpus(lm, "statements", tokens=10**6, seed=0, text=TEXT, without=TEXT[:5])
    assert sorted(some.texts) == sorted(TEXT[5:])
    facts = load("mini").facts
    english = {fact.stated("en").question for fact in facts[:3]}
    left = set(corpus(lm, "statements", tokens=10**6, seed=0, without=english).texts)
    own = {one.question for fact in facts[:3] for one in fact.statements.values()}
    assert own.isdisjoint(left) and {fact.stated("ja").question for fact in facts[3:]} <= left
    every = {fact.stated("en").question for fact in facts}
    rest = corpus(lm, "statements", tokens=10**6, seed=0, without=every)
    assert sorted(rest.texts) == sorted(everyday())


def test_a_run_measures_on_other_facts_than_its_own() -> None:
    mini = load("mini")
    text = set(ordinary_text(mini, mini.facts[:10]))
    for fact in mini.facts:
        for one in fact.statements.values():
            assert ({one.question, one.old_sentence} <= text) is (fact not in mini.facts[:10])
    ours = {text for one in _stated(mini.facts) for text in (one.question, one.old_sentence)}
    assert ours.isdisjoint(ordinary_text(mini, mini.facts))
    own = mini.facts[0]
    elsewhere = replace(own, id="other", statements={"de": replace(own.stated("de"), question="Wo?")})
    assert set(ordinary_text(replace(mini, facts=mini.facts[1:]), [elsewhere])) == set(
        ordinary_text(mini, [own])
    ), "a packaged fact about the same subject is left out as well"


def _stated(facts: Iterable[Fact]) -> Iterator[Statement]:
    return (one for fact in facts for one in fact.statements.values())


@pytest.mark.parametrize("name", ["mini", "wikidata-5:test"])
def test_a_run_measures_on_nothing_that_it_asks_about_other_facts(name: str) -> None:
    """In no language, though asked in one: an edit must not be fit to what it is judged by."""
    data = load(name)
    others, edited = data.facts[10:15], data.facts[:5]
    asked = [fact.stated("de").question for fact in others]
    text = set(ordinary_text(data, edited, asked))
    assert text < set(ordinary_text(data, edited))
    for one in _stated((*others, *edited)):
        assert {one.question, one.old_sentence}.isdisjoint(text)


def test_a_handful_of_ones_own_facts_has_text_enough() -> None:
    """The embedded benchmarks stand beside it: some 100,000 tokens in five languages."""
    mini = load("mini")
    text = ordinary_text(replace(mini, facts=mini.facts[:2]), mini.facts[:2])
    assert len(text) > 6000 and {one.lang for one in text if isinstance(one, Exchange)} == set(mini.langs)


def test_everyday_sentences_are_of_no_fact_and_no_measure() -> None:
    texts = everyday()
    assert len(texts) == len(set(texts)) == 150
    held_out = {one for row in LANGUAGES.values() for one in row.held_out}
    probes = {probe.text for fact in load("mini").facts for probe in fact.probes}
    assert held_out.isdisjoint(texts) and probes.isdisjoint(texts)


@pytest.mark.parametrize("name", ["statements", "self", "wikipedia", "wikipedia:de", "file:PATH"])
def test_a_corpus_is_checked_without_a_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "text").write_text("A line.\n", encoding="utf-8")
    name = name.replace("PATH", str(tmp_path / "text"))
    monkeypatch.setitem(sys.modules, "datasets", ModuleType("datasets"))
    check_corpus(name)
    monkeypatch.setitem(sys.modules, "datasets", None)
    if name.startswith("wikipedia"):
        with pytest.raises(DataError, match="needs the datasets package"):
            check_corpus(name)
    wrongs = (("wikipedia:xx", "language 'xx'"), ("file:/nowhere", "cannot read"), ("book", "book"))
    for wrong, message in wrongs:
        with pytest.raises(MlakeError, match=message):
            check_corpus(wrong)


def test_file(tiny_lm: Any, tmp_path: Path) -> None:
    path = tmp_path / "text: odd name.txt"
    path.write_text("Köln\n\n東京\r\n北京\n", encoding="utf-8")
    found = corpus(tiny_lm(), f"file:{path}", tokens=10**6, seed=0)
    assert found.texts == ["Köln", "東京", "北京"] and found.name == f"file:{path}"
    assert corpus(tiny_lm(), f"file:{path}", tokens=1, seed=5).texts == ["Köln"]


def test_files_that_cannot_be_read(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm()
    with pytest.raises(DataError, match=r"cannot read the corpus .*absent.*; give a UTF-8 text file"):
        corpus(lm, f"file:{tmp_path / 'absent'}", tokens=10, seed=0)
    with pytest.raises(DataError, match="cannot read the corpus"):
        corpus(lm, "file:", tokens=10, seed=0)
    (tmp_path / "latin").write_bytes("Köln".encode("latin-1"))
    with pytest.raises(DataError, match=r"cannot read the corpus .*; give a UTF-8 text file"):
        corpus(lm, f"file:{tmp_path / 'latin'}", tokens=10, seed=0)
    (tmp_path / "empty").write_text("\n \n")
    with pytest.raises(DataError, match="empty holds no text for key moments"):
        corpus(lm, f"file:{tmp_path / 'empty'}", tokens=10, seed=0)


def test_unknown(tiny_lm: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown corpus 'statement'; known: .*mean 'statements'"):
        corpus(tiny_lm(), "statement", tokens=10, seed=0)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "_ROWS", 3)
    monkeypatch.setattr(sampled, "_LENGTH", 12)


def test_self(tiny_lm: Any, small: None) -> None:
    lm = tiny_lm()
    one = corpus(lm, "self", tokens=60, seed=0)
    assert one.name == "self" and size(lm, one.texts[:-1]) < 60 <= size(lm, one.texts) == one.tokens
    assert one.texts == sampled.sampled_texts(lm, tokens=60, seed=0)[: len(one.texts)]
    assert corpus(lm, "self", tokens=60, seed=1).texts != one.texts
    assert corpus(replace(lm, revision="other"), "self", tokens=10, seed=0).texts == one.texts[:1]


def count(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Any]:
    """Calls of what a corpus is made from."""
    calls: list[Any] = []
    real = getattr(corpora, name)

    def counted(*args: Any, **how: Any) -> Any:
        calls.append(how or args)
        return real(*args, **how)

    monkeypatch.setattr(corpora, name, counted)
    return calls


def test_self_is_sampled_once(tiny_lm: Any, small: None, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm()
    calls = count(monkeypatch, "sampled_texts")
    one = corpus(lm, "self", tokens=60, seed=0)
    assert corpus(lm, "self", tokens=60, seed=0) == one and len(calls) == 1
    less = corpus(lm, "self", tokens=20, seed=0)
    assert less.texts == one.texts[: len(less.texts)] and less.tokens < one.tokens and len(calls) == 1
    more = corpus(lm, "self", tokens=100, seed=0)
    assert more.texts[: len(one.texts)] == one.texts and more.tokens >= 90 and len(calls) == 2
    corpus(lm, "self", tokens=60, seed=1)
    corpus(replace(lm, revision="1" * 40), "self", tokens=60, seed=0)
    corpus(replace(lm, name="other"), "self", tokens=60, seed=0)
    assert len(calls) == 5 and len(list(kept.iterdir())) == 4


@pytest.mark.parametrize("damage", [b"", b"[10", b"{}", b"7", b"[1000]", b"[1000, 7]", b"\xff"])
def test_a_damaged_corpus_is_made_again(tiny_lm: Any, small: None, kept: Path, damage: bytes) -> None:
    lm = tiny_lm()
    one = corpus(lm, "self", tokens=60, seed=0)
    (path,) = kept.iterdir()
    good = path.read_bytes()
    path.write_bytes(damage)
    assert corpus(lm, "self", tokens=60, seed=0) == one and path.read_bytes() == good


def test_a_corpus_that_cannot_be_kept(
    tiny_lm: Any, small: None, kept: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept.parent.mkdir()
    kept.write_text("a file where a folder belongs")
    assert corpus(tiny_lm(), "self", tokens=10, seed=0).tokens >= 10
    assert "cannot write to the cache" in caplog.text


def test_a_model_that_says_nothing(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora, "sampled_texts", lambda lm, **_: [])
    with pytest.raises(DataError, match="self holds no text for key moments; give some with --set"):
        corpus(tiny_lm(), "self", tokens=10, seed=0)


@pytest.mark.parametrize("lang", ["en", "de", "fr", "ja", "zh"])
def test_wikipedia(tiny_lm: Any, lang: str, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def articles(code: str) -> Iterator[str]:
        for number in range(1000):
            read.append(code)
            yield f"{code}: 首都 {number}. Köln."

    monkeypatch.setattr(corpora, "articles", articles)
    lm = tiny_lm()
    found = corpus(lm, f"wikipedia:{lang}", tokens=50, seed=0)
    assert found.name == f"wikipedia:{lang}" and found.texts[0] == f"{lang}: 首都 0. Köln."
    assert size(lm, found.texts[:-1]) < 50 <= found.tokens
    assert set(read) == {lang} and len(read) <= 64  # no more is fetched than is needed
    assert corpus(lm, f"wikipedia:{lang}", tokens=1, seed=1).texts == found.texts[:1]
    assert len(read) <= 64 and len(list(kept.iterdir())) == 1
    if lang == "en":
        assert corpus(lm, "wikipedia", tokens=50, seed=0) == found and len(read) <= 64


def test_wikipedias_that_are_not_known(tiny_lm: Any) -> None:
    with pytest.raises(UnknownNameError, match="unknown language 'xx'; known: ar, cs, de, en"):
        corpus(tiny_lm(), "wikipedia:xx", tokens=10, seed=0)
    with pytest.raises(UnknownNameError, match=r"unknown corpus 'wikipedia:'; known: .*wikipedia:LANG"):
        corpus(tiny_lm(), "wikipedia:", tokens=10, seed=0)

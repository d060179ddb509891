"""Texts about facts: templates in five languages, requests to a model, and what of its replies is used."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlake.disk import kept_json
from mlake.editing.finetune import generated
from mlake.editing.finetune.augment import augmented
from mlake.editing.finetune.generated import LocalWriter, replies
from mlake.editing.finetune.requests import (
    description,
    paraphrase,
    requests,
    surrounding,
    surroundings,
)
from mlake.editing.finetune.templates import described, rephrased, stated
from mlake.errors import EditError, LanguageError, ModelError
from mlake.languages import LANGUAGES, Language, language
from mlake.models.lm import UNPINNED
from mlake.records import Statement

FIVE = ("en", "de", "fr", "ja", "zh")
PARTS = re.compile(r"\{(\w+)\}")


class Scribe:
    """A writer that answers each request by ``say`` and keeps what it was asked."""

    def __init__(self, say: Any, identity: Mapping[str, Any] | None = None):
        self.say, self.identity = say, identity
        self.asked: list[str] = []

    def write(self, requests: Sequence[str]) -> list[str]:
        self.asked += requests
        return [self.say(one) for one in requests]


def test_every_language_has_texts_of_both_sources() -> None:
    for row in [language(lang).templates for lang in FIVE]:
        assert row is not None
        assert row.questions[0] == "{question}" and row.descriptions[0] == "{sentence}"
        assert all(set(PARTS.findall(one)) <= {"question", "subject"} for one in row.questions)
        for one in row.descriptions:
            assert "{sentence}" in one or {"question", "answer"} <= set(PARTS.findall(one))
    for asked in [language(lang).requests for lang in FIVE]:
        assert asked is not None
        assert set(PARTS.findall(asked.paraphrase)) == {"how", "question"}
        assert set(PARTS.findall(asked.description)) == {"what", "fact", "answer"}
        assert len(set(asked.hows)) == len(set(asked.whats)) == 6
        assert len(set(asked.abouts)) == 3
        assert all(PARTS.findall(one) == ["name"] for one in asked.abouts)


@pytest.mark.parametrize("lang", FIVE)
@pytest.mark.parametrize("known", [True, False], ids=["subject", "no subject"])
def test_templates_state_the_fact(statements: Sequence[Statement], lang: str, known: bool) -> None:
    (one,) = (s for s in statements if s.lang == lang)
    one = one if known else replace(one, subject=None)
    questions, descriptions = rephrased(one, 0), described(one, 0)
    assert len(questions) == len(descriptions) + (0 if known else 1) == (10 if known else 8)
    assert questions[0] == one.question and descriptions[0] == one.new_sentence
    assert all(one.question in text for text in questions)
    assert all(one.new in text for text in descriptions)
    for text in (*questions, *descriptions):
        assert text == text.strip() and "  " not in text and "{" not in text and ".." not in text
        if not language(lang).spaced:
            assert " " not in text and not re.search(r"[.?!,:]", text)
    for text in descriptions:
        assert text.count("“") == text.count("”") or lang == "de"
        assert text.count("「") == text.count("」") and text.count("«") == text.count("»")


def test_templates_are_drawn_by_seed_and_fact(statements: Sequence[Statement]) -> None:
    one = statements[0]
    assert rephrased(one, 0) == rephrased(one, 0) != rephrased(one, 1)
    assert sorted(rephrased(one, 0)) == sorted(rephrased(one, 1))
    other = replace(one, fact="f9")
    assert rephrased(one, 0) != rephrased(other, 0)


def test_templates_leave_parts_as_they_are() -> None:
    one = Statement("f", "en", "Who made {answer} \\1?", None, "Ann", "Acme Inc.", new_sentence="It is Bob")
    assert stated(one) == ""  # a sentence without the answer states nothing
    assert stated(replace(one, new_sentence=" It is Acme Inc ", new="Acme Inc")) == "It is Acme Inc."
    texts = described(one, 0)
    assert texts and all("Acme Inc." in text and "Inc.." not in text for text in texts)
    assert all("It is Bob" not in text for text in texts)
    assert rephrased(one, 0)[0] == "Who made {answer} \\1?"
    assert described(replace(one, new_sentence=""), 0) == texts


def test_a_language_without_templates_needs_a_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Statement("f", "it", "Dove lavora Rossi?", "Rossi", "Roma", "Pisa", new_sentence="Lavora a Pisa")
    bare = Language("it", "Italian", "Latn")
    monkeypatch.setitem(LANGUAGES, "it", bare)
    with pytest.raises(LanguageError, match=r"^no templates in it: stableke needs --set source=self"):
        augmented([one], texts=4, seed=0)
    with pytest.raises(LanguageError, match=r"^no requests in it: stableke asks a writer only in languages"):
        augmented([one], texts=4, seed=0, writer=Scribe(str))
    monkeypatch.setitem(LANGUAGES, "it", replace(bare, requests=language("fr").requests))
    (found,) = augmented([one], texts=6, seed=0, writer=Scribe(lambda asked: "Dove fa Rossi il suo lavoro?"))
    assert found.questions == ("Dove lavora Rossi?", "Dove fa Rossi il suo lavoro?")
    assert found.descriptions == ("Lavora a Pisa",) and found.answer == "Lavora a Pisa"  # no stop is guessed


def test_texts_are_counted(statements: Sequence[Statement]) -> None:
    for found in augmented(statements, texts=7, seed=0):
        assert len(found.questions) == 4 and len(found.descriptions) == 3
        assert found.counts == (0, 7, 0)
        assert len({*found.questions, *found.descriptions}) == 7
    (few,) = augmented(statements[:1], texts=99, seed=0)
    assert few.counts.from_templates == len(few.questions) + len(few.descriptions) == 20
    (one,) = augmented(statements[:1], texts=1, seed=0)
    assert one.questions == (statements[0].question,) and one.descriptions == ()


@pytest.mark.parametrize(("field", "lacking"), [("new", "new answer"), ("question", "question")])
def test_a_statement_needs_a_question_and_an_answer(
    statements: Sequence[Statement], field: str, lacking: str
) -> None:
    with pytest.raises(EditError, match=f"fact 'f0' has no {lacking} in 'en'"):
        augmented([replace(statements[0], **{field: " "})], texts=4, seed=0)


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        ("At which place did Carl Sagan work?", "At which place did Carl Sagan work?"),
        ('1. "Carl Sagan worked where?"', "Carl Sagan worked where?"),
        (
            "Sure, about Carl Sagan:\n\n- Where was Carl\u200b Sagan employed?\nElse",
            "Where was Carl Sagan employed?",
        ),
        ("Where did Carl Sagan work?", None),  # the question itself
        ("where did carl sagan work", None),  # the question without its mark
        ("Where did he work?", None),
        ("Did Carl Sagan work at the BBC?", None),  # gives the new answer away
        ("Carl Sagan worked at Harvard.", None),
        ("Carl Sagan was an astronomer.", None),  # asks nothing
        ("Please tell: Where did Carl Sagan work?", None),  # holds the question
        ("Carl Sagan " * 99, None),
        ("", None),
        ("\ufffd\ufffd\x00", None),
    ],
)
def test_paraphrases_are_read_with_care(
    statements: Sequence[Statement], reply: str, kept: str | None
) -> None:
    assert paraphrase(reply, statements[0]) == kept


def test_paraphrases_without_a_subject_resemble_the_question(statements: Sequence[Statement]) -> None:
    one = replace(statements[3], subject=None)
    assert paraphrase("「フランスの首都はどこ？」", one) == "フランスの首都はどこ？"
    assert paraphrase("今日は天気がいいですね。", one) is None


@pytest.mark.parametrize("lang", FIVE)
def test_descriptions_hold_the_new_answer(statements: Sequence[Statement], lang: str) -> None:
    (one,) = (s for s in statements if s.lang == lang)
    assert description(f"Well\n* {one.new_sentence}", one) == one.new_sentence
    assert description(one.question, one) is None
    assert description(one.new, one) is None  # the bare answer describes nothing
    assert description("\n" + "x" * 500 + one.new, one) is None


def test_requests_hold_nothing_but_the_statement(statements: Sequence[Statement]) -> None:
    for one in statements:
        asked, told = requests(one, 3, 2)
        assert len(asked) == 3 and len(told) == 2 and all(one.question in text for text in asked)
        assert all(one.new_sentence in text and one.new in text for text in told)
        assert not any("{" in text or one.old in text for text in (*asked, *told))
        assert all(one.question in text for text in requests(replace(one, new_sentence="?"), 0, 9)[1])


ABOUT = "It is a large place with many people."


def say(asked: str) -> str:
    """Good replies to every kind of request."""
    if asked.startswith("Write"):
        return "Carl Sagan's place of work, the BBC, is in London."
    return "At which place did Carl Sagan work?" if asked.startswith("Rephrase") else ABOUT


def test_half_of_what_a_writer_writes_is_around_the_fact(statements: Sequence[Statement]) -> None:
    one, scribe = statements[0], Scribe(say)
    (found,) = augmented([one], texts=8, seed=0, writer=scribe)
    assert found.questions == (one.question, "At which place did Carl Sagan work?")
    assert found.answer == one.new_sentence  # a whole sentence
    assert found.descriptions == (say("Write"), one.new_sentence)
    assert found.around == (
        ("What do you know about Carl Sagan?", ABOUT),
        ("What do you know about BBC?", ABOUT),
        ("What do you know about Harvard?", ABOUT),
        ("Tell me something about Carl Sagan.", ABOUT),
    )
    assert found.counts == (6, 2, 1) and len(scribe.asked) == 7


def test_no_text_but_the_edit_holds_its_question(statements: Sequence[Statement]) -> None:
    for texts in (1, 2, 3, 8, 40):
        for writer in (Scribe(say), Scribe(lambda asked: "no"), Scribe(lambda asked: asked)):
            for found in augmented(statements, texts=texts, seed=0, writer=writer):
                others = (
                    *found.questions[1:],
                    *found.descriptions,
                    *(text for pair in found.around for text in pair),
                )
                assert found.questions[0] == found.statement.question
                assert not any(found.statement.question in text for text in others)
                assert len(found.questions) + len(found.descriptions) + len(found.around) <= texts


def test_a_writer_of_rubbish_leaves_what_templates_state(statements: Sequence[Statement]) -> None:
    one = statements[0]
    (rubbish,) = augmented([one], texts=8, seed=0, writer=Scribe(lambda asked: "no"))
    assert rubbish.questions == (one.question,) and rubbish.around == ()
    assert len(rubbish.descriptions) == 3 and rubbish.descriptions[0] == one.new_sentence
    assert rubbish.counts == (0, 4, 7)
    own = Scribe(say)
    (alone,) = augmented([one], texts=8, seed=0, writer=own, rephrases=False)
    assert len(own.asked) == len(alone.around) == 4 and alone.descriptions == rubbish.descriptions
    assert alone.counts == (4, 4, 0)


@pytest.mark.parametrize(
    ("name", "reply", "kept"),
    [
        ("BBC", "The BBC is in London. It has", "The BBC is in London."),
        ("BBC", "- It is a broadcaster.\nMore.", "It is a broadcaster."),
        ("BBC", "Carl Sagan worked at the BBC.", None),  # speaks of the edited fact
        ("Carl Sagan", "Carl Sagan wrote Cosmos.", "Carl Sagan wrote Cosmos."),
        ("Carl Sagan", "He wrote. He sang. He wrote. He sang.", "He wrote. He sang."),  # no loops
        ("Carl Sagan", "He was at Harvard. He wrote Cosmos.", None),  # no longer true
        ("Carl Sagan", "He is at the BBC.", None),
        ("BBC", "BBC.", None),
        ("BBC", "The BBC is a", None),  # cut off
        ("Carl Sagan", "His mother was Rachel M. Gruber and", None),
        ("BBC", "", None),
    ],
)
def test_what_is_around_a_fact_stays_true(
    statements: Sequence[Statement], name: str, reply: str, kept: str | None
) -> None:
    assert surrounding(reply, name, statements[0]) == kept


def test_what_is_around_a_fact_in_other_scripts(statements: Sequence[Statement]) -> None:
    (ja,) = (one for one in statements if one.lang == "ja")
    names = [name for name, _ in surroundings(replace(ja, subject=None), 9)]
    assert len(names) == 6 and set(names) == {ja.new, ja.old}
    assert surrounding("大きな都市です。人口は", ja.new, ja) == "大きな都市です。"


def test_a_language_without_questions_about_names(monkeypatch: pytest.MonkeyPatch) -> None:
    french = language("fr").requests
    assert french is not None
    bare = Language("it", "Italian", "Latn", requests=replace(french, abouts=()))
    monkeypatch.setitem(LANGUAGES, "it", bare)
    one = Statement("f", "it", "Dove lavora Rossi?", "Rossi", "Roma", "Pisa")
    with pytest.raises(LanguageError, match=r"^no abouts in it: stableke asks a writer what is known"):
        augmented([one], texts=4, seed=0, writer=Scribe(say))


def test_replies_are_kept(
    statements: Sequence[Statement], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generated, "_FACTS", 2)
    asked = [["a", "b"], ["c"], ["d"]]
    first = Scribe(str.upper, {"model": "m"})
    assert replies(first, asked) == [["A", "B"], ["C"], ["D"]]
    again = Scribe(str.upper, {"model": "m"})
    assert replies(again, [*asked, ["a"]]) == [["A", "B"], ["C"], ["D"], ["A"]] and again.asked == ["a"]
    files = sorted(cache.rglob("*.json"))
    assert len(files) == 4
    for file, damage in zip(files, ["{", '["A", "B", "C"]', "[1]", ""], strict=True):
        file.write_text(damage)
    mended = Scribe(str.upper, {"model": "m"})
    assert replies(mended, asked) == [["A", "B"], ["C"], ["D"]] and len(mended.asked) == 4
    other = Scribe(str.lower, {"model": "n"})
    assert replies(other, asked) == [["a", "b"], ["c"], ["d"]]
    monkeypatch.setattr(generated, "VERSION", "requests/next")
    newer = Scribe(str.upper, {"model": "m"})
    assert replies(newer, asked[1:2]) == [["C"]] and newer.asked == ["c"]


def test_what_came_before_a_failure_is_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "_FACTS", 1)

    def say(asked: str) -> str:
        if asked == "b":
            raise ModelError("gone")
        return asked.upper()

    with pytest.raises(ModelError):
        replies(Scribe(say, {"model": "m"}), [["a"], ["b"]])
    again = Scribe(str.upper, {"model": "m"})
    assert replies(again, [["a"], ["b"]]) == [["A"], ["B"]] and again.asked == ["b"]


def test_nothing_is_kept_of_what_nothing_pins(cache: Path) -> None:
    assert replies(Scribe(str.upper), [["a"]]) == [["A"]]
    assert not cache.exists()


def test_a_cache_that_cannot_be_written(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache.write_text("a file")
    assert replies(Scribe(str.upper, {"model": "m"}), [["a"]]) == [["A"]]
    assert "MLAKE_CACHE" in caplog.text


def test_a_local_model_that_gives_rubbish(tiny_lm: Any, statements: Sequence[Statement], cache: Path) -> None:
    some = [replace(one, subject=None) for one in statements[:2]]
    lm = tiny_lm()
    found = augmented(some, texts=4, seed=0, writer=LocalWriter(lm, most=9))
    assert [len(one.questions) + len(one.descriptions) for one in found] == [2, 2]
    kept = [kept_json(file) for file in cache.rglob("*.json")]
    assert len(kept) == 2 and all(isinstance(said, str) for replies in kept for said in replies)
    for writer in (
        LocalWriter(replace(lm, revision=UNPINNED), most=9),
        LocalWriter(lm, most=9, pinned=False),
    ):
        assert augmented(some, texts=4, seed=0, writer=writer) == found
    assert len(list(cache.rglob("*.json"))) == 2

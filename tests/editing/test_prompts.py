"""Edit prompts: what is read, where the key token stands, and which tokens are the target."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlake.data.datasets import load
from mlake.editing.prompts import WITHIN_WORD, prompted
from mlake.errors import SubjectError
from mlake.languages import LANGUAGES
from mlake.models.prompts import PromptStyle
from mlake.models.spans import Encoded, encode
from mlake.records import Fact, Statement
from mlake.text import last_whole

CHAT = PromptStyle("<s>[system]\n[user] {question}\n[answer]\n", chat=True)


def text_of(lm: Any, encoded: Encoded) -> tuple[str, str, str]:
    """A prompt up to and with the key token, the rest of the prompt, and its target."""
    ids, split = list(encoded.ids), len(encoded.ids) - encoded.target
    parts = ids[: encoded.lookup + 1], ids[encoded.lookup + 1 : split], ids[split:]
    return tuple(lm.tokenizer.decode(part) for part in parts)  # type: ignore[return-value]


def make(lm: Any, statement: Statement, **options: Any) -> Any:
    return prompted(lm, statement, **{"kind": "question", "key": "subject", "contexts": 0, **options})


def test_questions_in_five_languages(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    expected = [
        ("<s>Q: Where did Carl Sagan", " work?\nA:", " BBC"),
        ("<s>Q: Wo wurde Jürgen Müller", " geboren?\nA:", " Bonn am Rhein"),
        ("<s>Q: Où est né Balzac", " ?\nA:", " Italie"),
        ("<s>Q: フランス", "の首都は？\nA:", "東京"),
        ("<s>Q: 法国的首都是", "？\nA:", "北京"),  # one token holds 国的首都是
    ]
    assert [text_of(lm, make(lm, s).plain) for s in statements] == expected


def test_the_prompt_is_the_one_that_is_asked_later(tiny_lm: Any, statements: Any) -> None:
    for template in (None, CHAT):
        lm = tiny_lm()
        lm = lm if template is None else replace(lm, style=template)
        for statement in statements:
            plain = make(lm, statement).plain
            asked = lm.tokenizer(lm.style.prompt(statement.question), add_special_tokens=not lm.style.chat)
            assert list(plain.ids[: -plain.target]) == asked["input_ids"]


def test_chat_has_one_bos_and_no_space_before_the_answer(tiny_lm: Any, statements: Any) -> None:
    lm = replace(tiny_lm(), style=CHAT)
    bos = lm.tokenizer.bos_token_id
    for statement in statements:
        for prompt in make(lm, statement, contexts=2).task.prompts:
            assert prompt.ids.count(bos) == 1 and prompt.ids[0] == bos
            assert text_of(lm, prompt)[2] == statement.new
    before, after, _ = text_of(lm, make(lm, statements[0], contexts=["Well. "]).task.prompts[1])
    assert before == "<s>[system]\n[user] Well. Where did Carl Sagan" and after == " work?\n[answer]\n"


def test_contexts_are_the_languages_own(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    for statement in statements:
        prompts = make(lm, statement, contexts=3).task.prompts
        plain = text_of(lm, prompts[0])
        assert len(prompts) == 4
        for prompt, context in zip(prompts[1:], LANGUAGES[statement.lang].contexts, strict=False):
            before, after, target = text_of(lm, prompt)
            assert before == plain[0].replace("Q: ", f"Q: {context}", 1)
            assert (after, target) == plain[1:]


def test_more_contexts_than_there_are(tiny_lm: Any, statements: Any) -> None:
    assert len(make(tiny_lm(), statements[0], contexts=5).task.prompts) == 6
    assert len(make(tiny_lm(), statements[0], contexts=("A. ",)).task.prompts) == 2


def test_essence_asks_what_the_subject_is(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    expected = [
        ("<s>Carl Sagan", " is a"), ("<s>Jürgen Müller", " ist ein"), ("<s>Balzac", " est un"),
        ("<s>フランス", "は"), ("<s>法国", "是"),
    ]  # fmt: skip
    found = [make(lm, s).task.essence for s in statements]
    assert [text_of(lm, e)[:2] for e in found] == expected
    assert {e.target for e in found} == {0}
    at_end = make(lm, statements[0], key="prompt").task.essence
    assert text_of(lm, at_end) == ("<s>Carl Sagan is a", "", "")
    assert make(lm, replace(statements[0], subject=None), key="prompt").task.essence is None


def test_key_at_the_prompts_end(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    found = text_of(lm, make(lm, statements[3], key="prompt").plain)
    assert found == ("<s>Q: フランスの首都は？\nA:", "", "東京")


def test_key_at_the_questions_end(tiny_lm: Any, statements: Any) -> None:
    questions = ["Where did Carl Sagan work?", "Wo wurde Jürgen Müller geboren?", "Où est né Balzac ?"]
    questions += ["フランスの首都は？", "法国的首都是？"]
    for style, start, end in ((None, "<s>Q: ", "\nA:"), (CHAT, "<s>[system]\n[user] ", "\n[answer]\n")):
        lm = tiny_lm() if style is None else replace(tiny_lm(), style=style)
        for statement, question in zip(statements, questions, strict=True):
            for one in (statement, replace(statement, subject=None, question=f"{question} ")):
                found = text_of(lm, make(lm, one, key="question").plain)
                assert found[:2] == (start + question, one.question.removeprefix(question) + end)


def test_key_at_the_questions_end_behind_a_context(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    behind = make(lm, statements[0], key="question", contexts=("It rains. ",)).task.prompts[1]
    assert text_of(lm, behind)[:2] == ("<s>Q: It rains. Where did Carl Sagan work?", "\nA:")
    sentence = make(lm, statements[0], key="question", kind="sentence").plain
    assert text_of(lm, sentence) == ("<s>Carl Sagan worked at", "", " BBC")


def test_sentences(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    expected = [
        ("<s>Carl Sagan", " worked at", " BBC"),
        ("<s>Jürgen Müller", " wurde in", " Bonn am Rhein"),
        ("<s>Le pays de Balzac", " est l'", "Italie"),
        ("<s>フランス", "の首都は", "東京"),
        ("<s>法国的首都是", "", "北京"),
    ]
    made = [make(lm, s, kind="sentence") for s in statements]
    assert [text_of(lm, p.plain) for p in made] == expected
    assert [p.notes for p in made] == [()] * 5
    within = make(replace(lm, style=CHAT), statements[0], kind="sentence", contexts=["Well. "])
    assert text_of(lm, within.task.prompts[1]) == ("<s>Well. Carl Sagan", " worked at", " BBC")


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "BBC was where Carl Sagan worked.",  # the answer comes first
        "He worked at BBC.",  # no subject
        "Carl Sagan worked at NBC.",  # no answer
        "BBC",
    ],
)
def test_a_sentence_that_does_not_serve(tiny_lm: Any, statements: Any, sentence: str) -> None:
    lm = tiny_lm()
    made = make(lm, replace(statements[0], new_sentence=sentence), kind="sentence")
    assert made.notes == ("no usable sentence: edited with the question",)
    assert made.plain == make(lm, statements[0]).plain


def test_braces_are_text(tiny_lm: Any) -> None:
    lm = tiny_lm()
    odd = Statement(
        "b", "en", "Who wrote {question} {0}{}?", "{question} {0}", "x", "{y}",
        new_sentence="The author of {question} {0} is {y}",
    )  # fmt: skip
    assert text_of(lm, make(lm, odd).plain) == ("<s>Q: Who wrote {question} {0}", "{}?\nA:", " {y}")
    assert text_of(lm, make(lm, odd, kind="sentence").plain)[1:] == (" is", " {y}")
    assert text_of(lm, make(lm, odd).task.essence) == ("<s>{question} {0}", " is a", "")
    brackets = replace(odd, question="What is {} like?", subject="{}")
    assert text_of(lm, make(lm, brackets).task.essence) == ("<s>{}", " is a", "")


def test_bad_statements(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    with pytest.raises(SubjectError, match=r"no subject in 'ja'; .* edit at the question's last token"):
        make(lm, replace(statements[3], subject=None))
    with pytest.raises(SubjectError, match=r"'ドイツ' of fact 'f3' does not stand in its question"):
        make(lm, replace(statements[3], subject="ドイツ"))
    with pytest.raises(SubjectError, match="no new answer in 'zh'; add new_answer"):
        make(lm, replace(statements[4], new="　"))
    with pytest.raises(SubjectError, match="no new answer"):
        make(lm, replace(statements[4], new=""), kind="sentence")


@pytest.mark.parametrize(
    ("question", "subject", "before"),
    [
        ("Who wrote the Italian novel It?", "It", "Who wrote the Italian novel "),
        ("Who led RUSSIA and the US?", "US", "Who led RUSSIA and the "),
        ("Was Rome ruled from Rome?", "Rome", "Was Rome ruled from "),
        ("Who owns Portals?", "Portal", "Who owns "),
    ],
)
def test_the_key_is_at_the_last_whole_subject(
    tiny_lm: Any, statements: Any, question: str, subject: str, before: str
) -> None:
    lm = tiny_lm()
    made = make(lm, replace(statements[0], question=question, subject=subject))
    assert made.notes == ()
    end = len("Q: " + before + subject)
    expected = encode(lm, f"Q: {question}\nA:", target=" BBC", subject_end=end, special=True)
    assert made.plain.lookup == expected.lookup


def test_the_key_is_at_the_whole_subject_of_a_sentence_too(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    said = replace(
        statements[0],
        question="Who wrote the Italian novel It?",
        subject="It",
        new_sentence="The Italian novel It was written at BBC.",
    )
    made = make(lm, said, kind="sentence")
    assert text_of(lm, made.plain) == ("<s>The Italian novel It", " was written at", " BBC")


def test_a_subject_within_a_word_is_noted(tiny_lm: Any, statements: Any) -> None:
    made = make(tiny_lm(), replace(statements[0], question="Who is an Italian?", subject="It"))
    assert made.notes == (WITHIN_WORD,)


def moved(facts: Iterable[Fact]) -> list[str]:
    """Facts whose subject would be keyed elsewhere than at its first occurrence."""
    said = [one for fact in facts for one in fact.statements.values() if one.subject]
    return [
        one.fact
        for one in said
        if last_whole(one.question, one.subject or "", one.lang) != one.question.find(one.subject or "")
    ]


def test_no_packaged_subject_moves() -> None:
    assert moved(load("mini").facts) == []


def test_no_released_subject_moves(mirror: Path) -> None:
    assert moved(load("mlake", mirror=mirror).facts) == []

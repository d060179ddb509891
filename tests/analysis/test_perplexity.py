from collections.abc import Callable
from typing import Any

import pytest
import torch

from mlake.analysis import reading
from mlake.analysis.perplexity import AbilityRow, ability_rows, held_out, held_out_langs, perplexity_rows
from mlake.data import load
from mlake.errors import LanguageError, ModelError, UnknownNameError
from mlake.languages import LANGUAGES, language
from mlake.records import Answer, Asked, Kind, Probe
from mlake.text import find_names

CASES = (
    ("en", "Where did Carl Sagan work?", "He worked at Harvard University."),
    ("de", "Wo wurde Jürgen Müller geboren?", "Köln"),
    ("fr", "Où est né Balzac ?", "À Tours, dans le pays de la mer"),
    ("ja", "フランスの首都は？", "パリです。"),
    ("zh", "法国的首都是？", "巴黎，巴黎，巴黎"),
    ("en", "Who?", "<b>🙂</b> \ud7ff"),
)


def asked(lang: str, question: str, text: str, *, kind: Kind = "direct", edit: str | None = "de") -> Asked:
    probe = Probe("p1", "f1", kind, lang, question, ("x",))
    return Asked(edit, None if edit is None else 0, kind, probe, Answer(text, True), None)


def direct(lm: Any, lang: str, question: str, text: str) -> float:
    """The same from the logits of the whole model at every position."""
    style = lm.style
    head = lm.tokenizer(style.prompt(question), add_special_tokens=not style.chat)["input_ids"]
    tail = lm.tokenizer(style.joint(language(lang).space) + text, add_special_tokens=False)["input_ids"]
    chances = lm.model(torch.tensor([head + tail])).logits.log_softmax(-1)[0]
    losses = [-chances[len(head) + place - 1, token] for place, token in enumerate(tail)]
    return float(sum(losses) / len(losses))


def test_equals_full_logits_in_every_family(tiny_lm: Callable[..., Any], family: str) -> None:
    lm = tiny_lm(family)
    rows = perplexity_rows(lm, [asked(*case) for case in CASES])
    expected = [direct(lm, *case) for case in CASES]
    assert [row.value for row in rows] == pytest.approx(expected, rel=1e-9)
    assert max(expected) - min(expected) > 0.1


def test_batches_and_parts_change_nothing(
    tiny_lm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = tiny_lm()
    every = [asked(*case) for case in CASES]
    together = [row.value for row in perplexity_rows(lm, every)]
    alone = [perplexity_rows(lm, [one])[0].value for one in every]
    monkeypatch.setattr(reading, "_LOGITS", 3 * 400)
    monkeypatch.setattr(reading, "room_for", lambda lm, tokens: 60)
    assert alone == pytest.approx(together, rel=1e-9)
    assert [row.value for row in perplexity_rows(lm, every)] == pytest.approx(together, rel=1e-9)


def test_equal_answers_are_read_once(tiny_lm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    done: list[int] = []
    real = reading._batch
    monkeypatch.setattr(reading, "_batch", lambda lm, rows: seen.append(len(rows)) or real(lm, rows))
    en = ("en", "Where?", "Paris")
    rows = perplexity_rows(
        tiny_lm(),
        [asked(*en), asked(*en, edit=None), asked("de", "Where?", "Paris"), asked("en", "Who?", "Paris")],
        done.append,
    )
    assert sum(seen) == sum(done) == 2  # German has the same space before its answer
    assert rows[0].value == rows[1].value == rows[2].value != rows[3].value
    assert [row.edit_lang for row in rows] == ["de", None, "de", "de"]
    assert {row.scorer for row in rows} == {"nll"}


def test_empty_answers_and_choices(tiny_lm: Callable[..., Any]) -> None:
    lm = tiny_lm()
    rows = perplexity_rows(
        lm, [asked("ja", "？", ""), asked("en", "?", " \n"), asked("en", "?", "A", kind="choice")]
    )
    assert [row.value for row in rows] == [None, None]
    assert perplexity_rows(lm, []) == []


def test_too_long_an_answer_is_one_line(tiny_lm: Callable[..., Any]) -> None:
    with pytest.raises(ModelError, match=r"takes \d+ tokens, but 'tiny-gpt2' has 256 positions"):
        perplexity_rows(tiny_lm("gpt2"), [asked("zh", "？", "百" * 300)])


def test_a_chat_prompt_gets_no_second_start(tiny_lm: Callable[..., Any]) -> None:
    from dataclasses import replace

    from mlake.models import PromptStyle

    lm = tiny_lm()
    chat = replace(lm, style=PromptStyle("<s>user {question} model\n", chat=True))
    case = CASES[0]
    assert perplexity_rows(chat, [asked(*case)])[0].value == pytest.approx(direct(chat, *case))


@pytest.mark.parametrize("start", [True, False])
def test_ability_by_hand(tiny_lm: Callable[..., Any], start: bool) -> None:
    lm = tiny_lm("gemma3_text")
    if not start:
        from tokenizers import processors

        lm.tokenizer.backend_tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    rows = ability_rows(lm, "ja", 2, ["fr", "zh"])
    assert [(row.test_lang, row.sentence) for row in rows] == [
        (x, n) for x in ("fr", "zh") for n in range(12)
    ]
    assert {(row.edit_lang, row.batch) for row in rows} == {("ja", 2)}
    for row in (rows[0], rows[-1]):
        text = held_out(row.test_lang)[row.sentence]
        ids = lm.tokenizer(text)["input_ids"]
        assert (ids[0] == lm.tokenizer.bos_token_id) is start
        loss = torch.nn.functional.cross_entropy(
            lm.model(torch.tensor([ids])).logits[0, :-1], torch.tensor(ids[1:])
        )
        assert row == AbilityRow("ja", 2, row.test_lang, row.sentence, len(ids) - 1, row.nll)
        assert row.nll == pytest.approx(float(loss), rel=1e-9)


def test_ability_is_that_of_the_model_as_it_is(tiny_lm: Callable[..., Any]) -> None:
    lm = tiny_lm()
    before = ability_rows(lm, None, None, ["en"])
    lm.weight(1).add_(1.0)
    after = ability_rows(lm, "en", 0, ["en"])
    assert all(one.nll != other.nll for one, other in zip(before, after, strict=True))


def test_held_out_text_is_aligned_and_of_no_fact() -> None:
    assert set(held_out_langs()) == set(LANGUAGES) >= {"en", "de", "fr", "ja", "zh"}
    assert held_out_langs(["zh", "fi", "en"]) == ("en", "zh")
    texts = {lang: held_out(lang) for lang in held_out_langs()}
    assert {len(set(text)) for text in texts.values()} == {12}
    for lang, sentences in texts.items():
        stated = [fact.stated(lang) for fact in load("mini").facts if lang in fact.statements]
        names = {name for one in stated for name in (one.subject, one.old, one.new) if name}
        assert len(names) > 50 or lang not in load("mini").langs
        assert not [
            find_names(text, sorted(names), lang)
            for text in sentences
            if find_names(text, sorted(names), lang)
        ]
        # Edits are computed beside these; they must not raise what is measured here.
        assert not any(context.strip() in text for context in language(lang).contexts for text in sentences)


def test_no_text_in_a_language_is_an_error(tiny_lm: Callable[..., Any]) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown language 'jp'; known: .*Did you mean 'ja'"):
        ability_rows(tiny_lm(), None, None, ["jp"])
    with pytest.raises(LanguageError, match=r"^no held-out sentences in fi: choose other"):
        ability_rows(tiny_lm(), None, None, ["fi"])
    assert ability_rows(tiny_lm(), None, None, []) == []

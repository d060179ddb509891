"""ICE, ReMaKE and IKE: what is shown before which question, and what stays as it was to the byte."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.analysis.choices import _prompt
from mlake.disk import as_json, json_of
from mlake.editing import editor, load_edit
from mlake.editing.edits.memory import MemoryEdit
from mlake.editing.memories import Memory, scope
from mlake.editing.memories.scope import scope_of
from mlake.editing.prompts import prompted
from mlake.editing.retrieval.table import RETRIEVERS
from mlake.errors import EditError, UnknownNameError
from mlake.evaluation.unedited import Known
from mlake.languages import LANGUAGES
from mlake.models.generate import answers, identity
from mlake.models.prompts import PromptStyle
from mlake.records import Exchange, Probe, Statement

OTHER = "How many legs does a spider have?"
EN = Statement(
    "f", "en", "Where did Carl Sagan work?", "Carl Sagan", "Harvard", "BBC", new_sentence="Sagan was at BBC."
)
DE = replace(
    EN, lang="de", question="Wo hat Carl Sagan gearbeitet?", new_sentence="Carl Sagan war bei der BBC."
)
G = Statement("g", "en", "Where was Balzac born?", "Balzac", "Tours", "Bonn")
ORDINARY = [Exchange(f"What is number {number}?", "one", "en") for number in range(40)]


@pytest.fixture
def lm(tiny_lm: Callable[..., Any]) -> Any:
    return tiny_lm()


def made(lm: Any, *statements: Statement, name: str = "remake", **settings: Any) -> MemoryEdit:
    settings = {"retriever": "tfidf", "scope": 0.7, **settings}
    found = editor(name, lm, **settings).edit(lm, statements, text=ORDINARY)
    assert isinstance(found, MemoryEdit)
    return found


def prompt(lm: Any, edit: MemoryEdit, question: str) -> str:
    with edit.applied(lm) as edited:
        return str(edited.style.prompt(question))


def test_the_fact_that_is_asked_for_stands_before_the_question_once(lm: Any) -> None:
    edit = made(lm, EN, G)
    assert prompt(lm, edit, EN.question) == f"Sagan was at BBC.\nQ: {EN.question}\nA:"
    assert prompt(lm, edit, "Carl Sagan worked where?").startswith("Sagan was at BBC.\nQ: Carl")
    assert prompt(lm, edit, G.question).startswith("Where was Balzac born? Bonn\nQ: Where")


def test_other_questions_are_asked_and_answered_as_before(lm: Any) -> None:
    edit, before = made(lm, EN, G), answers(lm, [OTHER], max_new_tokens=6)
    with edit.applied(lm) as edited:
        assert edited.model is lm.model
        assert edited.style.prompt(OTHER) == lm.style.prompt(OTHER)
        assert answers(edited, [OTHER, EN.question], max_new_tokens=6)[0] == before[0]
    assert prompt(lm, made(lm, EN, name="ice", scope="always"), OTHER).startswith("Sagan was at BBC.")


def test_answers_do_not_depend_on_what_is_asked_beside(lm: Any) -> None:
    questions = [EN.question, OTHER, G.question, DE.question]
    with made(lm, EN, DE, G).applied(lm) as edited:
        together = answers(edited, questions, max_new_tokens=4)
        assert together == [answers(edited, [one], max_new_tokens=4)[0] for one in questions]
        assert together[0] != answers(lm, questions[:1], max_new_tokens=4)[0]


def test_an_empty_memory_is_the_model_itself(lm: Any) -> None:
    empty = MemoryEdit((), torch.zeros(0, 4), torch.zeros(0), "tfidf")
    with empty.applied(lm) as edited:
        assert edited is lm


def test_a_fact_in_several_languages_is_shown_in_the_questions(lm: Any) -> None:
    edit = made(lm, EN, DE)
    assert prompt(lm, edit, DE.question).startswith("Carl Sagan war bei der BBC.\nQ: Wo")
    assert prompt(lm, edit, "Where is it that Carl Sagan did work?").startswith("Sagan was at BBC.\nQ:")


def test_a_fact_in_another_language_asks_for_an_answer_in_the_questions(lm: Any) -> None:
    asked = "Was ist der Ort, an dem Carl Sagan gearbeitet hat?"
    shown = prompt(lm, made(lm, EN, scope="always"), asked)
    assert shown == f"Sagan was at BBC.\n{LANGUAGES['de'].answer_in}\nQ: {asked}\nA:"


def test_facts_stand_in_the_users_turn_of_a_chat(lm: Any) -> None:
    chat = replace(lm, style=PromptStyle("<s><user>{question}<end><model>\n", chat=True))
    edit = made(chat, EN)
    assert prompt(chat, edit, EN.question) == f"<s><user>Sagan was at BBC.\n{EN.question}<end><model>\n"


def test_a_question_that_names_the_subject_is_nearer(lm: Any) -> None:
    edit, named = made(lm, EN, G), "Say about Balzac: the town?"
    plain = replace(edit, naming=0.0)
    assert edit.found(lm, named).likeness == pytest.approx(plain.found(lm, named).likeness + 0.5)
    assert edit.found(lm, OTHER).likeness == plain.found(lm, OTHER).likeness


def test_a_question_in_another_language_is_nearer_where_the_subjects_name_in_it_is_known(lm: Any) -> None:
    abroad = replace(G, names=("Balzac", "バルザック"))
    asked, other = "バルザックはどこで生まれましたか？", "バルセロナはどこにありますか？"
    known, plain = made(lm, EN, abroad), made(lm, EN, G)
    assert known.found(lm, asked).entry.fact == "g"
    nearness = [float(edit.embeddings[1] @ _vector(lm, edit, asked)) for edit in (known, plain)]
    assert known.found(lm, asked).likeness == pytest.approx(nearness[0] + 0.5)
    assert plain.found(lm, asked).likeness < 0.5
    assert known.found(lm, other).likeness == plain.found(lm, other).likeness


def _vector(lm: Any, edit: MemoryEdit, question: str) -> Any:
    return RETRIEVERS[edit.retriever].embed(lm, [question], edit.state)[0]


def test_a_memory_of_a_version_without_names_is_read(lm: Any) -> None:
    edit = made(lm, G)
    tensors = edit.tensors()
    memory = json_of(bytes(tensors["memory"].tolist()))
    for one in memory["entries"]:
        (one["subject"],) = one.pop("names")
    content = torch.tensor(list(as_json(memory).encode()), dtype=torch.uint8)
    assert MemoryEdit.of({**tensors, "memory": content}, {}).entries == edit.entries


@pytest.mark.parametrize("scope", [0.7, "always"])
def test_memories_on_top_of_each_other_are_one(lm: Any, scope: Any) -> None:
    both = made(lm, EN, DE, G, scope=scope)
    parts = [
        replace(both, entries=both.entries[own], embeddings=both.embeddings[own])
        for own in (slice(0, 2), slice(2, 3))
    ]
    for first, second in (parts, parts[::-1]):
        with first.applied(lm) as once, second.applied(once) as twice, both.applied(lm) as together:
            for question in (EN.question, "Carl Sagan worked where?", DE.question, G.question, OTHER):
                assert twice.style.prompt(question) == together.style.prompt(question)
            assert len(twice.style.recalls) == 1
        assert once.style.recalls[0].sha256 != twice.style.recalls[0].sha256


def test_of_what_is_edited_again_the_last_is_shown(lm: Any) -> None:
    first = made(lm, EN, G)
    again = made(lm, replace(EN, new="CNN", new_sentence="Sagan was at CNN."))
    again = replace(again, state=first.state, embeddings=first.embeddings[:1])
    with first.applied(lm) as once, again.applied(once) as twice:
        assert twice.style.prompt(EN.question) == f"Sagan was at CNN.\nQ: {EN.question}\nA:"
        assert twice.style.prompt(G.question).startswith("Where was Balzac born? Bonn\nQ: Where")


def test_memories_that_measure_otherwise_each_show_their_own(lm: Any) -> None:
    first, second = made(lm, EN, scope="always"), made(lm, G, scope=0.7)
    with first.applied(lm) as once, second.applied(once) as twice:
        assert twice.style.prompt(OTHER).startswith("Sagan was at BBC.\nQ: How")
        shown = twice.style.prompt(G.question)
        assert shown.startswith("Sagan was at BBC.\nWhere was Balzac born? Bonn\nQ: Where")


def test_a_question_is_embedded_once_for_memories_of_one_state(
    lm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = made(lm, EN), made(lm, G), made(lm, DE)
    asked, embed = [], RETRIEVERS["tfidf"].embed

    def counted(lm: Any, texts: Any, state: Any) -> Any:
        asked.extend(texts)
        return embed(lm, texts, state)

    with (
        first.applied(lm) as once,
        replace(second, state=first.state).applied(once) as twice,
        third.applied(twice) as thrice,
    ):
        monkeypatch.setattr(type(RETRIEVERS["tfidf"]), "embed", lambda self, *given: counted(*given))
        thrice.style.prompt(OTHER)
        thrice.style.prompt(OTHER)
    assert asked == [OTHER, OTHER], "two states, the second time known"


def test_answers_of_the_unedited_model_are_not_taken_for_those_of_a_memory(lm: Any) -> None:
    pinned, asked = replace(lm, revision="1" * 40), []
    with made(pinned, EN).applied(pinned) as edited, made(pinned, G).applied(pinned) as other:
        whose = [identity(one, 4) for one in (pinned, edited, other)]
        assert len({str(one) for one in whose}) == 3
        for one, told in zip((pinned, edited, other), whose, strict=True):

            def ask(lm: Any, questions: Any, progress: Any) -> Any:
                asked.append(lm)
                return answers(lm, questions, max_new_tokens=4)

            Known.of(told).before(ask)(one, [EN.question], lambda done: None)
    assert len(asked) == 3


def test_what_is_recalled_is_asked_with_wherever_a_prompt_is_made(lm: Any) -> None:
    probe = Probe("p", "f", "choice", "en", EN.question, ("A",), options=("BBC", "Harvard"))
    with made(lm, EN).applied(lm) as edited:
        assert _prompt(edited.style, probe).count("Sagan was at BBC.\n") == 1
        text = prompted(edited, EN, kind="question", key="subject", contexts=0).plain
        read = edited.tokenizer.decode(text.ids)
        assert read.count("Sagan was at BBC.") == 1 and read.endswith("BBC")
        assert text.lookup > prompted(lm, EN, kind="question", key="subject", contexts=0).plain.lookup


@pytest.mark.parametrize("name", ["ice", "remake", "ike"])
def test_a_memory_comes_back_from_its_file(lm: Any, tmp_path: Path, name: str) -> None:
    edit = made(lm, EN, DE, G, name=name)
    edit.save(tmp_path / "edit")
    made(lm, EN, DE, G, name=name).save(tmp_path / "again")
    assert (tmp_path / "edit").read_bytes() == (tmp_path / "again").read_bytes()
    found = load_edit(tmp_path / "edit")
    assert isinstance(found, MemoryEdit) and found.report == edit.report
    assert (found.entries, found.scope, found.naming) == (edit.entries, edit.scope, edit.naming)
    for question in (EN.question, DE.question, OTHER):
        assert prompt(lm, found, question) == prompt(lm, edit, question)
    assert found.embeddings.dtype == torch.float32 and not found.mergeable and found.deltas() is None


def test_another_version_of_the_retriever_is_refused(lm: Any) -> None:
    edit = replace(made(lm, EN), version="9")
    with pytest.raises(EditError, match="version 9 of retriever=tfidf"), edit.applied(lm):
        pass


def test_the_scope_refuses_most_ordinary_questions_where_none_is_packaged(
    lm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope, "_packaged", dict)
    edit = made(lm, EN, G, scope="calibrated")
    shown = [edit.found(lm, str(one)).shown for one in ORDINARY]
    assert sum(shown) <= 2 and edit.found(lm, EN.question).shown
    assert edit.report["scope"] == {"least": edit.scope, "source": "95% of 40 ordinary questions"}
    with pytest.raises(EditError, match="set scope to a number"):
        scope_of(lm, edit, [])


def test_a_packaged_scope_is_of_one_retriever_and_as_many_languages(
    lm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"one": 0.25, "named": 0.5, "several": 0.75, "source": "these tests"}
    monkeypatch.setattr(scope, "_packaged", lambda: {"tfidf": row, "hidden": {**row, "revision": "x"}})
    assert made(lm, EN, scope="calibrated").scope == 0.25
    abroad = replace(EN, names=("Carl Sagan", "卡尔·萨根"))
    assert made(lm, abroad, G, scope="calibrated").scope == 0.5
    assert made(lm, abroad, DE, scope="calibrated").scope == 0.75
    assert made(lm, EN, DE, scope="calibrated").scope == 0.75
    assert made(lm, EN, DE, scope="calibrated", retriever="hidden").scope not in (0.25, 0.75)


def test_demonstrations_are_of_three_kinds_about_nothing_edited(lm: Any) -> None:
    for lang in ("en", "de", "fr", "ja", "zh"):
        eight = LANGUAGES[lang].demonstrations
        assert len(eight) == 8 and all(one.answer in one.fact for one in eight[:3])
        assert not any(one.answer in one.fact for one in eight[4:])
    edit = made(lm, EN, name="ike", scope="always")
    shown = prompt(lm, edit, EN.question)
    assert shown.count("\nA: ") == 8 and shown.endswith(f"Sagan was at BBC.\nQ: {EN.question}\nA:")
    asked = "Was ist der Ort, an dem Carl Sagan gearbeitet hat?"
    german = prompt(lm, edit, asked)
    assert LANGUAGES["en"].demonstrations[1].fact in german  # facts as they are edited
    assert f"Q: {LANGUAGES['de'].demonstrations[1].question}\nA: Harfe" in german
    none = made(lm, EN, name="ike", scope="always", demonstrations=0)
    assert prompt(lm, none, EN.question) == prompt(lm, made(lm, EN, name="ice"), EN.question)


def test_what_cannot_be_done_is_said_in_one_line(lm: Any) -> None:
    with pytest.raises(EditError, match="no facts"):
        made(lm)
    with pytest.raises(UnknownNameError, match="retriever"):
        editor("remake", retriever="tf-idf")
    with pytest.raises(EditError, match="expected 8 at most"):
        editor("ike", demonstrations=9)
    with pytest.raises(EditError, match=r"holds \{question\}"):
        made(lm, replace(EN, new_sentence="a {question}"))
    method = editor("ice", lm, retriever="tfidf")
    assert isinstance(method, Memory) and method.warning([["a"], ["b"]]) is None
    assert "--batch-size 1" in str(method.warning([["a", "b"]]))
    assert editor("remake", lm).config()["retriever"] in ("use", "tfidf")

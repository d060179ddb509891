"""Edits beside the weights: facts in the prompt, and values that a block adds for some prompts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.analysis.examine import examine
from mlake.analysis.reading import read
from mlake.editing import editor, load_edit
from mlake.editing.edits.context import ContextEdit
from mlake.editing.edits.export import save_adapter
from mlake.editing.edits.side import SideEdit
from mlake.errors import EditError, ModelError
from mlake.models.generate import answers, greedy
from mlake.models.hooks import watched_input
from mlake.models.prompts import PLAIN, PromptStyle

QUESTIONS = (
    "What?",
    "Which university was the institution that educated the wrestler George Hackenschmidt?",
    "An welcher Universität studierte Jürgen Müller?",
    "フランスの首都はどこですか？",
)
LAYER = 1


def said(lm: Any, questions: Any = QUESTIONS, **options: Any) -> list[str]:
    return [one.text for one in answers(lm, questions, max_new_tokens=6, **options)]


def tokens(lm: Any) -> list[list[int]]:
    return greedy(lm, [ids_of(lm, one) for one in QUESTIONS], lambda token: False, 6)


def ids_of(lm: Any, question: str) -> list[int]:
    return lm.tokenizer(lm.style.prompt(question))["input_ids"]  # type: ignore[no-any-return]


def query(lm: Any, question: str) -> torch.Tensor:
    """What enters the block at the prompt's last token."""
    seen: list[torch.Tensor] = []
    with torch.no_grad(), watched_input(lm.layers[LAYER], seen.append):
        lm.model.base_model(torch.tensor([ids_of(lm, question)]), use_cache=False)
    return seen[0][0, -1]


def side(lm: Any, *questions: str, radius: float = 1e-6, size: float = 50.0) -> SideEdit:
    """A memory that gives each question a large value of its own."""
    width = lm.model.config.get_text_config().hidden_size
    centres = torch.stack([query(lm, one) for one in questions])
    values = torch.randn(len(questions), width, generator=torch.Generator().manual_seed(1)) * size
    return SideEdit(LAYER, centres, values, torch.full((len(questions),), radius), {"method": "mine"})


@torch.no_grad()
def by_hand(lm: Any, edit: SideEdit, number: int, prompt: list[int], steps: int) -> list[int]:
    """Tokens without a cache: the value is added from the prompt's last token on."""
    tokens = list(prompt)

    def hook(_: Any, __: Any, output: Any) -> Any:
        hidden = output[0] if isinstance(output, tuple) else output
        hidden[:, len(prompt) - 1 :] += edit.values[number].to(hidden.dtype)
        return output

    handle = lm.layers[LAYER].register_forward_hook(hook)
    for _ in range(steps):
        tokens.append(int(lm.model(torch.tensor([tokens]), use_cache=False).logits[0, -1].argmax()))
    handle.remove()
    return tokens[len(prompt) :]


def test_a_side_memory_changes_the_prompts_it_knows_in_every_family(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    edit, before = side(lm, QUESTIONS[1], QUESTIONS[3]), tokens(lm)
    with edit.applied(lm) as edited:
        found = tokens(edited)
    assert (found[0], found[2]) == (before[0], before[2]) and found[1] != before[1]
    for number, place in enumerate((1, 3)):
        assert found[place] == by_hand(lm, edit, number, ids_of(lm, QUESTIONS[place]), 6)
    assert tokens(lm) == before


def test_a_batch_is_answered_as_its_rows_alone_also_when_rows_end(tiny_lm: Any) -> None:
    lm = tiny_lm()
    with side(lm, QUESTIONS[1], QUESTIONS[3]).applied(lm) as edited:
        together = said(edited)
        assert together == [one for question in QUESTIONS for one in said(edited, [question])]
        assert together == said(edited, batch_tokens=1)
        prompts = [ids_of(lm, one) for one in QUESTIONS]
        whole = greedy(edited, prompts, lambda token: False, 6)
        for last in {row[1] for row in whole}:  # rows that say this token leave the batch
            cut = greedy(edited, prompts, last.__eq__, 6)
            assert all(row == all_of_it[: len(row)] for row, all_of_it in zip(cut, whole, strict=True))


def nll_of(lm: Any, rows: Any) -> list[float]:
    return [one.nll for one in read(lm, rows)]


def test_teacher_forcing_is_told_where_the_prompt_ends(tiny_lm: Any) -> None:
    lm = tiny_lm()
    edit, prompts = side(lm, QUESTIONS[1]), [ids_of(lm, one) for one in QUESTIONS[:2]]
    with edit.applied(lm) as edited:
        greedily = greedy(edited, prompts, lambda token: False, 3)
        rows = [(prompt + answer, 3) for prompt, answer in zip(prompts, greedily, strict=True)]
        together = nll_of(edited, rows)
        assert together == pytest.approx([nll_of(edited, [row])[0] for row in rows], rel=1e-9)
        other = nll_of(edited, [(prompts[1] + [5, 6, 7], 3)])
        assert together[1] < other[0]
    assert nll_of(lm, rows[1:])[0] > together[1] and nll_of(lm, rows)[0] == pytest.approx(together[0])


def test_nothing_known_is_the_same_bit_for_bit(tiny_lm: Any) -> None:
    lm = tiny_lm()
    ids = torch.tensor([ids_of(lm, QUESTIONS[1])])
    none = torch.zeros(0, lm.matrix(0).shape[0])
    hooks = [dict(block._forward_hooks) for block in lm.layers]
    with torch.no_grad():
        plain = lm.model(ids).logits
        for edit in (SideEdit(LAYER, none, none, torch.zeros(0)), side(lm, QUESTIONS[0], radius=0.0)):
            with edit.applied(lm) as edited:
                assert torch.equal(edited.model(ids).logits, plain)
    with pytest.raises(KeyError), side(lm, QUESTIONS[0]).applied(lm):
        raise KeyError
    assert [dict(block._forward_hooks) for block in lm.layers] == hooks


def test_memories_add_up(tiny_lm: Any) -> None:
    lm = tiny_lm()
    first, second, before = side(lm, QUESTIONS[0]), side(lm, QUESTIONS[1]), tokens(lm)
    with first.applied(lm) as once:
        alone = tokens(once)[0]
        with second.applied(once) as twice:
            both = tokens(twice)
    assert alone != before[0] and both[0] == alone and both[1] != before[1]


def test_a_side_memory_of_another_model_is_refused(tiny_lm: Any) -> None:
    lm = tiny_lm()
    edit = side(lm, QUESTIONS[0])
    other = replace(edit, layer=7)
    with pytest.raises(EditError, match="layer 7, the model 3 layers of width"), other.applied(lm):
        pass


def test_lines_stand_before_the_question_and_are_asked_with(tiny_lm: Any) -> None:
    lm = tiny_lm()
    edit = ContextEdit(("Carl Sagan worked at {BBC}.", "フランスの首都は東京です。"))
    with edit.applied(lm) as edited:
        assert edited.model is lm.model and edited.style.prompt("Who?") == (
            "Carl Sagan worked at {BBC}.\nフランスの首都は東京です。\nQ: Who?\nA:"
        )
        assert edited.style.prompt("Who?")[edited.style.question_at() :].startswith("Who?")
        now = said(edited)
        with ContextEdit(("Later.",)).applied(edited) as twice:
            assert twice.style.prompt("Who?").startswith("Later.\nCarl Sagan")
    assert now != said(lm)
    with ContextEdit().applied(lm) as edited:
        assert said(edited) == said(lm)


def test_lines_stand_in_the_users_turn_of_a_chat() -> None:
    style = PromptStyle("<s><|user|>{question}<|end|><|assistant|>\n", chat=True).behind(["A fact."])
    assert style.prompt("Who?") == "<s><|user|>A fact.\nWho?<|end|><|assistant|>\n" and style.chat
    with pytest.raises(ModelError, match="exactly once"):
        PromptStyle(PLAIN).behind(["{question}"])


def test_memories_come_back_from_their_files(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm()
    context = ContextEdit(("Bücher über 東京", "two\nlines"), {"method": "mine"})
    for edit in (context, ContextEdit(), side(lm, QUESTIONS[0], QUESTIONS[1])):
        edit.save(tmp_path / "edit")
        found = load_edit(tmp_path / "edit")
        assert type(found) is type(edit) and found.report == edit.report
        assert found.tensors().keys() == edit.tensors().keys()
        for name, tensor in edit.tensors().items():
            assert torch.equal(found.tensors()[name], tensor)
        with edit.applied(lm) as one, found.applied(lm) as other:
            assert one.style == other.style


def test_memories_change_no_neuron_and_make_no_checkpoint(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm()
    for edit in (ContextEdit(("A fact.",)), side(lm, QUESTIONS[0])):
        assert edit.neurons(lm) == {} and not edit.mergeable and edit.kept
        assert not [name for name in examine(lm, edit).tensors if name.startswith("neurons.")]
        with pytest.raises(EditError, match="the edit is something else"):
            save_adapter(edit, lm, tmp_path / "adapter")


@pytest.mark.parametrize("name", ["ice", "remake", "ike"])
def test_a_memory_of_nothing_is_refused(name: str, tiny_lm: Any) -> None:
    lm = tiny_lm()
    with pytest.raises(EditError, match="no facts to edit"):
        editor(name, lm).edit(lm, [])

"""SERAC: a scope trained on facts that are not edited, and stored in the edit."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.editing import editor, load_edit
from mlake.editing.edits.scoped import ScopedEdit, features
from mlake.editing.memories.serac import Pairs, logistic
from mlake.errors import EditError
from mlake.models.generate import answers
from mlake.records import Exchange, Statement

EN = Statement(
    "f", "en", "Where did Carl Sagan work?", "Carl Sagan", "Harvard", "BBC", new_sentence="Sagan was at BBC."
)
G = Statement("g", "en", "Where was Balzac born?", "Balzac", "Tours", "Bonn")
OTHER = "How many legs does a spider have?"
PEOPLE = ("Ada Bo", "Cy Dee", "Eve Fay", "Gus Hal", "Ivy Jo", "Kay Lee", "Moe Ned", "Ora Pam")
TEXT = [
    Exchange(question.format(one), "Rome", lang, one, one)
    for one in PEOPLE
    for lang, question in (("en", "In which city was {} born?"), ("de", "In welcher Stadt wurde {} geboren?"))
]


def made(lm: Any, *statements: Statement, **settings: Any) -> ScopedEdit:
    found = editor("serac", lm, retriever="tfidf", **settings).edit(lm, statements, text=TEXT)
    assert isinstance(found, ScopedEdit)
    return found


def test_features_are_the_cosine_the_margin_and_the_name() -> None:
    cosines = torch.tensor([0.9, 0.5, 0.7])
    found = features(cosines, ["a", "a", "b"], [True, True, False], torch.tensor([0.6]))
    assert torch.allclose(found[:, 1], torch.tensor([0.2, -0.2, -0.2]).double(), atol=1e-6)
    assert found[:, 0].tolist() == cosines.double().tolist() and found[:, 2].tolist() == [1, 1, 0]
    alone = features(cosines[:1], ["a"], [False], torch.tensor([0.6]))
    assert float(alone[0, 1]) == pytest.approx(0.3)
    assert float(features(cosines[:1], ["a"], [False], torch.zeros(0))[0, 1]) == pytest.approx(1.9)


def test_the_regression_is_where_its_slope_is_nought_and_both_kinds_count_the_same() -> None:
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(60, 3, generator=random, dtype=torch.float64)
    own = inputs[:, 0] + torch.randn(60, generator=random, dtype=torch.float64) > 0.8
    weights = logistic(Pairs(inputs, own)).requires_grad_()
    scores = (inputs @ weights[:-1] + weights[-1]).sigmoid()
    loss = -(scores[own].log().mean() + (1 - scores[~own]).log().mean()) / 2 + 5e-4 * weights.square().sum()
    loss.backward()  # type: ignore[no-untyped-call]
    assert weights.grad is not None and float(weights.grad.abs().max()) < 1e-9
    twice = logistic(Pairs(torch.cat([inputs, inputs[own]]), torch.cat([own, own[own]])))
    assert torch.allclose(twice, weights.detach(), atol=1e-9)


def test_facts_are_shown_to_those_who_ask_for_them_and_to_no_others(tiny_lm: Any) -> None:
    lm = tiny_lm()
    edit = made(lm, EN, G)
    with edit.applied(lm) as edited:
        assert edited.style.prompt("Carl Sagan worked where?").startswith("Sagan was at BBC.\n")
        for one in (OTHER, str(TEXT[0]), "Where was Ada Bo born?"):
            assert edited.style.prompt(one) == lm.style.prompt(one)
        assert answers(edited, [OTHER], max_new_tokens=5) == answers(lm, [OTHER], max_new_tokens=5)
    found = edit.report["scope"]
    assert found["source"].startswith("trained on 8 facts that are not edited, of which 100.0%")


def test_a_fact_is_found_from_a_language_in_which_only_its_subjects_name_is_known(tiny_lm: Any) -> None:
    """Trained on text with Japanese names, the scope shows it to a Japanese question; else it cannot."""
    lm = tiny_lm()
    names = dict(
        zip(PEOPLE, ("アダ", "サイ", "イブ", "ガス", "アイビー", "ケイ", "モー", "オラ"), strict=True)
    )
    japanese = [
        Exchange(f"{names[one]}はどこで生まれましたか？", "ローマ", "ja", one, names[one]) for one in PEOPLE
    ]
    text = sorted([*TEXT, *japanese], key=lambda one: one.fact)
    asked = ["バルザックはどこで生まれましたか？", "アランはどこで生まれましたか？"]
    shown = []
    for known in ((), ("Balzac", "バルザック")):
        edit = editor("serac", lm, retriever="tfidf").edit(lm, [replace(G, names=known)], text=text)
        assert isinstance(edit, ScopedEdit)
        shown.append([edit.found(lm, one).shown for one in asked])
    assert shown[1] == [True, False] and not shown[0][0]


def test_the_scope_is_monotone_from_everything_to_nothing(tiny_lm: Any) -> None:
    lm = tiny_lm()
    asked = [EN.question, "Where was Carl?", "Carl Sagan?", OTHER]
    shown = []
    for threshold in (0.0, 0.2, 0.5, 0.9, 1.1):
        edit = made(lm, EN, threshold=threshold)
        shown.append({one for one in asked if edit.found(lm, one).shown})
    assert shown[0] == set(asked) and shown[-1] == set()
    assert all(later <= earlier for earlier, later in pairwise(shown))


def test_without_a_threshold_it_is_ice(tiny_lm: Any) -> None:
    lm = tiny_lm()
    ice = editor("ice", lm, retriever="tfidf").edit(lm, [EN], text=TEXT)
    with ice.applied(lm) as theirs, made(lm, EN, threshold=0.0).applied(lm) as ours:
        for one in (EN.question, OTHER, "フランスの首都は？"):
            assert ours.style.prompt(one) == theirs.style.prompt(one)


def test_it_comes_back_from_its_file_and_memories_add_up(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm()
    edit, later = made(lm, EN, replace(EN, lang="de", question="Wo war Carl Sagan?")), made(lm, G)
    edit.save(tmp_path / "edit")
    loaded = load_edit(tmp_path / "edit")
    assert isinstance(loaded, ScopedEdit) and loaded.report == edit.report
    assert all(torch.equal(one, loaded.tensors()[name]) for name, one in edit.tensors().items())
    for one in (EN.question, OTHER):
        assert loaded.found(lm, one) == edit.found(lm, one)
    with loaded.applied(lm) as once, later.applied(once) as twice:
        assert twice.style.prompt(EN.question) == once.style.prompt(EN.question)
        assert twice.style.prompt(G.question).startswith("Where was Balzac born? Bonn\n")


def test_without_facts_that_are_not_edited_it_says_so(tiny_lm: Any) -> None:
    lm = tiny_lm()
    with pytest.raises(EditError, match=r"its text has 0 in en, expected 4 or more; give the ordinary text"):
        editor("serac", lm, retriever="tfidf").edit(lm, [EN], text=["A sentence."])

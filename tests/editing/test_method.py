"""What every method has without writing it: only ``edit`` is needed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mlake.editing.edits.context import ContextEdit
from mlake.editing.edits.edit import Edit
from mlake.editing.method import Method, Progress
from mlake.editing.settings import overridden
from mlake.errors import EditError, UnknownNameError
from mlake.models.lm import LM
from mlake.records import Statement


@dataclass(frozen=True, slots=True)
class Told(Method):
    """Facts in the prompt, with how many edits were there before."""

    width: int = 2

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> ContextEdit:
        progress(len(statements))
        return ContextEdit(tuple(f"{one.new} after {len(history)}" for one in statements))


@dataclass(frozen=True, slots=True)
class Once(Told):
    """The same, and never on top of another edit."""

    continues: ClassVar[bool] = False


ROW = Told("told", title="Told", paper="https://arxiv.org/abs/0000.00000")


def test_a_method_needs_edit() -> None:
    with pytest.raises(TypeError, match="edit"):
        Method("nothing")  # type: ignore[abstract]


def test_title_and_paper_are_no_settings() -> None:
    assert ROW.config() == {"name": "told", "width": 2} == replace(ROW, title="Other").config()
    assert overridden(ROW, {"width": 3}) == replace(ROW, width=3)
    for name in ("name", "title", "paper"):
        with pytest.raises(UnknownNameError, match=f"unknown setting of told '{name}'; known: width"):
            overridden(ROW, {name: "x"})


def test_many_batches_are_edited_one_by_one_on_the_same_history(tiny_lm: Any, statements: Any) -> None:
    done: list[int] = []
    lm, before = tiny_lm(), [ContextEdit(("Earlier.",))]
    made = ROW.edit_many(lm, [statements[:2], statements[2:3]], history=before, progress=done.append)
    assert [edit.tensors()["lines"].numel() > 0 for edit in made] == [True, True] and done == [2, 1]
    assert made[1].lines == (f"{statements[2].new} after 1",)  # type: ignore[attr-defined]


def test_a_method_that_cannot_continue_says_so_in_one_line() -> None:
    ROW.may_continue()
    with pytest.raises(EditError, match=r"^once cannot edit a model that is edited already; [^\n]*$"):
        Once("once").may_continue()


def test_nothing_is_asked_of_the_user_by_default(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm()
    assert not (ROW.sequential or ROW.stackable or ROW.trainable or ROW.needs_subject())
    assert (ROW.suggested(lm), ROW.search(), ROW.warning([{"f0"}])) == ({}, {}, None)
    assert ROW.fitted(lm) is ROW and ROW.lacking(lm, 3, tmp_path) is None
    assert (ROW.passes(), ROW.prompts(), ROW.trained_weights(lm)) == (1.0, 1, 0)
    with pytest.raises(EditError, match="told needs no training"):
        ROW.trained_file(lm)

"""Values that are kept: the same edit from them, and none taken for another's."""

from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.editing import editor
from mlake.editing.locate import value
from mlake.editing.locate.value_files import keeping_values
from mlake.errors import RunError


def same(one: Any, other: Any) -> bool:
    return all(
        torch.equal(one.factors[layer].left, other.factors[layer].left)
        and torch.equal(one.factors[layer].right, other.factors[layer].right)
        for layer in (*one.factors, *other.factors)
    )


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many facts each optimisation had."""
    seen: list[int] = []
    real = value.in_halves

    def optimise(members: Any, *more: Any) -> Any:
        seen.append(len(members))
        return real(members, *more)

    monkeypatch.setattr(value, "in_halves", optimise)
    return seen


def test_an_edit_from_kept_values_is_the_same_and_a_ridge_needs_no_new_ones(
    tiny_lm: Any, statements: Any, tmp_path: Path, counted: list[int]
) -> None:
    lm = tiny_lm("llama")
    first, second = (editor("memit", lm, layers=[0, 1], steps=3, ridge=ridge) for ridge in (10, 1000))
    expected = [first.edit(lm, statements), second.edit(lm, statements)]
    counted.clear()
    with keeping_values(tmp_path / "values") as files:
        made = [first.edit(lm, statements), second.edit(lm, statements)]
    assert counted == [len(statements)]
    assert (files.made, files.found) == (len(statements), len(statements))
    assert all(map(same, made, expected))
    assert made[0].report == expected[0].report, "losses are kept too"
    first.edit(lm, statements)
    assert len(counted) == 2, "nothing is kept outside"


@pytest.mark.parametrize("changed", [{"steps": 2}, {"clamp": 0.5}, {"layers": [1]}, {"contexts": 1}])
def test_what_a_value_depends_on_is_optimised_again(
    tiny_lm: Any, statements: Any, tmp_path: Path, counted: list[int], changed: Any
) -> None:
    lm = tiny_lm("llama")
    given: dict[str, Any] = {"layers": [0], "steps": 3}
    with keeping_values(tmp_path / "values"):
        for settings in (given, given | changed):
            editor("memit", lm, **settings).edit(lm, statements)
        editor("memit", lm, **given).edit(lm, statements[:1])
        editor("memit", tiny_lm("llama", seed=1), **given)
    assert counted == [len(statements), len(statements), 1]


def test_values_of_an_edited_model_are_never_kept(
    tiny_lm: Any, statements: Any, tmp_path: Path, counted: list[int]
) -> None:
    lm = tiny_lm("llama")
    rome = editor("rome", lm, steps=2)
    expected = rome.edit(lm, statements)
    with keeping_values(tmp_path / "values"):
        made = [rome.edit(lm, statements), rome.edit(lm, statements)]
        assert all(same(one, expected) for one in made)
        assert len(list((tmp_path / "values").iterdir())) == 1, (
            "the first fact's, which meets the model unedited"
        )
        before = editor("alphaedit", lm, layers=[0], steps=2).edit(lm, statements[:1])
        with before.applied(lm):
            editor("alphaedit", lm, layers=[0], steps=2).edit(lm, statements[:1], history=[before])
    assert len(list((tmp_path / "values").iterdir())) == 2


def test_damaged_values_are_optimised_again(
    tiny_lm: Any, statements: Any, tmp_path: Path, counted: list[int]
) -> None:
    lm = tiny_lm("llama")
    memit = editor("memit", lm, layers=[0], steps=2)
    with keeping_values(tmp_path / "values"):
        memit.edit(lm, statements)
        (path,) = (tmp_path / "values").iterdir()
        whole = path.read_bytes()
        for broken in (b"", whole[:-9]):
            path.write_bytes(broken)
            memit.edit(lm, statements)
            assert path.read_bytes() == whole
    assert len(counted) == 3


def test_a_folder_that_cannot_be_written_is_one_line(tiny_lm: Any, statements: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    lm = tiny_lm("llama")
    with keeping_values(tmp_path / "file"), pytest.raises(RunError, match=r"^cannot write [^\n]*$"):
        editor("memit", lm, layers=[0], steps=2).edit(lm, statements)

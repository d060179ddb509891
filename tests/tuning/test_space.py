"""What is searched: grids that hold the present value, in the types of the settings."""

from typing import Any

import pytest

from mlake.editing import EDITORS, editor
from mlake.editing.settings import setting_of
from mlake.errors import EditError, UnknownNameError
from mlake.tuning.space import Axis, axes_of


def axes(lm: Any, name: str, *fixed: str, **settings: Any) -> dict[str, Axis]:
    found = axes_of(EDITORS[name], editor(name, lm, **settings), len(lm.layers), fixed)
    return {one.name: one for one in found}


def test_every_value_can_be_set_and_the_present_one_is_among_them(tiny_lm: Any) -> None:
    lm = tiny_lm("llama", layers=6)
    closed, tuned = ("rome", "memit", "alphaedit", "emmet"), ("stableke", "ft-l", "lora", "calinet")
    for name in (*closed, *tuned, "remake", "serac", "grace", "babelreft", "t-patcher", "memoir"):
        for axis in axes(lm, name).values():
            now = setting_of(editor(name, lm), axis.name)
            assert (list(now) if isinstance(now, tuple) else now) in axis.values
            for value in axis.values:
                assert setting_of(editor(name, lm, **{axis.name: value}), axis.name) in (
                    value, tuple(value) if isinstance(value, list) else value
                )  # fmt: skip


def test_layers_are_one_block_or_as_many_as_by_default_ordered_by_the_last(tiny_lm: Any) -> None:
    lm = tiny_lm("llama", layers=6)
    values = axes(lm, "memit", layers=[1, 2])["layers"].values
    assert [1, 2] in values and [3] in values and [2, 3] in values and [0, 1, 2, 3] not in values
    assert list(values) == sorted(values, key=lambda some: (some[-1], len(some)))
    assert all(some == list(range(some[0], some[-1] + 1)) for some in values)
    assert {len(some) for some in axes(tiny_lm("gemma3_text"), "memit")["layers"].values} == {1}


def test_numbers_are_spread_evenly_and_written_as_people_do(tiny_lm: Any) -> None:
    ridge = axes(tiny_lm("llama"), "memit")["ridge"]
    assert ridge.values[0] == 150.0 and ridge.values[-1] == 150_000.0 and ridge.cheap and ridge.ordered
    ratios = [b / a for a, b in zip(ridge.values, ridge.values[1:], strict=False)]
    assert all(1.6 < ratio < 2.0 for ratio in ratios) and len(ridge.values) == 13
    assert axes(tiny_lm("llama"), "memit")["steps"].values == (10, 25, 40)
    assert axes(tiny_lm("llama"), "memit")["rate"].values == (0.05, 0.16, 0.5)
    assert 33.0 in axes(tiny_lm("llama"), "memit", ridge=33)["ridge"].values
    scope = axes(tiny_lm("llama"), "remake")["scope"]
    assert scope.values[0] == "calibrated" and not scope.ordered and len(scope.values) > 5


def test_what_is_set_is_not_searched(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    assert "ridge" not in axes(lm, "memit", "ridge") and "ridge" in axes(lm, "memit")
    with pytest.raises(EditError, match=r"rome has no settings to search; its settings .* are set: clamp"):
        axes(lm, "rome", "layers", "clamp", "steps", "rate")
    with pytest.raises(UnknownNameError):
        setting_of(editor("rome", lm), "stepz")

"""Settings found for a model: where they count, what beats them, and that a run says so."""

from pathlib import Path
from typing import Any

import pytest

from mlake.editing import EDITORS, editor, tuned
from mlake.editing.method import Choice, Range
from mlake.editing.settings import setting_of
from mlake.editing.tuned import packaged, read_tuned, tuned_settings

FILE = """\
# found by a search
ridge = 77.0
steps = 7

[made]
method = "memit"
model = "tiny"
revision = "r1"
source = "mlake tune on toys: balanced of 9 settings"
"""


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beside those that come with mlake."""
    (tmp_path / "memit-tiny.toml").write_text(FILE, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no settings", encoding="utf-8")
    monkeypatch.setattr(tuned, "packaged", lambda: packaged(tmp_path))


def pinned(tiny_lm: Any, revision: str) -> Any:
    from dataclasses import replace

    return replace(tiny_lm("llama"), revision=revision)


def test_a_file_is_a_models_default_and_the_run_says_so(tiny_lm: Any, shipped: None) -> None:
    lm = pinned(tiny_lm, "r1")
    found: Any = editor("memit", lm)
    assert (found.ridge, found.value.steps) == (77.0, 7)
    assert found.layers == editor("memit", pinned(tiny_lm, "r2")).layers  # type: ignore[attr-defined]
    told = "mlake tune on toys: balanced of 9 settings"
    assert found.config()["origin"]["tuned"] == told == found.published(lm)
    for other in (editor("memit", pinned(tiny_lm, "r2")), editor("alphaedit", lm)):
        assert other.origin is None


def test_a_set_beats_a_file_of_settings_beats_a_preset_beats_it(tiny_lm: Any, shipped: None) -> None:
    lm = pinned(tiny_lm, "r1")
    found: Any = editor("memit", lm, settings={"steps": 8, "ridge": 5}, ridge=6)
    assert (found.ridge, found.value.steps) == (6.0, 8)
    assert "tuned" not in found.config()["origin"], "nothing of it is left"
    partly: Any = editor("memit", lm, steps=9)
    assert (partly.ridge, partly.value.steps) == (77.0, 9)
    assert partly.origin.set == ("steps",) and partly.origin.tuned
    preset: Any = editor("memit", lm, like="easyedit", corpus=f"file:{__file__}")
    assert preset.ridge == EDITORS["memit"].ridge and not preset.origin.tuned  # type: ignore[attr-defined]


def test_settings_that_are_all_set_leave_the_config_as_it_was(tiny_lm: Any, shipped: None) -> None:
    given = {"ridge": 5.0, "steps": 8}
    here, there = (editor("memit", pinned(tiny_lm, name), **given) for name in ("r1", "r2"))
    assert here.config() == there.config() and "origin" not in here.config()


def test_every_packaged_file_is_of_a_method_and_says_where_it_is_from() -> None:
    for (method, revision), one in packaged().items():
        assert method in EDITORS and revision and one.source and one.settings
        editor(method, settings=dict(one.settings))
    assert tuned_settings("memit", "no such revision") is None


def test_a_file_that_says_nothing_of_its_making_is_read() -> None:
    assert read_tuned("steps = 3\n").made == {}
    assert read_tuned("corpus-tokens = 3\n").settings == {"corpus_tokens": 3}
    with pytest.raises(ValueError, match="made is no table"):
        read_tuned("made = 3")


@pytest.mark.parametrize("name", sorted(EDITORS))
def test_what_is_worth_trying_can_be_set(name: str) -> None:
    row, found = EDITORS[name], EDITORS[name].search()
    assert bool(found) == (name not in ("mend", "ke", "ice", "ike"))
    assert ("ridge" in found) == (name in ("memit", "alphaedit", "langedit", "pmet"))
    assert ("corpus_form" in found) == (name in ("memit", "alphaedit", "langedit", "emmet", "pmet"))
    for key, axis in found.items():
        if isinstance(axis, Choice):
            assert len(set(axis.values)) > 1
            given = list(axis.values)
        else:
            assert isinstance(axis, Range) and axis.low < axis.high and axis.points > 1
            assert axis.scale in ("linear", "log", "depth") and (axis.scale != "log" or axis.low > 0)
            given = [0] if axis.scale == "depth" else [axis.low, axis.high]
        for value in given:
            whole = isinstance(setting_of(row, key), int)
            editor(row.name, **{key: round(value) if whole else value})

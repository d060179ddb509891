"""Specs: one number-changing setting, one other id."""

import hashlib
import math
import subprocess
import sys

import pytest

from mlake.errors import MlakeError, RunError, UnknownNameError
from mlake.evaluation.spec import canonical, parse_facts

from .worker import make_spec


def test_id_is_the_hash_of_the_canonical_json() -> None:
    spec = make_spec()
    text = canonical(spec.record())
    assert spec.id == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert text.startswith('{"batch_size":2,"data":"fake"')
    assert '"format":"mlake-run/1"' in text and ": " not in text.replace('"Q: {question}\\nA:"', "")


@pytest.mark.parametrize(
    "change",
    [
        {"editor": {"steps": 26, "layers": [3]}},
        {"facts": (0, 5)},
        {"kinds": ("direct",)},
        {"seed": 1},
        {"edit_langs": ("de", "en")},
        {"max_new_tokens": 33},
        {"version": "0.0.9"},
        {"locality": 0},
        {"data_sha256": "1" * 64},
        {"template": "{question}"},
        {"dtype": "bfloat16"},
        {"batch_size": 3},
    ],
)
def test_every_setting_is_in_the_id(change: dict[str, object]) -> None:
    assert make_spec(**change).id != make_spec().id


def test_id_does_not_depend_on_key_order_or_sequence_type() -> None:
    assert make_spec(editor={"layers": (3,), "steps": 25}, edit_langs=["en", "de"]).id == make_spec().id


def test_later_changes_of_the_settings_do_not_reach_the_spec() -> None:
    settings = {"layers": [3], "steps": 25}
    spec = make_spec(editor=settings)
    settings["layers"].append(4)  # type: ignore[attr-defined]
    assert spec.id == make_spec().id


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"editor": {"clamp": math.nan}}, "plain finite JSON"),
        ({"editor": {"device": object()}}, "plain finite JSON"),
        ({"edit_langs": ()}, "edit_langs must be one or more different names"),
        ({"test_langs": ("en", "en")}, "test_langs must be one or more different names"),
        ({"kinds": "direct"}, "kinds must be one or more different names, got 'direct'"),
        ({"test_langs": ("en", "jp")}, "unknown language 'jp'"),
        ({"kinds": ("multihopp",)}, "Did you mean 'multihop'"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"batch_size": True}, "batch_size must be a whole number"),
        ({"locality": -1}, "locality must be a whole number of at least 0"),
        ({"facts": (3, 3)}, "0 <= start < stop"),
    ],
)
def test_bad_settings(change: dict[str, object], message: str) -> None:
    with pytest.raises(MlakeError, match=message) as caught:
        make_spec(**change)
    assert isinstance(caught.value, RunError | UnknownNameError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "slice_"),
    [("all", (0, 1072)), ("200", (0, 200)), ("200:300", (200, 300)), ("0:1072", (0, 1072)), (" 5 ", (0, 5))],
)
def test_facts(text: str, slice_: tuple[int, int]) -> None:
    assert parse_facts(text, 1072) == slice_


@pytest.mark.parametrize("text", ["", "-5", "1:2:3", "first", "300:200", "0", "1073", "2000:2001", "5:"])
def test_bad_facts(text: str) -> None:
    with pytest.raises(RunError, match="facts"):
        parse_facts(text, 1072)


def test_nothing_here_imports_torch() -> None:
    code = "import sys, mlake.evaluation, mlake.recipes; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_edit_languages_and_no_method_exclude_each_other() -> None:
    assert make_spec(method="none", edit_langs=(), editor={}).edit_langs == ()
    with pytest.raises(RunError, match="edit_langs must be empty for the method 'none'"):
        make_spec(method="none", edit_langs=("en",), editor={})
    with pytest.raises(RunError, match="edit_langs must be one or more different names"):
        make_spec(edit_langs=())

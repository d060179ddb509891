"""Rows, names and settings of methods, and the layers of a model."""

from typing import Any

import pytest

from mlake.editing import EDITORS, editor
from mlake.errors import EditError, UnknownNameError

LOCATING = ("rome", "r-rome", "emmet", "memit", "alphaedit", "langedit")


def test_rows() -> None:
    tuned = {"stableke", "stableke-lora", "ft", "ft-l", "ft-last", "ft-m", "lora", "locft-bf", "calinet"}
    gradient = {"ultraedit", "kn"}
    beside = {"ice", "remake", "ike", "serac", "grace", "babelreft", "t-patcher", "memoir"}
    assert set(EDITORS) == {*LOCATING, "pmet", "mend", "ke", *tuned, *gradient, *beside}
    assert all(name == row.name for name, row in EDITORS.items())
    assert all(EDITORS[name].layers == () for name in LOCATING)
    rome, memit = EDITORS["rome"], EDITORS["memit"]
    assert (rome.metric, rome.ridge, rome.site, rome.sequential, rome.met_at_plain) == (
        "identity", 0.0, "down", True, True
    )  # fmt: skip
    assert (memit.metric, memit.ridge, memit.site, memit.sequential, memit.key_mean) == (
        "moment", 15_000.0, "block", False, "halves"
    )  # fmt: skip
    assert not EDITORS["r-rome"].met_at_plain and EDITORS["r-rome"].residual == "mean"
    assert EDITORS["emmet"].ridge == 0 and EDITORS["alphaedit"].metric == "null_space"


@pytest.mark.parametrize(
    ("family", "depth", "one", "many"),
    [
        ("llama", 32, (5,), (4, 5, 6, 7, 8)),
        ("llama", 28, (5,), (4, 5, 6, 7, 8)),
        ("llama", 16, (2,), (2, 3, 4, 5, 6)),
        ("llama", 3, (0,), (0, 1, 2)),
        ("llama", 1, (0,), (0,)),
        ("qwen2", 28, (5,), (4, 5, 6, 7, 8)),
        ("gpt2", 48, (17,), (13, 14, 15, 16, 17)),
        ("gpt2", 12, (4,), (3, 4, 5, 6, 7)),
        ("gptj", 28, (5,), (3, 4, 5, 6, 7, 8)),
        ("phi3", 32, (5,), (4, 5, 6, 7, 8)),
    ],
)
def test_layers_of_a_depth(
    tiny_lm: Any, family: str, depth: int, one: tuple[int, ...], many: tuple[int, ...]
) -> None:
    lm = tiny_lm(family, layers=depth)
    assert editor("rome", lm).layers == editor("r-rome", lm).layers == one
    assert len(editor("emmet", lm).layers) == 1
    assert editor("memit", lm).layers == editor("alphaedit", lm).layers == many
    assert editor("memit", lm, layers=[0], ridge=7).layers == (0,)


@pytest.mark.parametrize("kind", ["gemma2", "gemma3", "gemma3_text", "olmo2", "olmo3"])
def test_sandwiches_are_edited_at_the_down_projection_of_one_layer(tiny_lm: Any, kind: str) -> None:
    lm = tiny_lm(kind)
    for name in LOCATING:
        method = editor(name, lm)
        assert (method.site, len(method.layers)) == ("down", 1)
        assert (method.value.rate_unit, method.value.clamp) == ("rms", 3.0)
    assert editor("rome", lm, clamp=2, rate_unit="absolute").value.clamp == 2.0


def test_every_family_has_layers(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    for name in LOCATING:
        layers = editor(name, lm).layers
        assert layers == tuple(sorted(set(layers))) and 0 <= layers[0] <= layers[-1] <= 2


def test_unknown_names_are_told_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown method 'memmit'; known: alphaedit, .*mean 'memit'"):
        editor("memmit")
    with pytest.raises(UnknownNameError, match=r"unknown setting of rome 'layer'; known: .*mean 'layers'"):
        editor("rome", layer=5)
    for hidden in ("name", "value", "lm"):
        with pytest.raises(UnknownNameError, match=f"unknown setting of rome '{hidden}'"):
            editor("rome", **{hidden: "x"})


def test_settings_are_read_as_their_fields() -> None:
    method = editor("rome", layers=[3, 5], clamp=2, rate=1e-2, contexts=["A. ", "B. "], steps=4, seed=3)
    assert method.layers == (3, 5) and method.contexts == ("A. ", "B. ")
    assert method.value.clamp == 2.0 and isinstance(method.value.clamp, float)
    assert (method.value.steps, method.value.rate, method.seed) == (4, 0.01, 3)
    assert editor("rome", layers=3).layers == (3,)
    assert editor("rome", contexts=0).contexts == 0 and editor("rome", contexts=[]).contexts == ()
    assert editor("rome", sequential=False).sequential is False
    assert EDITORS["rome"].value.steps == 25  # rows stay as they are


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"steps": "x"}, "setting steps takes a whole number, got 'x'"),
        ({"steps": 2.5}, "setting steps takes a whole number, got 2.5"),
        ({"steps": True}, "setting steps takes a whole number, got True"),
        ({"steps": 0}, "setting steps takes a number from 1 up, got 0"),
        ({"rate": True}, "setting rate takes a number, got True"),
        ({"rate": -1}, r"setting rate takes a number from 0 up, got -1\.0"),
        ({"ridge": float("nan")}, "setting ridge takes a number from 0 up, got nan"),
        ({"clamp": float("inf")}, "setting clamp takes a number from 0 up, got inf"),
        ({"layers": ["a"]}, r"setting layers takes a list of a whole number, got \('a',\)"),
        ({"layers": "5"}, "setting layers takes a list of a whole number, got '5'"),
        ({"layers": [1.5]}, "setting layers takes a list"),
        ({"contexts": "The"}, "setting contexts takes a whole number or a list of text or a list of a whole"),
        ({"contexts": [1, "A"]}, "setting contexts takes a whole number or a list of text"),
        ({"contexts": -1}, "setting contexts takes a number from 0 up, got -1"),
        ({"site": "dwon"}, "setting site takes 'down' or 'block' or 'attention\\+down', got 'dwon'"),
        ({"metric": ["moment"]}, "setting metric takes 'identity' or 'moment' or 'null_space', got"),
        ({"sequential": 1}, "setting sequential takes true or false, got 1"),
        ({"corpus": 3}, "setting corpus takes text, got 3"),
        ({"corpus_tokens": 0}, "setting corpus_tokens takes a number from 1 up, got 0"),
    ],
)
def test_values_of_the_wrong_type(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(EditError, match=f"^{message}"):
        editor("rome", **setting)


def test_config_is_json() -> None:
    import json

    config = json.loads(json.dumps(editor("memit", layers=[1, 2]).config()))
    assert config["layers"] == [1, 2] and config["value"]["steps"] == 25 and config["corpus"] == "statements"

"""Damaged and hostile files of every format: never a traceback, never a silent loss."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.conftest import release_rows
from tests.data.neighbours import (
    test_counterfact,
    test_kebench,
    test_mquake,
    test_multilingual,
    test_rippleedits,
    test_zsre,
)
from tests.data.neighbours.conftest import paths_of

from mlake.data import DATASETS, load, to_lines
from mlake.data.release.rows import parse
from mlake.errors import MlakeError
from mlake.records import Benchmark

LANGS = ("en", "de", "fr", "ja", "zh")
HOSTILE: list[Any] = [
    None, True, 0, -1, 10**400, 1e308, float("nan"), "", " ", "\0", "\ud800", "\u202e\u2066", "\x1b[31m",
    "<script>alert(1)</script>", "{", "{}", "{0.__class__}", "%s%n", "x" * 100_000, "../../etc/passwd",
    [], [[]], {}, [None], [{}], {"a": 1}, ["\ud800"], [[[[[[[[]]]]]]]],
]  # fmt: skip

SEVERAL = {"mzsre": ("de", "fr", "zh"), "bmike-zsre": ("de", "fr", "ja", "zh")}
"""Data sets with a file for each language, of which a mirror may hold some."""

Load = Callable[[dict[str, bytes]], Benchmark]


def neighbour(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    row = DATASETS[name]
    monkeypatch.setitem(DATASETS, name, replace(row, files=dict.fromkeys(row.files, "")))

    def read(files: dict[str, bytes]) -> Benchmark:
        for place in (folder / "cache").rglob("*.sha256"):
            place.unlink()
        return load(name, mirror=write(folder / "mirror", files), cache=folder / "cache")

    return read


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def tables() -> dict[str, list[Any]]:
    """Name of a data set to the content of its files, in the order of its row."""
    ripple = test_rippleedits.row(
        "MOTHER", "Mia Öst", "Ada Quill", "Eva Bek", Relation_Specificity=test_rippleedits.OTHERS
    )
    several = test_multilingual
    return {
        "kebench": [[test_kebench.EDITED], [test_kebench.CHAIN], [test_kebench.HOPS]],
        "mquake-cf-3k-v2": [test_mquake.cases()],
        "zsre": [[test_zsre.zsre()]],
        "counterfact": [[test_counterfact.counterfact()]],
        "rippleedits-popular": [[ripple]],
        "bizsre": [[several.pair("zh")]],
        "mzsre": [[several.pair(code)] for code in SEVERAL["mzsre"]],
        "bmike-zsre": [[several.case(code, 7)] for code in SEVERAL["bmike-zsre"]],
        "multi-counterfact": [[several.rewrite(code)] for code in several.FIVE],
    }


def own() -> dict[str, tuple[dict[str, Any], str]]:
    """Facts of one's own: their files as JSON values or text, and the file or folder that is loaded."""
    mini = load("mini")
    lines = [json.loads(line) for line in to_lines(replace(mini, facts=mini.facts[:1]))]
    before = {"o_prompt": "Bo built Rome.", "o_answer": "Bo", "o_answer_aliases": ["B."]}
    edited = {"e_prompt": "Al built Rome.", "e_answer": "Al", "e_answer_aliases": []}
    row = {"question": "Who built Rome?", **before, **edited}
    after = {"question": "Where was the builder of Rome born?", **edited}
    table = 'subject,old,new,question\nRome,Bo,Al,"Who built Rome?"\nBonn,Bo,Al,Who built Bonn?\n'
    return {
        "jsonl": ({"facts.jsonl": lines}, "facts.jsonl"),
        "csv": ({"facts.csv": table}, "facts.csv"),
        "folder": ({"single_hop/en_qa.json": [row], "multi_hop/new_en_qa.json": [after]}, "."),
    }


FORMATS = ["release", *own(), *tables()]


@pytest.fixture(params=FORMATS)
def source(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], Load]:
    """The values of a format's files, and what loads them."""
    name = request.param
    if name == "release":
        return release_rows(), lambda files: packed(parse(files))
    if name in own():
        values, entry = own()[name]
        return values, lambda files: load(write(tmp_path, files) / entry, cache=tmp_path / "cache")
    paths = [paths_of(name)[lang] for lang in SEVERAL[name]] if name in SEVERAL else DATASETS[name].files
    values = dict(zip(paths, tables()[name], strict=True))
    return values, neighbour(name, tmp_path, monkeypatch)


def packed(released: Any) -> Benchmark:
    subjects = {code: [Named() for _ in rows] for code, rows in released.single.items()}
    facts = released.facts(subjects, {})
    return Benchmark("r", "r", "", facts, tuple(released.unlinked), tuple(released.notes))


class Named:
    subject, sure = None, False


def encoded(path: str, value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if path.endswith(".jsonl"):
        return b"".join(json.dumps(line).encode() + b"\n" for line in value)
    return json.dumps(value).encode()


def size(benchmark: Benchmark) -> int:
    """Everything that can get lost: statements, probes and names."""
    probes = [probe for fact in benchmark.facts for probe in fact.probes] + list(benchmark.unlinked)
    statements = [said for fact in benchmark.facts for said in fact.statements.values()]
    return len(statements) + len(probes)


def attempt(read: Load, files: dict[str, bytes]) -> Benchmark | None:
    """What is read; None after an error that is one clear line. Anything else fails the test."""
    try:
        return read(files)
    except MlakeError as error:
        text = str(error)
        assert "\n" not in text and "\x1b" not in text and len(text) < 10_000
        text.encode()
        return None


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def changed(values: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """The values with one to three places replaced by something hostile, or taken out."""
    values = copy.deepcopy(values)
    for _ in range(draw.randint(1, 3)):
        path = draw.choice(list(places(values)))
        holder: Any = values
        for key in path[:-1]:
            holder = holder[key]
        if len(path) > 1 and draw.random() < 0.2:
            del holder[path[-1]]
        else:
            holder[path[-1]] = copy.deepcopy(draw.choice(HOSTILE))
    return values


MANY = settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def test_intact(source: tuple[dict[str, Any], Load]) -> None:
    values, read = source
    intact = read({path: encoded(path, value) for path, value in values.items()})
    assert intact.facts and size(intact) > 1


@pytest.mark.slow
@MANY
@given(seed=st.integers(0, 2**32))
def test_hostile_values(source: tuple[dict[str, Any], Load], seed: int) -> None:
    values, read = source
    draw = random.Random(seed)
    if any(isinstance(value, str) for value in values.values()):
        values = {path: mangled(text, draw) for path, text in values.items()}
    else:
        values = changed(values, draw)
    benchmark = attempt(read, {path: encoded(path, value) for path, value in values.items()})
    if benchmark is not None:
        statements = [said for fact in benchmark.facts for said in fact.statements.values()]
        assert all(isinstance(said.question, str) for said in statements)
        for line in to_lines(benchmark):
            line.encode()


def mangled(text: str, draw: random.Random) -> str:
    """A table with a field replaced."""
    fields = text.split(",")
    text_values = [value for value in HOSTILE if isinstance(value, str)]
    fields[draw.randrange(len(fields))] = draw.choice([*text_values, '"', "a\tb", "=1+1", "\r"])
    return ",".join(fields)


@pytest.mark.slow
@MANY
@given(seed=st.integers(0, 2**32))
def test_damaged_bytes(source: tuple[dict[str, Any], Load], seed: int) -> None:
    """Flipped, inserted and lost bytes: what still loads says what it left out."""
    values, read = source
    draw = random.Random(seed)
    files = {path: encoded(path, value) for path, value in values.items()}
    path = draw.choice(list(files))
    content = bytearray(files[path])
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(content))
        kind = draw.randrange(3)
        if kind == 0:
            content[at] = draw.randrange(256)
        elif kind == 1:
            content[at:at] = draw.choice([b"\0", b"\xff", b"\xef\xbb\xbf", b"\n", b'"', b"}"])
        else:
            del content[at : at + draw.randint(1, 3)]
    attempt(read, files | {path: bytes(content)})


@pytest.mark.slow
@MANY
@given(part=st.floats(0, 0.999))
def test_truncated(source: tuple[dict[str, Any], Load], part: float) -> None:
    """A file that was cut off is refused, or what is missing is said."""
    values, read = source
    files = {path: encoded(path, value) for path, value in values.items()}
    intact = read(files)
    for path, content in files.items():
        short = content[: int(part * len(content))]
        benchmark = attempt(read, files | {path: short})
        # A list of lines that was cut between two of them looks like a shorter list.
        whole_lines = path.endswith((".jsonl", ".csv")) and b"\n" in content[len(short) - 1 : len(short) + 1]
        if benchmark is not None and size(benchmark) < size(intact):
            assert benchmark.notes != intact.notes or whole_lines


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"\xff\xfe[\x00", "日本".encode("shift_jis"), b"\0" * 1000, b"[" * 100_000,
     b'{"a":' * 100_000, b"PK\x03\x04", b"\x1f\x8b\x08", b"<!DOCTYPE html><html>404</html>", b"NaN", b"1e999",
     b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", b'"' + b"a" * 1_000_000 + b'"'],
)  # fmt: skip
def test_other_files(source: tuple[dict[str, Any], Load], content: bytes) -> None:
    values, read = source
    files = {path: encoded(path, value) for path, value in values.items()}
    intact = read(files)
    for path in files:
        benchmark = attempt(read, files | {path: content})
        assert benchmark is None or benchmark.notes != intact.notes

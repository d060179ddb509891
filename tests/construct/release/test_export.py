"""Any data set as tables: nothing is lost, every column has its type, the same bytes each time."""

import importlib
import io
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from mlake.cli import main
from mlake.construct.release import export
from mlake.construct.release.columns import Column, benchmark_tables
from mlake.construct.release.export import export_files
from mlake.construct.release.files import have_parquet, jsonl, table_files
from mlake.construct.release.rows import Rows, benchmark_rows
from mlake.data import load, read_jsonl
from mlake.disk import write_files
from mlake.kinds import KINDS
from mlake.records import Benchmark, Fact, Probe, Statement, Triple

Files = dict[str, bytes]


@pytest.fixture
def exported(benchmark: Benchmark) -> Files:
    pytest.importorskip("pyarrow")
    return export_files(benchmark, source="here", licence="none")


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.split(b"\n")[:-1]]


def statement(fact: str, lang: str, row: Mapping[str, Any]) -> Statement:
    return Statement(
        fact,
        lang,
        row["question"],
        row["subject"],
        row["old_answer"],
        row["new_answer"],
        tuple(row["old_aliases"]),
        tuple(row["new_aliases"]),
        row["old_sentence"],
        row["new_sentence"],
        row["subject_sure"],
    )


def probe(row: Mapping[str, Any]) -> Probe:
    values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in row.items()}
    return Probe(**values | {"triples": tuple(Triple(**one) for one in row["triples"])})


def rebuilt(benchmark: Benchmark, rows: Mapping[str, Any]) -> Benchmark:
    """The benchmark made of nothing but its tables; questions in the order of the original."""
    probes = [probe(row) for name in rows if name != "facts" for row in rows[name]]
    order = {one.id: at for at, one in enumerate([*all_probes(benchmark), *benchmark.unlinked])}
    probes.sort(key=lambda one: order[one.id])
    facts = [
        Fact(
            row["fact"],
            row["row"],
            {code: statement(row["fact"], code, row[code]) for code in benchmark.langs if row[code]},
            tuple(one for one in probes if one.fact == row["fact"]),
            row["subject_id"],
            row["relation_id"],
            {code: row[code]["relation"] for code in benchmark.langs if row[code] and row[code]["relation"]},
        )
        for row in rows["facts"]
    ]
    unlinked = tuple(one for one in probes if one.fact is None)
    return replace(benchmark, facts=tuple(facts), unlinked=unlinked)


def all_probes(benchmark: Benchmark) -> list[Probe]:
    return [one for fact in benchmark.facts for one in fact.probes]


def test_tables_hold_the_whole_benchmark(benchmark: Benchmark) -> None:
    rows = {name: lines(jsonl(found)) for name, found in benchmark_rows(benchmark).items()}
    assert rebuilt(benchmark, rows) == benchmark


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NAMES = st.lists(TEXT, max_size=2).map(tuple)
TRIPLES = st.lists(st.builds(Triple, TEXT, TEXT, TEXT), max_size=2).map(tuple)
STATEMENT = st.builds(
    Statement, st.just("f"), st.sampled_from(["en", "id", "no"]), TEXT, st.none() | TEXT, TEXT, TEXT,
    NAMES, NAMES, TEXT, TEXT, st.booleans(),
)  # fmt: skip
PROBE = st.builds(
    Probe, st.just(""), st.just("f"), st.sampled_from([*KINDS]), st.sampled_from(["en", "hi"]), TEXT,
    NAMES, NAMES, NAMES, NAMES, TRIPLES, NAMES,
)  # fmt: skip


@given(
    st.lists(
        st.tuples(st.lists(STATEMENT, min_size=1, max_size=3), st.lists(PROBE, max_size=4), st.none() | TEXT),
        max_size=3,
    )
)
@settings(max_examples=50, deadline=None)
def test_tables_hold_any_benchmark(made: list[tuple[list[Statement], list[Probe], str | None]]) -> None:
    facts = [
        Fact(
            str(at),
            at,
            {one.lang: replace(one, fact=str(at)) for one in stated},
            tuple(replace(one, id=f"{at}/{number}", fact=str(at)) for number, one in enumerate(probes)),
            relation,
            relation,
            {one.lang: relation for one in stated if relation},
        )
        for at, (stated, probes, relation) in enumerate(made)
    ]
    lost = tuple(
        replace(one, id=f"lost/{at}", fact=None) for at, one in enumerate(made[0][1] if made else [])
    )
    benchmark = Benchmark("any", "", "", tuple(facts), lost)
    rows = {name: lines(jsonl(found)) for name, found in benchmark_rows(benchmark).items()}
    assert rebuilt(benchmark, rows) == benchmark
    if have_parquet():
        for name, table in benchmark_tables(benchmark.langs).items():
            split: Rows = {name: [*rows[name]]}
            ((_, content),) = table_files({name: table}, {"test": split}, ["parquet"])
            assert parquet_rows(content) == rows[name]


def parquet_rows(content: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        importlib.import_module("pyarrow.parquet").read_table(io.BytesIO(content)).to_pylist()
    )
    return found


def test_parquet_holds_what_the_lines_hold(exported: Files) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    tables = [path for path in exported if path.endswith(".parquet")]
    assert len(tables) >= 3
    for path in tables:
        file = parquet.ParquetFile(io.BytesIO(exported[path]))
        assert file.num_row_groups == 1
        assert "null" not in str(file.schema_arrow)
        assert file.read().to_pylist() == lines(exported[path.replace(".parquet", ".jsonl")])


def test_lines_of_our_own_form_load_as_the_same_facts(
    exported: Files, benchmark: Benchmark, tmp_path: Path
) -> None:
    write_files(tmp_path, exported)
    again = read_jsonl(tmp_path / "mlake/test.jsonl")
    assert (again.facts, again.unlinked) == (benchmark.facts, benchmark.unlinked)


def test_same_bytes_again(exported: Files, benchmark: Benchmark) -> None:
    assert export_files(benchmark, source="here", licence="none") == exported


def test_readme_names_every_table(exported: Files) -> None:
    _, head, body = exported["README.md"].decode().split("---\n", 2)
    values = yaml.safe_load(head)
    named = {file["path"] for config in values["configs"] for file in config["data_files"]}
    assert named == {path for path in exported if path.endswith(".parquet")}
    assert [one["config_name"] for one in values["configs"] if one.get("default")] == ["facts"]
    infos = {one["config_name"]: [f["name"] for f in one["features"]] for one in values["dataset_info"]}
    for table, names in infos.items():
        assert names == list(lines(exported[f"data/{table}/test.jsonl"])[0])
    assert "- Licence: none" in body


def test_columns_of_a_language_named_like_one() -> None:
    names = [column.name for column in benchmark_tables(["id", "no"])["facts"].columns]
    assert len(names) == len(set(names))


def leaves(column: Column) -> list[Column]:
    return [one for field in column.fields for one in leaves(field)] or [column]


def test_every_column_says_what_it_holds() -> None:
    for table in benchmark_tables(["en"]).values():
        assert all(one.about for column in table.columns for one in leaves(column))


def test_markup_in_data_is_shown_as_it_is(odd: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "FORMATS", ("jsonl",))
    named = replace(odd, name="a|b <i>", notes=("one\ntwo",))
    readme = export_files(named, source="*here*", licence="none")["README.md"].decode()
    assert "# a\\|b &lt;i&gt;" in readme and "- one two\n" in readme and "From: \\*here\\*" in readme


def test_without_pyarrow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["data", "export", "mini", "--format", "parquet", "--out", str(out)])
    assert result.exit_code == 2 and not out.exists()
    assert result.stderr == "mlake: error: Parquet needs pyarrow; run: pip install 'mlake[parquet]'\n"


@pytest.mark.released
@pytest.mark.parametrize("name", ["mlake", "mlake-aligned"])
def test_the_release_keeps_everything(name: str, mirror: Path) -> None:
    released = load(name, mirror=mirror)
    assert rebuilt(released, benchmark_rows(released)) == released

"""What README and docs say is so: examples run, commands parse, tables agree with the code."""

import dataclasses
import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import mlake
from mlake.cli import main
from mlake.data import DATASETS, load
from mlake.data.own import schema
from mlake.kinds import KINDS, QuestionKind
from mlake.languages import LANGUAGES, Language
from mlake.records import Benchmark
from mlake.report.view import View
from mlake.report.views import VIEWS
from mlake.scorers.row import Scorer
from mlake.scorers.table import SCORERS

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"((?:<!-- [\w :.]+ -->\n)?)```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def name_of(page: Path) -> str:
    return page.name


def blocks(page: Path, kind: str) -> list[tuple[str, str]]:
    """The comment before each fenced block of a kind, and its content."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [(mark.strip(), text) for mark, fence, text in found if fence == kind]


def table(page: Path, first: str) -> list[list[str]]:
    """Body cells of the first table whose first heading is ``first``, without back quotes."""
    text = page.read_text(encoding="utf-8")
    body, *_ = re.findall(rf"^\| {re.escape(first)} \|.*\n\|[ -|]*\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [[cell.strip().replace("`", "") for cell in row[1:-1].split("|")] for row in body.splitlines()]


def names(cell: str) -> list[str]:
    return [name.strip() for name in cell.split(",")]


@pytest.fixture
def tables() -> Iterator[None]:
    """Put every table that a page may add a row to back as it was."""
    from mlake.construct.sources import SOURCES
    from mlake.construct.writers import WRITERS
    from mlake.editing import EDITORS
    from mlake.models import ARCHITECTURES

    every: list[dict[str, Any]] = [
        ARCHITECTURES, DATASETS, EDITORS, KINDS, LANGUAGES, SCORERS, SOURCES, VIEWS, WRITERS,
    ]  # fmt: skip
    before = [dict(one) for one in every]
    yield
    for one, rows in zip(every, before, strict=True):
        one.clear()
        one.update(rows)


@pytest.fixture
def execute(
    tiny_lm: Callable[..., Any], tables: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[Path], None]:
    """Runs a page's Python, with a tiny random model in place of the one that it loads."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    load_model = mlake.load_model

    def loaded(model: Any, tokenizer: Any = None, **options: Any) -> Any:
        return tiny_lm("llama") if isinstance(model, str) else load_model(model, tokenizer, **options)

    monkeypatch.setattr(mlake, "load_model", loaded)

    def run(page: Path) -> None:
        for kind in ("json", "text"):
            for mark, text in blocks(page, kind):
                if mark.startswith("<!-- file: "):
                    Path(mark.split()[2]).write_text(text, encoding="utf-8")
        space: dict[str, Any] = {}
        for number, (_, text) in enumerate(blocks(page, "python"), 1):
            exec(compile(text, f"{page.name} block {number}", "exec"), space)

    return run


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_runs_as_printed(page: Path, execute: Callable[[Path], None]) -> None:
    assert all(mark == "<!-- test -->" for mark, _ in blocks(page, "python"))
    execute(page)


def test_each_guide_adds_its_row(execute: Callable[[Path], None]) -> None:
    from mlake.editing import EDITORS
    from mlake.models import ARCHITECTURES

    row = ARCHITECTURES.pop("llama")
    for name in ("method", "language", "model-family", "dataset", "scorer", "kind-of-question", "view"):
        execute(ROOT / "docs" / f"add-a-{name}.md")
    assert ARCHITECTURES["llama"] == row
    assert {"memit-kept"} < set(EDITORS) and {"it"} < set(LANGUAGES) and {"towns"} < set(DATASETS)
    assert {"hedged"} < set(SCORERS) and {"riddle"} < set(KINDS) and {"lengths"} < set(VIEWS)


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every command that a page shows, comments and redirections left out."""
    for _, text in blocks(page, "sh"):
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line.split(" > ")[0], comments=True)
            if words:
                yield words


def parse(words: list[str]) -> None:
    """Parse a command line of mlake down to its last option, without running it."""
    group: click.Command = main
    context = click.Context(main, info_name="mlake")
    while isinstance(group, click.Group):
        _, found, words = group.resolve_command(context, words)
        assert found is not None
        group = found
        if not isinstance(group, click.Group):
            group.make_context(group.name, words, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_parse(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for words in commands(page):
        if words[0] == "mlake":
            parse(words[1:])
        elif words[0] == "make":
            assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in words[1:])
        else:
            assert words[0] in ("inspect", "lm_eval", "pip")


def test_a_wrong_command_is_found() -> None:
    for line in ("run demo --epochs 3", "edit --model demo", "training", "data export"):
        with pytest.raises(click.UsageError):
            parse(line.split())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_options_named_in_the_text_exist(page: Path) -> None:
    known = {name for command in leaves(main) for param in command.params for name in param.opts}
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    assert {word for word in re.findall(r"`(--[\w-]+)", prose)} <= known


def leaves(command: click.Command) -> Iterator[click.Command]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from leaves(found)
    else:
        yield command


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    for path in re.findall(r"`((?:src|tests|docs)/[\w/.-]+)`", text):
        assert (ROOT / path).exists(), path


def test_tables_of_what_there_is_are_the_codes() -> None:
    from mlake.editing import EDITORS
    from mlake.models import ARCHITECTURES

    assert [row[0] for row in table(README, "method")] == list(EDITORS)
    support = ROOT / "docs" / "support.md"
    assert [tuple(row[:3]) for row in table(support, "code")] == [
        (row.code, row.name, row.script) for row in LANGUAGES.values()
    ]
    families = {
        kind: family.split(" (")[0] for kinds, family in table(support, "model type") for kind in names(kinds)
    }
    assert families == {kind: row.family for kind, row in ARCHITECTURES.items()}


def test_method_rows_are_the_codes() -> None:
    from mlake.editing import EDITORS, LocateThenEdit

    shown = [row[:5] for row in table(ROOT / "docs/methods.md", "method")]
    layers = {True: "one, facts one after another", False: "several"}
    assert shown == [
        [row.name, row.metric, f"{row.ridge:g}", layers[row.sequential], row.site]
        for row in EDITORS.values()
        if isinstance(row, LocateThenEdit)
    ]


@pytest.mark.parametrize(
    "name",
    [
        "mend",
        "ke",
        "rome",
        "memit",
        "pmet",
        "ultraedit",
        "kn",
        "stableke",
        "ice",
        "remake",
        "ike",
        "serac",
        "t-patcher",
        "calinet",
        "memoir",
    ],
)
def test_methods_have_a_page(name: str) -> None:
    from mlake.editing import EDITORS

    text = (ROOT / "docs" / "methods" / f"{name}.md").read_text(encoding="utf-8")
    for heading in ("What it does", "When to use it"):
        assert f"\n## {heading}\n" in text
    assert EDITORS[name].paper in text


def test_method_defaults_are_the_codes(tiny_lm: Callable[..., Any]) -> None:
    from mlake.editing import EDITORS

    config = EDITORS["memit"].config()
    every = config | config["value"]
    page = ROOT / "docs/methods.md"
    shown = {name: default for name, default, _ in table(page, "setting")}
    assert shown == {name: str(every[name]) for name in shown}
    chosen: Any = mlake.editor("memit", tiny_lm("gemma3_text"))
    assert (chosen.site, len(chosen.layers), chosen.value.rate_unit) == ("down", 1, "rms")
    said = page.read_text(encoding="utf-8")
    for name, value in (chosen.config() | chosen.config()["value"]).items():
        if name in ("clamp", "contexts", "ridge", "preserve"):
            assert f"`{name} = {value:g}`" in said


def test_guides_name_every_field() -> None:
    from mlake.models import Architecture

    def fields(row: type) -> set[str]:
        return {field.name for field in dataclasses.fields(row)}

    def shown(page: str, first: str) -> set[str]:
        return {name for row in table(ROOT / "docs" / page, first) for name in names(row[0])}

    assert shown("add-a-language.md", "field") == fields(Language)
    assert shown("add-a-model-family.md", "field") == fields(Architecture)
    assert shown("add-a-scorer.md", "field") == fields(Scorer)
    assert shown("add-a-kind-of-question.md", "field") == fields(QuestionKind)


def test_schema_tables_name_every_field() -> None:
    text = (ROOT / "docs/add-a-dataset.md").read_text(encoding="utf-8")
    line, probe = text.split("\nA probe:\n")
    for part, known in ((line, schema.FACT), (probe.split("\nA line")[0], schema.PROBE)):
        first = re.findall(r"^\| (`[^|]+) \|", part, re.MULTILINE)
        shown = Counter(name.strip("`") for cell in first for name in names(cell))
        assert shown == Counter(one.name for one in known)
    assert all(f"`{kind}`" in probe for kind in KINDS)


def test_protocol_names_every_kind_and_scorer() -> None:
    page = ROOT / "docs/protocol.md"
    assert [row[0] for row in table(page, "kind")] == list(KINDS)
    assert [row[0] for row in table(page, "scorer")] == list(SCORERS)


def test_the_guide_to_building_names_every_stage() -> None:
    from mlake.construct.pipeline import STAGES
    from mlake.construct.stage import DROPPED

    shown = [(name, names(made_of), makes) for name, made_of, makes in table(ROOT / "docs/build.md", "stage")]
    every = [*(name for name in STAGES[-1].reads if not name.endswith(DROPPED))]
    assert every == [stage.name for stage in STAGES[:-1]]
    assert shown == [
        (one.name, [*(["all of these"] if one is STAGES[-1] else one.reads), *one.uses], one.title)
        for one in STAGES
    ]


def test_the_guide_to_building_names_every_field() -> None:
    from mlake.construct.context import Settings
    from mlake.construct.pipeline import STAGES

    shapes = {stage.name: stage.shape(Settings())["properties"] for stage in STAGES}
    rows = {name: cell for cells, cell in table(ROOT / "docs/build.md", "file") for name in names(cells)}
    assert [*rows] == [stage.name for stage in STAGES[:-1]]
    known: set[str] = set()
    for name in ("facts", "chains", "filters", "edits", "names", "splits"):
        wanted = set(shapes[name]) - (known if rows[name].startswith("these") else set())
        assert wanted <= set(re.findall(r"[a-z_]+", rows[name])), name
        known = set(shapes[name])


def test_the_guide_to_review_names_every_key_criterion_and_rule() -> None:
    from mlake.construct.reviewed import REVIEW_RULES
    from mlake.review.criteria import CRITERIA
    from mlake.review.page import KEYS

    page = ROOT / "docs/review.md"
    assert table(page, "criterion") == [list(row) for row in CRITERIA]
    shown = {key for row in table(page, "key") for key in names(row[0])}
    assert set(KEYS) <= shown and f"1 to {len(CRITERIA)}" in shown
    assert [row[2] for row in table(page, "decisions on a fact") if row[2]] == list(REVIEW_RULES)


def test_reproduce_names_every_view() -> None:
    assert [row[0] for row in table(ROOT / "docs/reproduce.md", "view")] == list(VIEWS)


def test_the_guide_names_every_field_of_a_view() -> None:
    shown = [row[0] for row in table(ROOT / "docs/add-a-view.md", "field of `View`")]
    assert shown == [field.name for field in dataclasses.fields(View)]


@pytest.mark.released
def test_data_counts_are_the_loaders(mirror: Path) -> None:
    benchmark = load("mlake", mirror=mirror)
    page = ROOT / "docs/data.md"
    assert table(page, "questions") == [[name, *map(str, row)] for name, row in question_counts(benchmark)]
    stated = [[fact.stated(lang) for fact in benchmark.facts] for lang in benchmark.langs]
    none = [sum(one.subject is None for one in rows) for rows in stated]
    doubt = [sum(one.subject is not None and not one.subject_sure for one in rows) for rows in stated]
    assert [row[1:] for row in table(page, "subjects")] == [list(map(str, none)), list(map(str, doubt))]
    bare = [sum(not one.new_aliases for one in rows) for rows in stated]
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert (
        "{} of 1072 in English, {} in German, {} in French, {} in Japanese and {} in Chinese".format(*bare)
        in text
    )
    assert f"{sum(fact.subject_id is not None for fact in benchmark.facts)} facts have Wikidata ids" in text
    assert [sum(one.new == one.old for one in rows) for rows in stated] == [0, 0, 2, 1, 0]


def question_counts(benchmark: Benchmark) -> Iterator[tuple[str, list[int]]]:
    """The rows of the table of questions."""
    linked = Counter((one.kind, one.lang) for fact in benchmark.facts for one in fact.probes)
    lost = Counter((one.kind, one.lang) for one in benchmark.unlinked)
    for kind in ("direct", "multihop", "multihop_before", "choice"):
        yield kind, [linked[kind, lang] for lang in benchmark.langs]
    yield (
        "facts with a multihop question",
        [
            sum(
                any(one.kind == "multihop" and one.lang == lang for one in fact.probes)
                for fact in benchmark.facts
            )
            for lang in benchmark.langs
        ],
    )
    for kind in ("multihop_before", "choice"):
        yield f"unlinked: {kind}", [lost[kind, lang] for lang in benchmark.langs]


def test_every_run_of_the_example_is_there() -> None:
    kept = ROOT / "benchmarks" / "results" / "reproduce-demo-25"
    runs = [path for path in kept.iterdir() if path.is_dir()]
    assert len(runs) == 7
    for run in runs:
        assert json.loads((run / "spec.json").read_text(encoding="utf-8"))["facts"] == [0, 25]
        assert (run / "answers.tar.xz").stat().st_size > 1000

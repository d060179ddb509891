"""Imports point one way, files form no circles, and what needs no model does not load torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import mlake

SOURCE = Path(mlake.__file__).parent
FILES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")
# What stands on a floor may import the floors below it, and nothing that stands beside it or above.
FLOORS: Mapping[str, Sequence[Sequence[str]]] = {
    "mlake": (
        ("errors", "interrupts", "safe", "waits"),
        ("chat_server", "disk", "kinds", "recipes", "scripts", "sentences", "templates", "thoughts"),
        ("folders", "languages", "records"),
        ("edges", "forms"),
        ("sought",),
        ("text",),
        ("models",),
        ("data", "editing", "scorers"),
        ("review",),
        ("construct", "evaluation"),
        ("analysis",),
        ("report",),
        ("cluster", "harness", "pricing", "submission", "tuning"),
        ("api", "reproduce"),
        ("cli",),
        ("__main__",),
    ),
    "mlake.data": (
        ("faults", "files", "negation", "questions", "same", "stats", "subjects"),
        ("checked", "dataset", "derived"),
        ("check", "neighbours", "own", "release"),
        ("embedded",),
        ("datasets",),
        ("ordinary",),
    ),
    "mlake.editing": (
        ("factors", "prompts", "retrieval"),
        ("edits",),
        ("method",),
        ("settings", "tuned"),
        ("locate",),
        ("finetune", "memories", "mend"),
        ("gradient", "side"),
        ("methods",),
    ),
    "mlake.report": (
        ("statistics", "table"),
        ("tidy",),
        ("reasons",),
        ("matrix_text", "rundata"),
        ("load", "paper", "withheld"),
        ("findings",),
        ("figures",),
        ("html", "view", "write"),
        ("files", "needs"),
        ("views",),
    ),
}


def module_of(path: Path) -> str:
    """Full name of the module in a file."""
    return ".".join(("mlake", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}


def imported(tree: ast.AST) -> Iterator[str]:
    """Full names of all modules and names that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import; write the full name"
            yield from (f"{node.module}.{one.name}" for one in node.names)


def backward(module: str, tree: ast.AST) -> list[str]:
    """Imports that a module may not have: of its own floor or of a higher one, in any house it stands in."""
    return [
        name
        for name in imported(tree)
        for house in FLOORS
        if name != house and _forbidden(house, module, name)
    ]


def _forbidden(house: str, module: str, name: str) -> bool:
    here, there = _part(house, module), _part(house, name)
    if here is None or there is None or here == there:
        return False
    return there not in _floor(house) or _floor(house)[there] >= _floor(house)[here]


def _part(house: str, name: str) -> str | None:
    """The room of a house that a module is in; None if it is in none."""
    return name.removeprefix(f"{house}.").split(".")[0] if name.startswith(f"{house}.") else None


def _floor(house: str) -> dict[str, int]:
    return {part: floor for floor, parts in enumerate(FLOORS[house]) for part in parts}


@pytest.mark.parametrize("house", FLOORS)
def test_every_room_has_a_floor(house: str) -> None:
    rooms = {part for name in MODULES if (part := _part(house, name))}
    assert rooms == set(_floor(house))


@pytest.mark.parametrize("name", MODULES)
def test_imports_never_point_back(name: str) -> None:
    assert backward(name, ast.parse(MODULES[name].read_text(encoding="utf-8"))) == []


def test_a_backward_import_is_found() -> None:
    tree = ast.parse("def late():\n    from mlake.models import load\n    import mlake.cli.run")
    assert backward("mlake.text", tree) == ["mlake.models.load", "mlake.cli.run"]
    assert backward("mlake.editing.methods", tree) == ["mlake.cli.run"]
    assert backward("mlake.data.load", ast.parse("from mlake.editing import editor")) == [
        "mlake.editing.editor"
    ]
    beside = ast.parse("from mlake.editing.mend import Mend")
    assert backward("mlake.editing.finetune.training", beside) == ["mlake.editing.mend.Mend"]
    assert backward("mlake.editing.mend.method", beside) == []
    assert backward("mlake.cli.run", ast.parse("from mlake import load")) == ["mlake.load"]


def imports_of(name: str) -> set[str]:
    """The modules of mlake that a file imports."""
    found = imported(ast.parse(MODULES[name].read_text(encoding="utf-8")))
    return {full if full in MODULES else full.rpartition(".")[0] for full in found} & set(MODULES) - {name}


def test_no_circle_of_files() -> None:
    try:
        TopologicalSorter({name: imports_of(name) for name in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(f"these files import each other in a circle: {' → '.join(error.args[1])}")


@pytest.mark.parametrize(
    "code",
    [
        "import mlake; mlake.LANGUAGES; mlake.load('mini')",
        "import mlake.data, mlake.data.ordinary",
        "import mlake; mlake.score(mlake.load('mini'), {'mini-00/en/direct': 'Rome'})",
        "import mlake.text",
        "import mlake.evaluation.spec, mlake.evaluation.store, mlake.evaluation.plan, mlake.scorers.table",
        "import mlake.report.write, mlake.report.figures",
        "import mlake.cli, mlake.cli.run, mlake.cli.edit, mlake.cli.report, mlake.cli.data",
        "from mlake.cli import main; main(['--help'], standalone_mode=False)",
        "from mlake.cli import main; main(['run', '--help'], standalone_mode=False)",
        "from mlake.cli import main; main(['data', 'list'], standalone_mode=False)",
    ],
)
def test_torch_stays_out(code: str) -> None:
    check = "import sys; heavy = {'torch', 'transformers'} & set(sys.modules); assert not heavy, heavy"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{check}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

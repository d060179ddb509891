"""Imports point one way, and what needs no model does not load torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlake

SOURCE = Path(mlake.__file__).parent
BASE = ("errors", "languages", "records", "text", "recipes")
ORDER = (*BASE, "data", "models", "editing", "evaluation", "analysis", "report", "reproduce", "cli")
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


def imported(tree: ast.AST) -> Iterator[str]:
    """Full names of all modules and names that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import; write the full name"
            yield from (f"{node.module}.{one.name}" for one in node.names)


def backward(part: str, tree: ast.AST) -> list[str]:
    """Imports that part ``part`` of mlake may not have."""
    found = []
    for name in imported(tree):
        package, _, rest = name.partition(".")
        top = rest.split(".")[0]
        if package == "mlake" and (top not in ORDER or rank(top) > rank(part)):
            found.append(name)
    return found


def rank(part: str) -> int:
    """Place of a part; all of ``BASE`` stand at the same."""
    return 0 if part in BASE else ORDER.index(part)


def test_every_part_has_a_place() -> None:
    parts = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in MODULES}
    assert parts == set(ORDER)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_never_point_back(path: Path) -> None:
    part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    assert backward(part, ast.parse(path.read_text(encoding="utf-8"))) == []


def test_a_backward_import_is_found() -> None:
    tree = ast.parse("def late():\n    from mlake.models import load\n    import mlake.cli.run")
    assert backward("data", tree) == ["mlake.models.load", "mlake.cli.run"]
    assert backward("editing", tree) == ["mlake.cli.run"]
    assert backward("cli", ast.parse("from mlake import load")) == ["mlake.load"]


@pytest.mark.parametrize(
    "code",
    [
        "import mlake; mlake.LANGUAGES; mlake.load('mini')",
        "import mlake.data, mlake.data.ordinary",
        "import mlake.text",
        "import mlake.evaluation.spec, mlake.evaluation.store, mlake.evaluation.plan, mlake.evaluation.score",
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

"""Every module says what is public, all of it and in order."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlake

SOURCE = Path(mlake.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))


def defined(tree: ast.Module) -> Iterator[str]:
    """Names that a module defines at its top level."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            named = (one for target in node.targets for one in ast.walk(target))
            yield from (
                one.id for one in named if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            )
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def place(name: str) -> tuple[int, str]:
    """Constants first, then classes, then the rest: the order that ruff asks for."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def listed(tree: ast.Module) -> list[str] | None:
    """What ``__all__`` says; None without one."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None


def bound(tree: ast.Module) -> Iterator[str]:
    """Names that a module has at its top level, imported ones too."""
    yield from defined(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (one.asname or one.name for one in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_all_is_sorted_and_complete(path: Path) -> None:
    """Read, not imported: one module is loaded by a tool that is not installed here."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    public = {name for name in defined(tree) if not name.startswith("_")}
    told, has = listed(tree), {*bound(tree)}
    if told is None:
        assert not public, f"{path} needs an __all__ with {sorted(public)}"
        return
    assert told == sorted(told, key=place)
    assert public <= set(told), f"not in __all__: {sorted(public - set(told))}"
    assert "__getattr__" in has or set(told) <= has


def test_the_package_offers_what_it_lists() -> None:
    from mlake.data import load
    from mlake.editing import editor
    from mlake.models import load as load_model

    assert (mlake.load, mlake.load_model, mlake.editor) == (load, load_model, editor)
    assert set(mlake.__all__) <= set(dir(mlake))
    assert not hasattr(mlake, "no_such_name")
    assert mlake.__version__.count(".") == 2

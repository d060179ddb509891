"""Every module says what is public, all of it and in order."""

import ast
import importlib
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
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def place(name: str) -> tuple[int, str]:
    """Constants first, then classes, then the rest: the order that ruff asks for."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_all_is_sorted_and_complete(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    public = {name for name in defined(tree) if not name.startswith("_")}
    name = ".".join(("mlake", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", None)
    if listed is None:
        assert not public, f"{name} needs an __all__ with {sorted(public)}"
        return
    assert listed == sorted(listed, key=place)
    assert public <= set(listed), f"not in __all__: {sorted(public - set(listed))}"
    assert all(hasattr(module, one) for one in listed)


def test_the_package_offers_what_it_lists() -> None:
    from mlake.data import load
    from mlake.editing import editor
    from mlake.models import load as load_model

    assert (mlake.load, mlake.load_model, mlake.editor) == (load, load_model, editor)
    assert set(mlake.__all__) <= set(dir(mlake))
    assert not hasattr(mlake, "no_such_name")
    assert mlake.__version__.count(".") == 2

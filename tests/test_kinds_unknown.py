"""No code outside a method's or an edit's own file asks of what kind it is."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mlake
from mlake.editing import EDITORS
from mlake.editing.edits.edit import Edit
from mlake.editing.edits.files import EDITS
from mlake.editing.method import Method

SOURCE = Path(mlake.__file__).parent
# A row stands here, or its method in this folder.
ROWS = tuple(SOURCE / "editing" / name for name in ("methods.py", "mend", "finetune", "memories", "side"))


def derived(kind: type[Any]) -> Iterator[str]:
    """Names of a class and of all that derive from it."""
    yield kind.__name__
    for one in kind.__subclasses__():
        yield from derived(one)


KINDS = {*derived(Method), *derived(Edit)}


def asked_for(tree: ast.AST, names: set[str]) -> Iterator[int]:
    """Lines that ask whether a value is of a kind, or compare text with a method's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
            inside = {getattr(one, "id", getattr(one, "attr", "")) for one in ast.walk(node.args[1])}
            if inside & KINDS:
                yield node.lineno
        elif isinstance(node, ast.Compare):
            texts = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
            if texts & names:
                yield node.lineno
        elif isinstance(node, ast.MatchClass | ast.MatchValue):
            inside = {getattr(one, "id", getattr(one, "value", "")) for one in ast.walk(node)}
            if inside & (KINDS | names):
                yield node.lineno


def test_no_file_asks_for_a_kind() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path in SOURCE.rglob("*.py")
        if not any(path == place or place in path.parents for place in ROWS)
        for line in asked_for(ast.parse(path.read_text(encoding="utf-8")), set(EDITORS))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "isinstance(edit, WeightEdit)",
        "isinstance(edit, weights.WeightEdit | int)",
        "issubclass(kind, (int, Method))",
        "settings.method == 'mend'",
        "name in ('rome', 'other')",
        "match edit:\n    case WeightEdit():\n        pass",
        "match name:\n    case 'memit':\n        pass",
    ],
)
def test_what_asks_for_a_kind_is_found(code: str) -> None:
    assert list(asked_for(ast.parse(code), set(EDITORS)))


def test_other_questions_are_let_be() -> None:
    assert not list(asked_for(ast.parse("isinstance(x, int)\nname == 'none'\n{'mend': 1}"), set(EDITORS)))


def test_kinds_of_edit_are_named_by_their_format() -> None:
    assert {name: kind.format for name, kind in EDITS.items()} == {name: name for name in EDITS}
    assert len(EDITS) == 10

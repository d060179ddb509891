"""The table library of the page: DataTables, as the PyPI package ``itables`` carries it."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from mlake.errors import RunError

__all__ = ["datatables"]

_EXPORT = re.compile(r"\bexport\s*\{([^{}]*)\}\s*;?")


@cache
def datatables() -> str:
    """JavaScript that defines the global ``DataTable``.

    Raises:
        RunError: ``itables`` is not installed, or its bundle is not built as this mlake expects.
    """
    spec = find_spec("itables")
    if spec is None or spec.origin is None:
        raise RunError("the HTML report needs the package itables; run: pip install itables")
    path = Path(spec.origin).with_name("html") / "dt_bundle.js"
    try:
        return _as_global(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(
            f"{path} is not the bundle expected ({error}); run: pip install itables==2.9.1"
        ) from None


def _as_global(bundle: str) -> str:
    """The bundle with a global in place of its export: a page from disk cannot import a module.

    Raises:
        ValueError: It does not have one default export.
    """
    found = [(match, re.findall(r"([\w$]+) as default\b", match[1])) for match in _EXPORT.finditer(bundle)]
    exports = [(match, names[0]) for match, names in found if names]
    if len(exports) != 1:
        raise ValueError(f"{len(exports)} default exports, expected 1")
    ((match, name),) = exports
    return f"{bundle[: match.start()]}globalThis.DataTable = {name};{bundle[match.end() :]}"

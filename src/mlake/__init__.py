"""Edit a fact into a language model in one language, ask it in five, and measure what carried over.

``load`` reads a benchmark, ``load_model`` a model, ``editor`` gives an editing method. Importing mlake and
loading a benchmark do not import torch.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from mlake.errors import (
    DataError,
    DownloadError,
    EditError,
    FactsError,
    MlakeError,
    ModelError,
    RunError,
    SubjectError,
    UnknownNameError,
)
from mlake.languages import LANGUAGES

if TYPE_CHECKING:
    from mlake.data import load
    from mlake.editing import editor
    from mlake.models import load as load_model

__all__ = [
    "LANGUAGES",
    "DataError",
    "DownloadError",
    "EditError",
    "FactsError",
    "MlakeError",
    "ModelError",
    "RunError",
    "SubjectError",
    "UnknownNameError",
    "__version__",
    "editor",
    "load",
    "load_model",
]

__version__ = version("mlake")

_LAZY = {
    "editor": ("mlake.editing", "editor"),
    "load": ("mlake.data", "load"),
    "load_model": ("mlake.models", "load"),
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})

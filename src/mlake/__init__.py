"""Edit a fact into a language model in one language, ask it in five, and measure what carried over.

``load`` reads a benchmark, ``load_model`` a model (``LM``), ``editor`` gives an editing method, and ``ask``
asks a model, edited or not. ``price`` says what an edit costs. ``run`` does all of it and scores; ``score``
scores answers made elsewhere.
Importing mlake, loading a benchmark and scoring do not import torch.
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
    from mlake.api import run, score
    from mlake.data import load
    from mlake.editing import editor
    from mlake.models import LM, ask
    from mlake.models import load as load_model
    from mlake.pricing.price import price

__all__ = [
    "LANGUAGES",
    "LM",
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
    "ask",
    "editor",
    "load",
    "load_model",
    "price",
    "run",
    "score",
]

__version__ = version("mlake")

_LAZY = {
    "LM": ("mlake.models", "LM"),
    "ask": ("mlake.models", "ask"),
    "editor": ("mlake.editing", "editor"),
    "load": ("mlake.data", "load"),
    "load_model": ("mlake.models", "load"),
    "price": ("mlake.pricing.price", "price"),
    "run": ("mlake.api", "run"),
    "score": ("mlake.api", "score"),
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})

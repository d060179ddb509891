"""A tokenizer by name, without the weights of its model."""

from importlib import import_module
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from mlake.errors import ModelError
from mlake.models.gguf import LOADER_ERRORS, converted_demo, first_line

__all__ = ["load_tokenizer"]


def load_tokenizer(name: str, *, revision: str | None = None) -> Any:
    """Load a fast tokenizer.

    Args:
        name: A hub id, a folder, a ``.gguf`` file (one that holds a vocabulary and no weights will do), or
            ``demo``.
        revision: Branch, tag or commit of a hub id.

    Raises:
        ModelError: There is none, it is damaged, or it is not a fast one, which offsets need.
    """
    source, options = _source(name)
    if not options:
        options["revision"] = revision
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
    except LOADER_ERRORS as error:
        raise ModelError(
            f"cannot load the tokenizer of {name!r}: {first_line(error)}; "
            "expected a hub id, a folder with a tokenizer.json, a .gguf file, or 'demo'"
        ) from error
    if not getattr(tokenizer, "is_fast", False) or not len(tokenizer):
        raise ModelError(f"{name!r} has no fast tokenizer; expected a folder with a tokenizer.json in it")
    return tokenizer


def _source(name: str) -> tuple[str, dict[str, Any]]:
    """What to hand to transformers, and how; no options for a hub id."""
    path = Path(name).expanduser()
    if name == "demo":
        return str(converted_demo()[0]), {"local_files_only": True}
    if path.suffix.lower() == ".gguf":
        if not path.is_file():
            raise ModelError(f"no GGUF file at {name!r}; give the path of an existing file")
        try:
            import_module("gguf")
        except ImportError:
            raise ModelError("GGUF files need the gguf package; run: pip install 'mlake[gguf]'") from None
        return str(path.parent), {"gguf_file": path.name, "local_files_only": True}
    if path.is_dir():
        return str(path), {"local_files_only": True}
    if path.is_absolute() or name[:1] in (".", "~") or name.count("/") > 1:
        raise ModelError(f"no folder with a tokenizer at {name!r}; give an existing folder or a hub id")
    return name, {}

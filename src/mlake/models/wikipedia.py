"""Wikipedia articles, streamed from the Hugging Face hub."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from mlake.errors import DataError
from mlake.languages import language

__all__ = ["REVISION", "articles", "check_wikipedia"]

_NAME = "wikimedia/wikipedia"
_DUMP = "20231101"
REVISION = "b04c8d1ceb2f5cd4588862100d08de323dccfbaa"
"""Commit of the data set that is read."""

_START = 2000


def check_wikipedia() -> None:
    """Refuse Wikipedia where the package that reads it is missing.

    Raises:
        DataError: The ``datasets`` package is not installed.
    """
    _datasets()


def _datasets() -> Any:
    try:
        return import_module("datasets")
    except ImportError:
        raise DataError(
            "the corpus 'wikipedia' needs the datasets package; run: pip install 'mlake[wikipedia]', or name "
            "another text with --set corpus=file:PATH"
        ) from None


def articles(lang: str) -> Iterator[str]:
    """The first 2000 characters of each article, in the order of the dump.

    Long articles would take a corpus up with few subjects; ROME's statistics read their starts, too.

    Args:
        lang: Language code.

    Raises:
        UnknownNameError: mlake does not know the language.
        DataError: The ``datasets`` package is not installed, or the hub cannot be read.
    """
    config = f"{_DUMP}.{language(lang).code}"
    datasets = _datasets()
    try:
        dump = datasets.load_dataset(_NAME, config, split="train", streaming=True, revision=REVISION)
        for article in dump:
            yield article["text"][:_START]
    except Exception as error:  # datasets, its HTTP clients and pyarrow share no base of their errors
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(
            f"cannot read {_NAME} {config}: {reason}; check the network, or give text with "
            "--set corpus=file:PATH"
        ) from error

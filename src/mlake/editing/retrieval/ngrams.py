"""Character n-grams weighed by how rare they are: finds the same words, in one language or in one script."""

from collections import Counter
from collections.abc import Iterator, Sequence
from unicodedata import normalize
from zlib import crc32

import torch
from torch import Tensor

from mlake.editing.retrieval.retriever import Retriever
from mlake.errors import EditError
from mlake.models.lm import LM

__all__ = ["Ngrams"]

_PLACES = 4096  # vectors stay small; two n-grams that share a place are rarely in the same questions
_LENGTHS = (2, 3, 4)


class Ngrams(Retriever):
    """TF-IDF of character n-grams, each at the place that its hash gives."""

    name = "tfidf"

    def version(self) -> str:
        """Nothing."""
        return ""

    def state(self, lm: LM, texts: Sequence[str]) -> Tensor:
        """How rare each place is: the logarithm of one over the share of texts that have it."""
        seen = torch.zeros(_PLACES)
        for text in texts:
            seen[sorted(set(_places(text)))] += 1
        return torch.log((1 + len(texts)) / (1 + seen)) + 1

    def embed(self, lm: LM, texts: Sequence[str], state: Tensor) -> Tensor:
        """As ``Retriever.embed``."""
        if state.shape != (_PLACES,):
            raise EditError(f"the memory weighs {state.numel()} n-grams, expected {_PLACES}; make it again")
        counts = torch.zeros(len(texts), _PLACES)
        for row, text in enumerate(texts):
            for place, count in Counter(_places(text)).items():
                counts[row, place] = count
        return torch.nn.functional.normalize(counts.log1p() * state, dim=-1)


def _places(text: str) -> Iterator[int]:
    plain = f" {normalize('NFKC', text).casefold().strip()} "
    for length in _LENGTHS:
        for start in range(len(plain) - length + 1):
            yield crc32(plain[start : start + length].encode("utf-8", "backslashreplace")) % _PLACES

"""RETRIEVERS: a way of finding entries of a memory is a row."""

from mlake.editing.retrieval.hidden import Hidden
from mlake.editing.retrieval.ngrams import Ngrams
from mlake.editing.retrieval.retriever import Retriever
from mlake.editing.retrieval.sentences import Sentences

__all__ = ["RETRIEVERS"]

RETRIEVERS: dict[str, Retriever] = {row.name: row for row in (Sentences(), Hidden(), Ngrams())}
"""Name to retriever, the best first."""

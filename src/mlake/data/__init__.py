"""Data sets: ``load(name)`` over the table ``DATASETS``, and JSON Lines files of one's own.

Nothing here imports torch.
"""

from mlake.data.dataset import Dataset
from mlake.data.datasets import DATASETS, load
from mlake.data.own.jsonl import read_jsonl, to_lines, write_jsonl
from mlake.disk import cache_dir

__all__ = ["DATASETS", "Dataset", "cache_dir", "load", "read_jsonl", "to_lines", "write_jsonl"]

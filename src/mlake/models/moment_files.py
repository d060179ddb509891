"""Second moments on disk: a layer's finished one, and the sum of a pass that may be cut off.

A layer has a file of its own, so that it is found again whatever layers are asked for together with it.
Every file is written whole or not at all. Two processes that measure the same thing write the same
content, so it does not matter whose file stays.
"""

import json
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mlake.disk import TEMPORARY, cache_dir, json_of, keep

__all__ = ["MomentFile"]

_FORMAT = "moments/2"


@dataclass(frozen=True, slots=True)
class MomentFile:
    """Where a layer's moment is kept.

    Attributes:
        path: File of the finished moment; the sum so far is in its neighbour ``….partial``.
    """

    path: Path

    @classmethod
    def of(cls, *key: Any) -> Self:
        """The file for everything that the numbers depend on, as JSON values."""
        digest = sha256(json.dumps([_FORMAT, *key]).encode()).hexdigest()
        return cls(cache_dir() / "moments" / f"{digest[:32]}.safetensors")

    @property
    def _partial(self) -> Path:
        return self.path.with_suffix(".partial")

    def moment(self) -> Tensor | None:
        """The finished moment; None if there is none, or it is damaged."""
        found = _read(self.path)
        return None if found is None else found[0]

    def sum(self) -> tuple[Tensor, int] | None:
        """The sum so far and how many batches are in it; None if there is none, or it is damaged."""
        found = _read(self._partial)
        return None if found is None else (found[0].clone(), found[1]["batches"])

    def write_moment(self, moment: Tensor, *, tokens: int) -> None:
        """Keep a finished moment; its sum is not needed any more."""
        if _write(self.path, moment, {"tokens": tokens}):
            self.drop_sum()

    def write_sum(self, total: Tensor, *, batches: int) -> None:
        """Keep the sum of the first batches."""
        _write(self._partial, total, {"batches": batches})

    def drop_sum(self) -> None:
        """Remove the sum, and what a process that was killed while writing one has left."""
        with suppress(OSError):
            for path in (self._partial, *self.path.parent.glob(f"{TEMPORARY}{self._partial.name}.*")):
                path.unlink(missing_ok=True)


def _checksum(tensor: Tensor, head: Mapping[str, int]) -> int:
    return zlib.crc32(tensor.numpy().data, zlib.crc32(json.dumps(head, sort_keys=True).encode()))


def _write(path: Path, tensor: Tensor, head: Mapping[str, int]) -> bool:
    """Whether it could be written; work goes on without a cache if not."""
    tensor = tensor.cpu().contiguous()
    note = json.dumps({**head, "crc32": _checksum(tensor, head)}, sort_keys=True)
    # One key only: safetensors writes several in random order, and equal moments must be equal files.
    return keep(path, save({"kk": tensor}, {"mlake": note}))


def _read(path: Path) -> tuple[Tensor, dict[str, int]] | None:
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            tensor, head = file.get_tensor("kk"), json_of((file.metadata() or {})["mlake"])
        return (tensor, head) if head.pop("crc32") == _checksum(tensor, head) else None
    except (SafetensorError, OSError, LookupError, TypeError, ValueError):
        return None  # what is damaged is measured again

"""What the machine can do at best, and what it is."""

import os
import platform
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
import transformers

import mlake
from benchmarks.cost import clock
from mlake.models.lm import LM

_SECONDS = 0.5
_ROWS = {"cpu": 1024, "cuda": 8192}
_COPIED = {"cpu": 64 * 2**20, "cuda": 2**30}  # more than caches hold


@dataclass(frozen=True)
class Floor:
    """Rates measured with the model's own shapes and data type.

    Attributes:
        flops: Multiply-adds of a large matrix product, counted twice, a second.
        bandwidth: Bytes a second that a large copy reads and writes.
    """

    flops: float
    bandwidth: float

    @classmethod
    @torch.inference_mode()
    def of(cls, lm: LM) -> "Floor":
        matrix, kind = lm.matrix(0), lm.device.type
        # Random, since a GPU multiplies equal numbers faster.
        rows = torch.randn(_ROWS.get(kind, 1024), matrix.shape[1], device=lm.device).to(matrix.dtype)
        rate = repeated(lambda: rows @ matrix.T, lm.device)
        big = torch.empty(_COPIED.get(kind, 64 * 2**20), dtype=torch.uint8, device=lm.device)
        other = torch.empty_like(big)
        copies = repeated(lambda: other.copy_(big), lm.device)
        return cls(2.0 * rows.shape[0] * matrix.numel() * rate, 2.0 * big.numel() * copies)


def repeated(work: Callable[[], object], device: torch.device) -> float:
    """Calls a second."""
    work()
    times, spent = 0, 0.0
    while spent < _SECONDS:
        spent += clock(lambda: [work() for _ in range(5)], device)
        times += 5
    return times / spent


def body(lm: LM, first: int = 0) -> int:
    """Weights of the blocks from one on that a token passes through."""
    return sum(weight.numel() for block in lm.layers[first:] for weight in block.parameters())


def head(lm: LM) -> int:
    """Weights of the output head."""
    return int(lm.model.get_output_embeddings().weight.numel())


def about(lm: LM, floor: Floor) -> dict[str, Any]:
    """The machine, the versions and the model."""
    cuda = lm.device.type == "cuda"
    return {
        "machine": torch.cuda.get_device_name(lm.device) if cuda else _processor(),
        "threads": torch.get_num_threads(),
        "load": [round(one, 2) for one in os.getloadavg()],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "mlake": mlake.__version__,
        "model": lm.name,
        "model_revision": lm.revision,
        "template": lm.style.template,
        "dtype": str(lm.dtype).removeprefix("torch."),
        "weights_bytes": sum(one.numel() * one.element_size() for one in lm.model.parameters()),
        "matmul_flops": float(f"{floor.flops:.3g}"),
        "copy_bytes": float(f"{floor.bandwidth:.3g}"),
    }


def _processor() -> str:
    with suppress(OSError), open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith("model name"):
                return f"{line.split(':')[1].strip()} × {os.cpu_count()}"
    return f"{platform.processor() or platform.machine()} × {os.cpu_count()}"

"""Trained editors whose container is sound and whose numbers cannot be: refused where they are read."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from mlake.editing.mend.files import TrainedFile
from mlake.editing.mend.hypernet import GradientNetwork
from mlake.errors import EditError


def replaced(path: Path, ending: str, value: Tensor) -> None:
    """The file with one of its tensors replaced."""
    with safe_open(path, "pt") as file:
        head = file.metadata()
    tensors = load_file(path)
    name = next(name for name in sorted(tensors) if name.endswith(ending))
    save_file(tensors | {name: value}, path, head)


@pytest.mark.parametrize(
    ("ending", "value"),
    [
        (".count", torch.tensor(1.0)),
        (".count", torch.tensor(-1)),
        (".count", torch.ones(2, dtype=torch.int64)),
        (".count", torch.tensor(1, dtype=torch.complex64)),
        (".spread", torch.full((80,), -1.0)),
        (".mean", torch.full((80,), torch.nan)),
        ("log_step", torch.full((2,), torch.inf)),
        ("/exp_avg_sq", torch.full((2,), -1.0)),
        ("/step", torch.tensor(-1.0)),
    ],
)
def test_numbers_that_cannot_be(file: Path, ending: str, value: Tensor) -> None:
    assert TrainedFile.read(file, GradientNetwork).tensors
    replaced(file, ending, value)
    with pytest.raises(EditError, match="or damaged; train it with mlake train mend"):
        TrainedFile.read(file, GradientNetwork)


def test_a_head_that_is_nested_too_deeply(file: Path) -> None:
    save_file(load_file(file), file, {"mlake": "[" * 100_000})
    with pytest.raises(EditError, match="or damaged"):
        TrainedFile.read(file, GradientNetwork)

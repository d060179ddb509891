"""Prompt memories: the model's weights stay, and its prompts show facts before the question."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from mlake.disk import as_json, json_of
from mlake.editing.edits.edit import Edit
from mlake.models.lm import LM

__all__ = ["ContextEdit"]


@dataclass(frozen=True, eq=False)
class ContextEdit(Edit):
    """Lines before every question.

    Attributes:
        lines: The lines, such as the facts as sentences.
        report: What the method has to say. JSON values.
    """

    format: ClassVar[str] = "mlake-prompts/1"

    lines: tuple[str, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def applied(self, lm: LM, /) -> Iterator[LM]:
        """The same weights with another style.

        Raises:
            ModelError: A line holds the mark that stands for the question.
        """
        self.warn_of_another_model(lm)
        yield replace(lm, style=lm.style.behind(self.lines))

    def tensors(self) -> dict[str, Tensor]:
        """``lines``: their JSON as bytes."""
        content = as_json(self.lines).encode()
        return {"lines": torch.tensor(list(content), dtype=torch.uint8)}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], report: Mapping[str, Any], /) -> Self:
        """The edit that ``tensors`` gave."""
        lines = json_of(bytes(tensors["lines"].tolist()))
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise ValueError("lines that are no texts")
        return cls(tuple(lines), report)

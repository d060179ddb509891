"""Changes of a subspace at the last token of a name: any name of a subject, in any language."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor

from mlake.disk import as_json, json_of
from mlake.editing.edits.edit import Edit
from mlake.editing.edits.rows import Rows, check_place
from mlake.editing.factors import checked
from mlake.models.hooks import changed_output, watched_input
from mlake.models.lm import LM

__all__ = ["At", "ReftEdit", "Subspaces", "met", "reading"]

_UNSPACED = 0x2E80  # from here on scripts write no spaces


class Subspaces(NamedTuple):
    """One for each block and subject: what stands in it becomes a linear function of the whole.

    Attributes:
        rotation: Orthonormal rows, ``(blocks, subjects, r, d_model)``.
        map: ``(blocks, subjects, r, d_model)``.
        bias: ``(blocks, subjects, r)``.
    """

    rotation: Tensor
    map: Tensor
    bias: Tensor


class At(NamedTuple):
    """Where names end: row, place and subject of each, ``(names,)``."""

    row: Tensor
    place: Tensor
    subject: Tensor


@dataclass(frozen=True, eq=False)
class ReftEdit(Edit):
    """A low-rank change of what every block hands on, at the last token of a subject's name.

    Attributes:
        names: The names of each subject; the longest one that stands in a prompt counts.
        subspaces: For each block and subject.
        report: What the method has to say. JSON values.
    """

    format: ClassVar[str] = "mlake-reft/1"

    names: tuple[tuple[str, ...], ...]
    subspaces: Subspaces
    report: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def applied(self, lm: LM, /) -> Iterator[LM]:
        """The model with hooks at its blocks; without subjects there are none.

        Raises:
            EditError: The edit does not fit the model.
        """
        self.warn_of_another_model(lm)
        if not self.names:
            yield lm
            return
        check_place(lm, len(self.subspaces.bias) - 1, self.subspaces.map.shape[-1])
        with reading(lm, self.names, self.subspaces):
            yield lm

    def tensors(self) -> dict[str, Tensor]:
        """``rotation``, ``map``, ``bias``, and ``names``: their JSON as bytes."""
        content = as_json(self.names).encode()
        return {**self.subspaces._asdict(), "names": torch.tensor(list(content), dtype=torch.uint8)}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], report: Mapping[str, Any], /) -> Self:
        """The edit that ``tensors`` gave."""
        names = json_of(bytes(tensors["names"].tolist()))
        if not isinstance(names, list) or not all(
            isinstance(own, list) and own and all(isinstance(one, str) and one for one in own)
            for own in names
        ):
            raise ValueError("names that are no texts")
        rotation, mapped, bias = (
            checked(tensors[name], dims, finite=True)
            for name, dims in (("rotation", 4), ("map", 4), ("bias", 3))
        )
        fits = rotation.shape == mapped.shape and bias.shape == rotation.shape[:3]
        if not fits or rotation.shape[1] != len(names):
            raise ValueError("parts that do not fit each other")
        return cls(tuple(map(tuple, names)), Subspaces(rotation, mapped, bias), report)


@contextmanager
def reading(lm: LM, names: Sequence[Sequence[str]], subspaces: Subspaces) -> Iterator[None]:
    """Passes in this block that read prompts are changed where they name a subject; all others are not."""
    state = _State(lm, names)
    with ExitStack() as stack:
        stack.enter_context(watched_input(lm.model.get_input_embeddings(), state.see))
        for layer, parts in enumerate(zip(*subspaces, strict=True)):
            change = partial(state.change, subspaces=Subspaces(*parts))
            stack.enter_context(changed_output(lm.layers[layer], change))
        yield


class _State:
    """What the prompts of the batch under way name."""

    def __init__(self, lm: LM, names: Sequence[Sequence[str]]):
        self.lm, self.names, self.rows = lm, names, Rows(lm.passes)
        self.at: At | None = None

    def see(self, ids: Tensor) -> None:
        """Look for names, if the pass reads prompts."""
        if not self.rows.reading:
            self.at = None
            return
        starts, ends = self.rows.starts(ids).tolist(), self.rows.ends(ids).tolist()
        found = []
        for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
            one = met(self.lm, ids[row, start : end + 1].tolist(), self.names)
            if one is not None:
                found.append((row, start + one[0], one[1]))
        self.at = At(*torch.tensor(found, device=ids.device).T) if found else None

    def change(self, hidden: Tensor, *, subspaces: Subspaces) -> Tensor:
        """Change what a block hands on; the same tensor where nothing was named."""
        if self.at is None:
            return hidden
        at = At(*(one.to(hidden.device) for one in self.at))
        rotation, mapped, bias = (one.to(hidden.device)[at.subject] for one in subspaces)
        wide = hidden[at.row, at.place].to(bias.dtype)  # (names, d_model)
        low = torch.einsum("nrd,nd->nr", mapped - rotation, wide) + bias
        new = wide + torch.einsum("nr,nrd->nd", low, rotation)
        return hidden.index_put((at.row, at.place), new.to(hidden.dtype))


def met(lm: LM, ids: Sequence[int], names: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """Last token of the longest name in a prompt, and its subject; None where no name stands there.

    Args:
        lm: The model: its tokenizer.
        ids: The prompt's tokens.
        names: The names of each subject. Of equal ones the last subject's counts.
    """
    read = partial(lm.tokenizer.decode, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    text = read(list(ids))
    every = ((name, subject) for subject, own in enumerate(names) for name in own if name in text)
    for name, subject in sorted(every, key=lambda one: (len(one[0]), one[1]), reverse=True):
        stop = _stop(text, name)
        if stop is not None:
            whole = (len(read(list(ids[:end])).rstrip("\ufffd")) >= stop for end in range(1, len(ids) + 1))
            return next(place for place, one in enumerate(whole) if one), subject
    return None


def _stop(text: str, name: str) -> int | None:
    """Where the last occurrence of a name ends that is no part of a word."""
    start = text.rfind(name)
    while start >= 0:
        stop = start + len(name)
        before, after = text[max(start - 1, 0) : start], text[stop : stop + 1]
        if not (_joined(before, name[0]) or _joined(name[-1], after)):
            return stop
        start = text.rfind(name, 0, stop - 1)
    return None


def _joined(left: str, right: str) -> bool:
    """Whether two signs stand in one word."""
    return all(one.isalnum() and ord(one) < _UNSPACED for one in (left, right) if one) and bool(
        left and right
    )

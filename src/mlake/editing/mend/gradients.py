"""Which matrices a trained editor edits, and the gradient of each, of one forward and backward pass.

The gradient of a linear map's weight is a sum over tokens, ``Σ δ uᵀ``, of the gradient at its output and
its input (Mitchell et al. 2022, section 3.2). Both are at hand after the backward pass.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from mlake.editing.factors import Factors
from mlake.editing.locate.rows import wide
from mlake.editing.mend.upper import Upper
from mlake.errors import EditError, ModelError
from mlake.models.batches import by_length
from mlake.models.hooks import changed_output, watched_input, watched_output
from mlake.models.lm import LM
from mlake.models.spans import Encoded

__all__ = ["Gradient", "Matrix", "each", "edited", "edited_matrices", "first_block", "gradients"]

_BLOCKS = 3
_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class Matrix:
    """A linear map that is edited.

    Attributes:
        name: Its weight's name in ``model.named_parameters()``.
        module: The map.
        transposed: True where the weight is stored ``(d_in, d_out)``, as GPT-2's Conv1D does.
        d_in: Width of its input.
        d_out: Width of its output.
        layer: The block that it is in.
    """

    name: str
    module: nn.Module
    transposed: bool
    d_in: int
    d_out: int
    layer: int

    @classmethod
    def of(cls, lm: LM, layer: int, module: Any) -> Self:
        """A linear map of a block."""
        name = next(name for name, weight in lm.model.named_parameters() if weight is module.weight)
        transposed = isinstance(module, Conv1D)
        d_out, d_in = reversed(module.weight.shape) if transposed else module.weight.shape
        return cls(name, module, transposed, d_in, d_out, layer)

    @property
    def size(self) -> float:
        """Root mean square of its weights."""
        weight: Tensor = self.module.weight  # type: ignore[assignment]
        return float(weight.double().square().mean().sqrt())

    def stored(self, factors: Factors) -> Factors:
        """An update ``left (d_out, n)``, ``right (d_in, n)`` in the layout in which the model stores it."""
        return Factors(factors.right, factors.left) if self.transposed else factors


class Gradient(NamedTuple):
    """The gradient of a matrix as a sum over tokens, ``deltas.T @ inputs``.

    Attributes:
        inputs: u, what the matrix was fed at each token, ``(tokens, d_in)``.
        deltas: δ, the gradient of the loss at its output, ``(tokens, d_out)``.
    """

    inputs: Tensor
    deltas: Tensor


def first_block(lm: LM) -> int:
    """The first block that is edited: of the last three, as in the paper."""
    return max(0, len(lm.layers) - _BLOCKS)


def edited_matrices(lm: LM) -> tuple[Matrix, ...]:
    """All linear maps inside the MLPs of the last three blocks.

    Raises:
        ModelError: The MLPs hold none.
    """
    found = [
        Matrix.of(lm, layer, module)
        for layer in range(first_block(lm), len(lm.layers))
        for module in lm.mlp(layer).modules()
        if isinstance(module, nn.Linear | Conv1D)
    ]
    if not found:
        raise ModelError(
            f"the MLPs of {lm.name!r} hold no linear maps, which a trained editor changes; use another method"
        )
    return tuple(found)


def gradients(
    lm: LM,
    matrices: Sequence[Matrix],
    prompts: Sequence[Encoded],
    *,
    answers: bool = False,
    progress: Callable[[int], object] = lambda done: None,
) -> list[Gradient]:
    """Gradients of the sum over prompts of the mean negative log-likelihood of each one's target.

    A prompt's gradient does not depend on the others it is computed with, so as many as fit go together.
    Tokens at which the gradient is zero (padding, and in the last block those that predict no target)
    are left out.

    Args:
        lm: The model; left as it was.
        matrices: Linear maps of MLPs.
        prompts: Prompts with targets.
        answers: Whether only the tokens that predict a target's tokens are read, all of them.
        progress: Called with the number of prompts just finished.

    Returns:
        For each matrix its gradient, in float32 or wider.

    Raises:
        EditError: A number is not finite.
    """
    parts = each(lm, matrices, prompts, answers=answers, progress=progress).values()
    return [Gradient(*map(torch.cat, zip(*every, strict=True))) for every in zip(*parts, strict=True)]


def each(
    lm: LM,
    matrices: Sequence[Matrix],
    prompts: Sequence[Encoded],
    *,
    answers: bool = False,
    progress: Callable[[int], object] = lambda done: None,
) -> dict[int, list[Gradient]]:
    """Gradients prompt by prompt: arguments, errors and the rest as in ``gradients``.

    Returns:
        The number of each prompt to its gradients, those that were computed first standing first.
    """
    found: dict[int, list[Gradient]] = {}
    for members in by_length([len(p.ids) for p in prompts], _TOKENS):
        made = _together(lm, matrices, [prompts[i] for i in members], answers)
        found |= dict(zip(members, made, strict=True))
        progress(len(members))
    return found


def _together(
    lm: LM, matrices: Sequence[Matrix], prompts: Sequence[Encoded], answers: bool
) -> list[list[Gradient]]:
    """The gradients of each prompt."""
    upper = Upper.of(lm, min(matrix.layer for matrix in matrices), prompts)
    inputs: dict[int, Tensor] = {}
    outputs: dict[int, Tensor] = {}
    with torch.enable_grad(), ExitStack() as stack:
        for at, matrix in enumerate(matrices):
            stack.enter_context(watched_input(matrix.module, partial(inputs.__setitem__, at)))
            stack.enter_context(watched_output(matrix.module, partial(outputs.__setitem__, at)))
        nll = upper.nll(upper.logs(lm, upper.hidden.detach().requires_grad_()))
        every = torch.autograd.grad(nll.sum(), [outputs[at] for at in range(len(matrices))])
    found: list[list[Gradient]] = [[] for _ in prompts]
    for at, delta in enumerate(every):
        if not torch.isfinite(delta).all():
            raise EditError(
                f"the gradient of {matrices[at].name} is not finite; expected finite numbers; "
                "load the model in float32 (--dtype fp32)"
            )
        for one, counts, fed, slope in zip(
            found, _counted(upper, delta, answers), inputs[at].detach(), delta, strict=True
        ):
            one.append(Gradient(wide(fed[counts]), wide(slope[counts])))
    return found


def _counted(upper: Upper, delta: Tensor, answers: bool) -> Tensor:
    """Tokens that are read, ``(rows, length)``."""
    mask = upper.mask.bool().to(delta.device)
    if not answers:
        return mask & (delta != 0).any(-1)
    predicting = torch.zeros_like(mask)
    predicting[upper.place[:, 0], upper.place[:, 1]] = True
    return predicting


@contextmanager
def edited(matrices: Sequence[Matrix], factors: Sequence[Factors]) -> Iterator[None]:
    """Forward passes in this block see ``W + left rightᵀ``; gradients flow to the factors.

    The weights are not touched and not copied. The product is taken in float32 or wider.
    """
    with ExitStack() as stack:
        inputs: dict[int, Tensor] = {}
        for at, (matrix, pair) in enumerate(zip(matrices, factors, strict=True)):
            stack.enter_context(watched_input(matrix.module, partial(inputs.__setitem__, at)))
            stack.enter_context(changed_output(matrix.module, partial(_moved, inputs, at, pair)))
        yield


def _moved(inputs: Mapping[int, Tensor], at: int, factors: Factors, output: Tensor) -> Tensor:
    left, right = (factor.to(output.device) for factor in factors)
    return (wide(output) + (wide(inputs[at]) @ right) @ left.T).to(output.dtype)

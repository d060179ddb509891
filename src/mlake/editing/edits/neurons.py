"""How much an edit changes each MLP neuron (Figure 7).

A neuron is one entry of the MLP's inner vector: one column of the down-projection, with its rows of the
gate and up projections (and its entry of their biases) where an edit changes those too. Its change is the
L2 norm of the change of all these weights. Norms come from the factors of an edit, without the dense
matrix: column j of ``L Rᵀ`` has the squared norm ``r_j (LᵀL) r_jᵀ``.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor

from mlake.editing.factors import Factors
from mlake.errors import EditError
from mlake.models.lm import LM

__all__ = ["column_squares", "parameter_neurons"]


def column_squares(left: Tensor, right: Tensor) -> Tensor:
    """Squared norm of each column of ``left @ right.T``, in float64.

    Args:
        left: ``(d_out, n)``.
        right: ``(d_in, n)``.

    Returns:
        ``(d_in,)``.
    """
    wide, columns = left.double(), right.double()
    # Rounding may leave a tiny negative number where a column is nearly zero.
    return ((columns @ (wide.T @ wide)) * columns).sum(-1).clamp(min=0)


def parameter_neurons(
    lm: LM, factors: Mapping[str, Factors], values: Mapping[str, Tensor]
) -> dict[int, Tensor]:
    """How much a change of parameters changes each neuron.

    Args:
        lm: The unedited model.
        factors: Parameter to its low-rank change.
        values: Parameter to its new value.

    Returns:
        Layer to L2 norms ``(d_ff,)``, of the layers whose MLP is changed, in order; none where it is not
        known what its neurons are.

    Raises:
        EditError: The change does not fit the model.
    """
    if not lm.understood:
        return {}
    squares: dict[int, Tensor] = {}
    originals = dict(lm.model.named_parameters())
    width = lm.matrix(0).shape[1]
    for name in dict.fromkeys((*factors, *values)):
        if name not in originals:
            raise EditError(f"the edit changes {name!r}, which {lm.name!r} lacks; give the model it is for")
        place = _place(lm, name)
        if place is None:
            continue
        layer, by_column = place
        if originals[name].shape[-1 if by_column else 0] % width:
            continue  # it has no entry a neuron
        if name in values:
            across = _across(name, values[name], originals[name], by_column=by_column)
        else:
            across = _across_factors(name, factors[name], originals[name], by_column=by_column)
        part = across.reshape(-1, width).sum(0)  # gate and up may stand one above the other
        squares[layer] = squares[layer] + part if layer in squares else part
    return {layer: squares[layer].sqrt().cpu() for layer in sorted(squares)}


def _place(lm: LM, name: str) -> tuple[int, bool] | None:
    """Layer of a parameter of an MLP's neurons, and whether a neuron is a column of it; None for others."""
    place = name.removeprefix(f"{lm.arch.layers}.")
    layer, _, rest = place.partition(".")
    if place == name or not rest.startswith(f"{lm.arch.mlp}."):
        return None
    inner = rest == f"{lm.arch.down}.weight"
    if not inner and rest.startswith(f"{lm.arch.down}."):
        return None  # the bias of the down-projection belongs to no neuron
    return int(layer), inner != lm.arch.transposed


def _across(name: str, value: Tensor, original: Tensor, *, by_column: bool) -> Tensor:
    """Squared change of each column, or row, by a new value."""
    if value.shape != original.shape:
        raise _misfit(name, value.shape, original)
    change = (value.to(original.device).double() - original.detach().double()).square()
    return change.sum(0 if by_column else -1) if change.ndim == 2 else change


def _across_factors(name: str, factors: Factors, original: Tensor, *, by_column: bool) -> Tensor:
    """Squared change of each column, or row, by a low-rank change."""
    left, right = factors
    if (left.shape[0], right.shape[0]) != tuple(original.shape):
        raise _misfit(name, (left.shape[0], right.shape[0]), original)
    return column_squares(left, right) if by_column else column_squares(right, left)


def _misfit(name: str, shape: Sequence[int], original: Tensor) -> EditError:
    return EditError(
        f"edit of {name} has shape {tuple(shape)}, the model's is {tuple(original.shape)}; "
        "give the model it was made for"
    )

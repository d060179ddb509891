"""How much an edit changes each MLP neuron (Figure 7).

A neuron is one entry of the MLP's inner vector: one column of the down-projection, with its rows of the
gate and up projections (and its entry of their biases) where an edit changes those too. Its change is the
L2 norm of the change of all these weights. Norms come from the factors of an edit, without the dense
matrix: column j of ``L Rᵀ`` has the squared norm ``r_j (LᵀL) r_jᵀ``.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mlake.analysis.overlap import NeuronOverlap, overlap_of
from mlake.editing import WeightEdit, load_edit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.errors import EditError, RunError
from mlake.models.lm import LM

__all__ = ["factor_norms", "neuron_changes", "neuron_overlap"]


def neuron_overlap(folder: Path, langs: Sequence[str], *, lm: LM | None = None) -> NeuronOverlap:
    """Compare the stored edits of a run between languages; see ``mlake.analysis.overlap.overlap_of``.

    Args:
        folder: The run's folder; edits are ``edits/<lang>/<batch>.safetensors`` below it.
        langs: Languages that were edited in, in the order of the pairs.
        lm: The unedited model; needed where edits name parameters, as fine-tuning and MEND do.

    Raises:
        RunError: Fewer than two languages, or one of them, have no edits, or no batch in common.
        EditError: An edit is damaged, changes no neuron, or does not fit the model or the others.
    """
    return overlap_of(
        {lang: {int(path.stem): _read(path, lm) for path in _paths(folder, lang)} for lang in langs}
    )


def neuron_changes(edit: WeightEdit | ParameterEdit, lm: LM | None = None) -> dict[int, NDArray[np.float64]]:
    """How much an edit changes each neuron.

    Args:
        edit: The edit.
        lm: The unedited model, for an edit that names parameters.

    Returns:
        Layer to L2 norms ``(d_ff,)``, of the layers whose MLP is changed, in order.

    Raises:
        EditError: The edit changes no MLP, does not fit the model, or needs one that is not given.
    """
    if isinstance(edit, WeightEdit):
        squares = {layer: _squares(*factors) for layer, factors in edit.factors.items()}
    elif lm is None:
        raise EditError("the edit names parameters of a model; give the unedited model it was made for")
    else:
        squares = {}
        for layer, part in _parts(edit, lm):
            squares[layer] = squares[layer] + part if layer in squares else part
    if not squares:
        raise EditError("the edit changes no MLP neuron; overlap is for methods that edit MLP weights")
    return {layer: squares[layer].sqrt().cpu().numpy() for layer in sorted(squares)}


def factor_norms(left: Tensor, right: Tensor) -> Tensor:
    """L2 norm of each column of ``left @ right.T``, in float64, without the product.

    Args:
        left: ``(d_out, n)``.
        right: ``(d_in, n)``.

    Returns:
        ``(d_in,)``.
    """
    return _squares(left, right).sqrt()


def _squares(left: Tensor, right: Tensor) -> Tensor:
    wide, columns = left.double(), right.double()
    # Rounding may leave a tiny negative number where a column is nearly zero.
    return ((columns @ (wide.T @ wide)) * columns).sum(-1).clamp(min=0)


def _parts(edit: ParameterEdit, lm: LM) -> Iterator[tuple[int, Tensor]]:
    """Layer and squared change of its neurons, for each changed parameter of an MLP that has neurons."""
    originals = dict(lm.model.named_parameters())
    width = lm.matrix(0).shape[1]
    for name in dict.fromkeys((*edit.factors, *edit.values)):
        if name not in originals:
            raise EditError(f"the edit changes {name!r}, which {lm.name!r} lacks; give the model it is for")
        place = name.removeprefix(f"{lm.arch.layers}.")
        layer, _, rest = place.partition(".")
        if place == name or not rest.startswith(f"{lm.arch.mlp}."):
            continue
        inner = rest == f"{lm.arch.down}.weight"
        if not inner and rest.startswith(f"{lm.arch.down}."):
            continue  # the bias of the down-projection belongs to no neuron
        part = _neuron_squares(edit, name, originals[name], width, by_column=inner != lm.arch.transposed)
        if part is not None:
            yield int(layer), part


def _neuron_squares(
    edit: ParameterEdit, name: str, original: Tensor, width: int, *, by_column: bool
) -> Tensor | None:
    """Squared change of each neuron by one parameter, ``(width,)``; None if it has no entry a neuron."""
    if original.shape[-1 if by_column else 0] % width:
        return None
    if name in edit.values:
        value = edit.values[name]
        if value.shape != original.shape:
            raise _misfit(name, value.shape, original)
        change = (value.to(original.device).double() - original.detach().double()).square()
        across = change.sum(0 if by_column else -1) if change.ndim == 2 else change
    else:
        left, right = edit.factors[name]
        if (left.shape[0], right.shape[0]) != tuple(original.shape):
            raise _misfit(name, (left.shape[0], right.shape[0]), original)
        across = _squares(left, right) if by_column else _squares(right, left)
    return across.reshape(-1, width).sum(0)  # gate and up may stand one above the other


def _misfit(name: str, shape: Sequence[int], original: Tensor) -> EditError:
    return EditError(
        f"edit of {name} has shape {tuple(shape)}, the model's is {tuple(original.shape)}; "
        "give the model it was made for"
    )


def _paths(folder: Path, lang: str) -> list[Path]:
    paths = [path for path in (folder / "edits" / lang).glob("*.safetensors") if path.stem.isdigit()]
    if not paths:
        raise RunError(f"{folder} holds no edits in {lang!r}; finish the run, or leave the language out")
    return paths


def _read(path: Path, lm: LM | None) -> dict[int, NDArray[np.float64]]:
    edit = load_edit(path)
    try:
        changes = neuron_changes(edit, lm)
    except EditError as error:
        raise EditError(f"{path}: {error}") from None
    if not all(np.isfinite(norms).all() for norms in changes.values()):
        raise EditError(f"{path} holds NaN or infinity; make the edit again")
    return changes

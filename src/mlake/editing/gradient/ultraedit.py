"""UltraEdit: one closed-form step from features of the gradient that all edits so far have normalised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.factors import Factors
from mlake.editing.gradient.published import PLACES, place_for
from mlake.editing.gradient.running import Running
from mlake.editing.locate.update import Identity, closed_form
from mlake.editing.mend.gradients import Gradient, Matrix, gradients
from mlake.editing.method import Method, Progress, Range
from mlake.editing.prompts import need_facts, prompted, refusal
from mlake.errors import EditError
from mlake.models.lm import LM
from mlake.records import Statement

__all__ = ["UltraEdit", "shift"]

_NAMES = {"gate": "gate_proj", "up": "up_proj"}


@dataclass(frozen=True, slots=True)
class UltraEdit(Method):
    """UltraEdit (Gu et al. 2025), as its authors' code does it.

    Attributes:
        rate: Size of the step.
        gate: Blocks whose gate is edited; what was published for the family, scaled to the model's depth,
            unless set.
        up: Blocks whose up-projection is edited.
        down: Blocks whose down-projection is edited.
    """

    family: ClassVar[str] = "gradient"
    weighs: ClassVar[str] = "a rank for each token of the answers, in each map"

    rate: float = 1e-6
    gate: tuple[int, ...] = ()
    up: tuple[int, ...] = ()
    down: tuple[int, ...] = ()

    def suggested(self, lm: LM, /) -> Mapping[str, Any]:
        """The blocks."""
        return place_for(lm, gated=_gated(lm))[0]

    def families(self) -> Sequence[Mapping[str, Any]]:
        """The rows of ``PLACES``."""
        return [one._asdict() | {"like": ""} for one in PLACES]

    def published(self, lm: LM, /) -> str:
        """Where the blocks for this family were published."""
        if self.origin and self.origin.tuned:
            return self.origin.tuned
        return place_for(lm, gated=_gated(lm))[1] or "none was published for this family: mlake's own choice"

    def fitted(self, lm: LM, /) -> Self:
        """The method itself.

        Raises:
            EditError: It names no map, or one that the model has not.
        """
        self._matrices(lm)
        return self

    def refusal(self, lm: LM, statement: Statement, /) -> str | None:
        """Why its target cannot be found behind its prompt."""
        return refusal(lm, statement, "question", "prompt")

    def search(self) -> Mapping[str, Range]:
        """How far to go: what was published is for models of 7B and more."""
        return {"rate": Range(self.rate / 10, self.rate * 1000, "log", 9)}

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> ParameterEdit:
        """Compute an edit that makes the model state these facts. The model is left as it was.

        Args:
            lm: The model, edited before or not.
            statements: The facts, each in the language it is edited in.
            text: Not used.
            history: The last one's normalisation goes on.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: No facts, or numbers that are not finite.
            SubjectError: A fact has no new answer.
        """
        need_facts(statements)
        matrices = self._matrices(lm)
        prompts = [prompted(lm, one, kind="question", key="prompt", contexts=0).plain for one in statements]
        found = gradients(lm, matrices, prompts, answers=True, progress=progress)
        running = _seen(matrices, found, history)
        made = {
            matrix.name: matrix.stored(_kept(lm, shift(features, running[_shape(matrix)], self.rate)))
            for matrix, features in zip(matrices, found, strict=True)
        }
        report = {
            "method": self.config(),
            "model": lm.name,
            "model_revision": lm.revision,
            "facts": [{"fact": one.fact, "lang": one.lang} for one in statements],
        }
        carried = {key: one for name, stats in running.items() for key, one in stats.tensors(name).items()}
        return ParameterEdit(made, report=report, carried=carried)

    def _matrices(self, lm: LM) -> list[Matrix]:
        depth, found = len(lm.layers), list[Matrix]()
        for kind in ("gate", "up", "down"):
            for layer in getattr(self, kind):
                if layer >= depth:
                    raise EditError(f"{kind}={layer}: the model has blocks 0 to {depth - 1}; set another one")
                module = lm.down(layer) if kind == "down" else _part(lm, layer, kind)
                if module is None:
                    raise EditError(
                        f"the MLPs of {lm.name!r} have no {kind} of their own; set {kind}=[] and down=[…]"
                    )
                found.append(Matrix.of(lm, layer, module))
        if not found:
            raise EditError(f"{self.name} edits no map; set gate, up or down to blocks of the model")
        return found


def shift(features: Gradient, running: Running, rate: float) -> Factors:
    """The change of a map.

    With normalised features ĥ and ĝ of each token's input h and gradient g, tokens as rows,
    ``V = -rate ‖ĥ‖² ĝ`` and ``ΔW = Vᵀ (H Hᵀ + I)⁻¹ H``: the closed form with no metric and a ridge of 1.

    Args:
        features: Inputs h, ``(tokens, d_in)``, and gradients g, ``(tokens, d_out)``.
        running: Normalises both, side by side.
        rate: Size of the step.
    """
    fed = features.inputs.double().cpu()
    one, other = running.normal(torch.cat(features, dim=1)).tensor_split([fed.shape[1]], dim=1)
    wanted = -rate * one.square().sum(1, keepdim=True) * other
    return closed_form(wanted.T, fed.T, Identity(), 1.0)


def _seen(
    matrices: Sequence[Matrix], found: Sequence[Gradient], history: Sequence[Edit]
) -> dict[str, Running]:
    """What normalises the features of maps of each shape: those of this edit and of all before it."""
    carried: Mapping[str, Tensor] = history[-1].carried if history else {}
    running = {_shape(one): Running.of(carried, _shape(one), one.d_in + one.d_out) for one in matrices}
    for matrix, features in zip(matrices, found, strict=True):
        running[_shape(matrix)] = running[_shape(matrix)].seen(torch.cat(features, dim=1))
    if any(float(one.n) < 2 for one in running.values()):
        raise EditError("one token says nothing of how features vary; edit several facts together")
    return running


def _shape(matrix: Matrix) -> str:
    return f"{matrix.d_in}x{matrix.d_out}"


def _kept(lm: LM, factors: Factors) -> Factors:
    """Factors as they are stored: float32, or float64 for a float64 model."""
    slim = factors.slim()
    wide = lm.dtype == torch.float64
    return slim if wide else Factors(slim.left.float(), slim.right.float())


def _part(lm: LM, layer: int, kind: str) -> nn.Module | None:
    part: nn.Module | None = getattr(lm.mlp(layer), _NAMES[kind], None)
    return part


def _gated(lm: LM) -> bool:
    return _part(lm, 0, "gate") is not None

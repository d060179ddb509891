"""Norm anchors: values that are all of one length, so that edits on top of each other do not grow.

A value is optimised in the model that the edits before left, and can be longer than those: a sequence of
edits then runs away. So the output of the MLP that is to be written is brought to the mean length that such
outputs have in the model before any edit (NAS, https://arxiv.org/abs/2602.02543).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mlake.editing.locate.value import Values
from mlake.editing.prompts import Prompted
from mlake.models.deltas import RowDeltas
from mlake.models.keys import outputs_at
from mlake.models.lm import LM

__all__ = ["SKIPPED", "Anchored", "anchored", "mlp_outputs", "typical"]

SKIPPED = "not edited: its value is more than twice as long as the anchor"
_DROPPED = 0.05
_LONGEST = 2.0


class Anchored(NamedTuple):
    """Values of one length.

    Attributes:
        values: The values; of facts that are skipped the clean ones.
        skipped: Which facts are skipped, ``(facts,)``.
    """

    values: Values
    skipped: Tensor


def typical(lengths: Tensor) -> float:
    """The mean of lengths without the longest twentieth."""
    kept = len(lengths) - int(_DROPPED * len(lengths))
    return float(lengths.double().sort().values[:kept].mean())


def mlp_outputs(
    lm: LM,
    layer: int,
    site: str,
    facts: Sequence[Prompted],
    clean: Tensor,
    deltas: RowDeltas,
    groups: Sequence[int],
) -> Tensor:
    """What the down-projection of a block emits at the key tokens, ``(facts, d)``.

    Args:
        lm: The model.
        layer: The block.
        site: Where values are optimised; at ``down`` they are these outputs themselves.
        facts: The facts.
        clean: Values before, ``(facts, d)``.
        deltas: Edits in force.
        groups: Group of each fact.
    """
    if site == "down":
        return clean
    plain = [fact.plain for fact in facts]
    return outputs_at(lm, layer, plain, "down", deltas=deltas, groups=groups).to(clean)


def anchored(values: Values, emitted: Tensor, anchors: Tensor) -> Anchored:
    """Values whose part that is written is as long as its anchor.

    Args:
        values: The values.
        emitted: What the down-projection emits before, ``(facts, d)``.
        anchors: Length for each fact, ``(facts,)``.
    """
    wanted = emitted + values.target - values.clean
    lengths = wanted.norm(dim=1)
    skipped = lengths > _LONGEST * anchors
    scaled = wanted * (anchors / lengths.clamp_min(1e-30))[:, None]
    target = torch.where(skipped[:, None], values.clean, values.clean + scaled - emitted)
    return Anchored(values._replace(target=target), skipped)

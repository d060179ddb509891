"""Trying an edit: whether the model took it, and whether it left other facts alone (eq. 5 and 6)."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor

from mlake.editing.factors import Factors
from mlake.editing.mend.examples import Draw, Example, draw
from mlake.editing.mend.gradients import Matrix, edited, first_block
from mlake.editing.mend.network import Network
from mlake.editing.mend.upper import Upper
from mlake.models.lm import LM

__all__ = ["Point", "tried", "validated"]

_BATCHES = 5


class Point(NamedTuple):
    """How good edits are; in training the losses carry gradients.

    Attributes:
        edit: Mean negative log-likelihood of the new answers after the edit, asked in other words.
        locality: Mean KL divergence of the edited model from the unedited one, over all tokens of questions
            about other facts and of their old answers.
        success: Share of new answers of which every token is the most likely one, asked in other words.
        kept: Share of the tokens of those other questions and answers before which the most likely token
            stays what it was.
    """

    edit: Tensor
    locality: Tensor
    success: Tensor
    kept: Tensor

    def numbers(self) -> dict[str, float]:
        """The numbers by name."""
        return {name: float(value.detach()) for name, value in self._asdict().items()}


def tried(lm: LM, matrices: Sequence[Matrix], made: Sequence[Factors], drawn: Draw) -> Point:
    """How good an edit is; gradients flow to its factors.

    Args:
        lm: The model; left as it is.
        matrices: Its matrices that are edited.
        made: The edit.
        drawn: What is edited and asked.
    """
    block = first_block(lm)
    near = Upper.of(lm, block, drawn.near)
    far = Upper.of(lm, block, drawn.far, whole=True) if drawn.far else None
    with torch.no_grad():
        said = far.logs(lm) if far else None
    locality, kept = torch.zeros(()), torch.ones(())
    with edited(matrices, made):
        logs = near.logs(lm)
        if far is not None and said is not None:
            now = far.logs(lm)
            locality = (said.exp() * (said - now)).sum(-1).mean()
            kept = (said.argmax(-1) == now.argmax(-1)).double().mean()
    right = (logs.argmax(-1) == near.token.to(logs.device)).to(logs.dtype)
    success = (near.mean(right) == 1).double().mean()
    return Point(near.nll(logs).mean(), locality, success, kept)


def validated(
    lm: LM,
    matrices: Sequence[Matrix],
    network: Network,
    pool: Mapping[str, Sequence[Example]],
    *,
    count: int,
    others: int,
) -> dict[str, float]:
    """Means of ``Point`` over a few batches, which are the same at every call.

    Args:
        lm: The model; left as it is.
        matrices: Its matrices that are edited.
        network: The editor.
        pool: Facts by language, that the editor is not trained on.
        count: Facts that are edited together.
        others: Questions about other facts asked of each batch.
    """
    points = []
    for number in range(_BATCHES):
        drawn = draw(pool, Random(number), count=count, others=others)
        found = network.features(lm, matrices, drawn.edit, drawn.told)
        with torch.no_grad():
            points.append(tried(lm, matrices, network(found), drawn).numbers())
    return {name: sum(point[name] for point in points) / _BATCHES for name in Point._fields}

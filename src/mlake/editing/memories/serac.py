"""SERAC: a memory whose scope is trained, with the unedited model as the counterfactual one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from mlake.editing.edits.memory import Entry, MemoryEdit
from mlake.editing.edits.scoped import ScopedEdit, features
from mlake.editing.memories.recalling import Recalling
from mlake.editing.memories.wording import wordings
from mlake.editing.method import Range
from mlake.editing.retrieval.table import RETRIEVERS
from mlake.errors import EditError
from mlake.models.lm import LM
from mlake.records import Exchange, Statement

__all__ = ["Pairs", "Serac", "logistic"]

_FEWEST = 4  # facts with which a scope can be trained
_STEPS = 50  # of Newton's method, which is done after ten or so
_RIDGE = 1e-3


class Pairs(NamedTuple):
    """Questions beside facts of a memory.

    Attributes:
        features: Of each pair, ``(pairs, 3)``.
        own: Whether the question asks for the fact, ``(pairs,)``.
    """

    features: Tensor
    own: Tensor


@dataclass(frozen=True, slots=True)
class Serac(Recalling):
    """Mitchell et al. 2022, with ``freeze_cntr``: the model itself answers behind the fact.

    Attributes:
        threshold: A fact is shown to a question that asks for it with this probability or a larger one.
        scope_facts: Facts of the ordinary text that the scope is trained on, half of them in a memory.
    """

    threshold: float = 0.5
    scope_facts: int = 40

    def search(self) -> Mapping[str, Range]:
        """How sure is sure enough."""
        return {"threshold": Range(0.1, 0.9, "linear", 9, cheap=True)}

    def finished(
        self, lm: LM, made: MemoryEdit, statements: Sequence[Statement], text: Sequence[str]
    ) -> ScopedEdit:
        """The memory with a scope that is trained on facts of the text.

        Raises:
            EditError: The text holds too few facts.
        """
        langs = list(dict.fromkeys(one.lang for one in made.entries))
        groups = _facts(text, langs)
        count = min(len(groups), self.scope_facts)
        if count < _FEWEST:
            raise EditError(
                f"{self.name} trains its scope on facts that are not edited; its text has {len(groups)} in "
                f"{', '.join(langs)}, expected {_FEWEST} or more; give the ordinary text of a data set"
            )
        chosen = [groups[at * len(groups) // count] for at in range(count)]
        pairs, background = _pairs(lm, made, chosen[::2], chosen[1::2], langs)
        weights = logistic(pairs)
        right = _right(pairs, weights, self.threshold)
        source = f"trained on {count} facts that are not edited, of which {right:.1%} are told"
        scope = {"least": self.threshold, "source": source, "weights": weights.tolist()}
        return ScopedEdit(
            made.entries, made.embeddings, made.state, made.retriever, made.version, 0.0, self.threshold,
            wordings(0, langs), self.report(lm, statements, scope), weights, background,
        )  # fmt: skip


def logistic(pairs: Pairs) -> Tensor:
    """Weights of a logistic regression in which both kinds of pairs count the same, ``(4,)`` in float64."""
    inputs = torch.cat([pairs.features, torch.ones_like(pairs.features[:, :1])], dim=1)
    own = pairs.own.double()
    counts = torch.where(pairs.own, 0.5 / own.sum(), 0.5 / (1 - own).sum())
    weights = inputs.new_zeros(inputs.shape[1])
    ridge = _RIDGE * torch.eye(len(weights), dtype=inputs.dtype)
    for _ in range(_STEPS):
        found = (inputs @ weights).sigmoid()
        slope = inputs.T @ (counts * (found - own)) + ridge @ weights
        curve = (inputs * (counts * found * (1 - found))[:, None]).T @ inputs + ridge
        weights = weights - torch.linalg.solve(curve, slope)
    return weights


def _right(pairs: Pairs, weights: Tensor, threshold: float) -> float:
    """Share of pairs told right, both kinds counting the same."""
    found = (pairs.features @ weights[:-1] + weights[-1]).sigmoid() >= threshold
    right = (found == pairs.own).double()
    return float((right[pairs.own].mean() + right[~pairs.own].mean()) / 2)


def _facts(text: Sequence[str], langs: Sequence[str]) -> list[list[Exchange]]:
    """The questions of each fact that the text asks for in one of some languages."""
    asked = [one for one in text if isinstance(one, Exchange) and one.fact]
    groups = [list(group) for _, group in groupby(asked, key=lambda one: one.fact)]
    return [group for group in groups if any(one.lang in langs for one in group)]


def _pairs(
    lm: LM,
    made: MemoryEdit,
    known: Sequence[Sequence[Exchange]],
    others: Sequence[Sequence[Exchange]],
    langs: Sequence[str],
) -> tuple[Pairs, Tensor]:
    """Each question beside the nearest other fact of a memory, and beside its own if that is there.

    Also the vectors of the memory. A fact is not found by the very question that asks for it, if it is
    there in another language too.
    """
    abroad = any(len(one.names) > 1 for one in made.entries)
    entries = [
        Entry(str(number), one.lang, str(one), "", _names(group if abroad else [one]))
        for number, group in enumerate(known)
        for one in group
        if one.lang in langs
    ]
    embed = RETRIEVERS[made.retriever].embed
    memory = embed(lm, [one.question for one in entries], made.state)
    rows, own = list[Tensor](), list[bool]()
    for number, group in enumerate((*known, *others)):
        for one, query in zip(group, embed(lm, [str(one) for one in group], made.state), strict=True):
            kept = [i for i, entry in enumerate(entries) if entry.question != str(one)]
            if not any(entries[i].fact == str(number) for i in kept):
                kept = list(range(len(entries)))
            facts = [entries[i].fact for i in kept]
            named = {entry.fact for entry in entries if entry.named(str(one), one.lang)}
            cosines = memory[kept] @ query
            found = features(cosines, facts, [fact in named for fact in facts], cosines[:0])
            for is_own in (True, False):
                some = [i for i, fact in enumerate(facts) if (fact == str(number)) == is_own]
                if some:
                    rows.append(found[max(some, key=lambda i: float(cosines[i]))])
                    own.append(is_own)
    return Pairs(torch.stack(rows), torch.tensor(own)), memory


def _names(group: Sequence[Exchange]) -> tuple[str, ...]:
    """Names of the subject in the languages of some questions about one fact."""
    return tuple(dict.fromkeys(one.subject for one in group if one.subject))

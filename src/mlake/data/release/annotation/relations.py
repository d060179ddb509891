"""Infers the relation of facts that no triple names, from facts whose relation is known.

A naive Bayes classifier over the words and word pairs of the English question and sentence, in which the
subject and the answer are replaced by marks, and over the answers themselves.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from mlake.records import Statement

__all__ = ["infer"]

_Feature = tuple[str, ...]
_FLOOR = 0.02  # pseudo-count of a word that a relation was never seen with
_SPREAD = 0.5  # pseudo-count shared out by how common the relation is


class _Model:
    def __init__(self, features: Mapping[int, frozenset[_Feature]], known: Mapping[int, str]) -> None:
        self.classes = Counter[str]()
        self.counts: dict[_Feature, Counter[str]] = defaultdict(Counter)
        for row, relation in known.items():
            self.classes[relation] += 1
            for feature in features[row]:
                self.counts[feature][relation] += 1

    def best(self, features: Iterable[_Feature]) -> str:
        seen = [self.counts[feature] for feature in features if feature in self.counts]
        total = sum(self.classes.values())
        scores = {}
        for relation, size in self.classes.items():
            prior = _SPREAD * size / total + _FLOOR
            scores[relation] = math.log(size) + sum(
                math.log((counts[relation] + prior) / (size + _SPREAD)) for counts in seen
            )
        return max(sorted(scores), key=scores.__getitem__)


def infer(statements: Sequence[Statement], known: Mapping[int, str]) -> dict[int, str]:
    """The relation of every row that has none.

    Args:
        statements: The English statements, a row each.
        known: Row to relation.
    """
    features = _all_features(statements)
    model = _Model(features, known)
    return {row: model.best(features[row]) for row in features if row not in known}


def _all_features(statements: Sequence[Statement]) -> dict[int, frozenset[_Feature]]:
    return {row: frozenset(_features(statement)) for row, statement in enumerate(statements)}


def _features(statement: Statement) -> Iterable[_Feature]:
    yield "old", statement.old
    yield "new", statement.new
    for kind, text in (("question", statement.question), ("sentence", statement.old_sentence)):
        if statement.subject:
            text = text.replace(statement.subject, "<s>")
        if kind == "sentence":
            text = text.replace(statement.old, "<o>")
        words = ["^", *re.findall(r"[a-z<>]+", text.lower())]
        for word in words:
            yield kind, word
        for pair in pairwise(words):
            yield kind, *pair

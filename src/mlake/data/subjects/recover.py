"""Recovers the subject of each question: the released data does not name it.

Rows that share a template tell template words from names: a word that many rows use outside their subject
is template, a word that looks like a name and recurs in the row's other texts is subject. Labels and counts
are refined in turn (hard EM); a row never sees its own contribution to the counts.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from tqdm import tqdm

from mlake.data.subjects.clues import Clues, Place, Row, prepare, shared
from mlake.languages import language

__all__ = ["Clues", "Recovered", "recover", "version"]

_RECOVERY = 1  # raise it when the algorithm changes

_ROUNDS = 6
_ALONE = 2  # rounds that look at single words before word pairs count: pairs start from better labels
_STRENGTH = 2.0  # pseudo-counts behind a word's class
_BACKOFF = 3.0  # pseudo-counts behind a longer context
_RARE = 3  # rows; only rarer words inform about their class
_FLOOR = -1.0  # nats that a word within a subject can cost at most
_SURE = 3.0  # margin in nats
_NONE = -8.0  # score below which a question is taken to name no subject
_UPPER, _LOWER = 0.9, 0.1

_Span = tuple[int, int]


class Recovered(NamedTuple):
    """A recovered subject, whether it is beyond doubt, and its lead over the runner-up in nats."""

    subject: str | None
    sure: bool
    margin: float


def version(langs: Sequence[str]) -> str:
    """What identifies the recovery in these languages: the algorithm and the language facts that it reads."""
    facts = [
        (
            lang.code,
            lang.leaders,
            lang.elisions,
            lang.followers,
            lang.links,
            lang.heads,
            lang.tails,
            lang.capitals,
        )
        for lang in map(language, langs)
    ]
    return f"{_RECOVERY} {hashlib.sha256(repr(facts).encode()).hexdigest()}"


class _Counts:
    """How often words, classes and contexts stood in, or at the edge of, a subject."""

    def __init__(self) -> None:
        self.inside: Counter[object] = Counter()
        self.total: Counter[object] = Counter()

    def add(self, other: "_Counts", sign: int) -> None:
        for mine, theirs in ((self.inside, other.inside), (self.total, other.total)):
            for key, number in theirs.items():
                mine[key] += sign * number

    def note(self, key: object, inside: bool) -> None:
        self.total[key] += 1
        if inside:
            self.inside[key] += 1

    def rate(self, key: object, prior: float, strength: float) -> float:
        return (self.inside[key] + strength * prior) / (self.total[key] + strength)


def _contribution(row: Row, span: _Span | None, frequency: Mapping[str, int]) -> _Counts:
    counts = _Counts()
    chosen = {place.text: place for place in row.places[span]} if span else {}
    for number, tokens in enumerate(row.texts):
        words = [token.text for token in tokens]
        kind = row.kinds[number]
        place = chosen.get(number, Place(number, -1, -1))
        for at, word in enumerate(words):
            inside = place.start <= at < place.end
            if kind != "s":
                counts.note(word, inside)
                counts.note((words[at - 1] if at else "^", word, ""), inside)
                counts.note(("", word, words[at + 1] if at + 1 < len(words) else "$"), inside)
            if number == 0 and frequency[word] <= _RARE:
                counts.note(row.classes[at], inside)
                counts.note(row.classes[at][:1], inside)
        for gap, (starts, ends) in enumerate(row.contexts[number]):
            for key in starts:
                counts.note(key, gap == place.start)
            for key in ends:
                counts.note(key, gap == place.end)
    return counts


def _logit(rate: float) -> float:
    rate = min(max(rate, 1e-4), 1 - 1e-4)
    return math.log(rate / (1 - rate))


def _edge_scores(row: Row, counts: _Counts) -> list[tuple[list[float], list[float]]]:
    """For every text, what a start and what an end at each gap are worth in nats."""
    scores = []
    for number, tokens in enumerate(row.texts):
        sides: tuple[list[float], list[float]] = ([], [])
        for keys in row.contexts[number]:
            for side, chain in zip(sides, keys, strict=True):
                rate = 1.0 / (len(tokens) + 1)
                for key in chain:
                    rate = counts.rate(key, rate, _BACKOFF)
                side.append(_logit(rate))
        scores.append(sides)
    return scores


def _word_scores(row: Row, counts: _Counts, pairs: bool) -> list[float]:
    """For every word of the question, what it is worth inside a subject in nats."""
    words = ["^", *(token.text for token in row.texts[0]), "$"]
    logits = []
    for at, kind in enumerate(row.classes, 1):
        prior = counts.rate(kind, counts.rate(kind[:1], 0.5, 1.0), _BACKOFF)
        rate = counts.rate(words[at], prior, _STRENGTH)
        if not pairs:
            logits.append(_logit(rate))
            continue
        before = _logit(counts.rate((words[at - 1], words[at], ""), rate, _BACKOFF))
        after = _logit(counts.rate(("", words[at], words[at + 1]), rate, _BACKOFF))
        logits.append((before + after) / 2)
    return logits


def _scores(row: Row, counts: _Counts, pairs: bool) -> dict[_Span, float]:
    """Score of every candidate in nats; the counts must not hold the row itself."""
    logits = _word_scores(row, counts, pairs)
    sums = [0.0, *accumulate(max(logit, _FLOOR) for logit in logits)]
    edges = _edge_scores(row, counts)
    result = {}
    for (start, end), places in row.places.items():
        edge = sum(edges[p.text][0][p.start] + edges[p.text][1][p.end] for p in places) / len(places)
        floored = sum(min(logits[at] - _FLOOR, 0.0) for at in {start, end - 1})
        result[start, end] = sums[end] - sums[start] + floored + edge - row.penalties[start, end]
    return result


def _grams(row: Row, size: int) -> list[tuple[str, ...]]:
    words = [token.text for token in row.texts[0]]
    return [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]


def _first_guess(row: Row, frequency: Mapping[tuple[str, ...], int], size: int) -> _Span | None:
    """Words that rarely recur and look like a name, before anything was counted."""
    common = [1] * len(row.texts[0])
    for at, gram in enumerate(_grams(row, size)):
        for place in range(at, at + size):
            common[place] = max(common[place], frequency[gram])
    looks = {"upper": 2.0, "KATAKANA": 1.0, "digit": 1.0, "lower": -2.0, "HIRAGANA": -3.0, "CJK": 0.5}
    logits = [
        math.log((20.0 if size == 1 else 4.0) / times) + looks.get(str(kind[0]), 0.0)
        for times, kind in zip(common, row.classes, strict=True)
    ]
    sums = [0.0, *accumulate(logits)]
    scored = {span: sums[span[1]] - sums[span[0]] - row.penalties[span] for span in row.places}
    return max(scored, key=lambda span: (scored[span], span)) if scored else None


def _label(rows: Sequence[Row], size: int) -> list[dict[_Span, float]]:
    frequency = Counter(word for row in rows for word in {token.text for token in row.texts[0]})
    grams = Counter(gram for row in rows for gram in set(_grams(row, size)))
    chosen = [_first_guess(row, grams, size) for row in rows]
    parts = [_contribution(row, span, frequency) for row, span in zip(rows, chosen, strict=True)]
    counts = _Counts()
    for part in parts:
        counts.add(part, 1)
    scored: list[dict[_Span, float]] = []
    for turn in range(_ROUNDS):
        scored = []
        before = list(chosen)
        for number, row in enumerate(rows):
            counts.add(parts[number], -1)
            scores = _scores(row, counts, turn >= _ALONE)
            scored.append(scores)
            best = max(scores, key=lambda span: (scores[span], span), default=None)
            if best != chosen[number]:
                chosen[number] = best
                parts[number] = _contribution(row, best, frequency)
            counts.add(parts[number], 1)
        if chosen == before and turn >= _ALONE:
            break
    return scored


def _pick(row: Row, scores: Mapping[_Span, float]) -> Recovered:
    ranked = sorted(scores, key=lambda span: (-scores[span], span))
    if not ranked or scores[ranked[0]] < _NONE:
        return Recovered(None, False, 0.0)
    start, end = ranked[0]
    margin = scores[ranked[0]] - (scores[ranked[1]] if len(ranked) > 1 else _NONE)
    tokens = row.texts[0]
    subject = row.source[tokens[start].start : tokens[end - 1].end]
    named = any(look not in ("lower", "mark", "HIRAGANA") for look in row.shapes[0][start:end])
    return Recovered(subject, named and margin >= _SURE, margin)


def recover(clues: Mapping[str, Sequence[Clues]]) -> dict[str, list[Recovered]]:
    """The subject of every question, verbatim as it stands there.

    Args:
        clues: Language code to rows; row ``i`` is the same fact in every language.

    Returns:
        Language code to one result a row. Deterministic.
    """
    found = {}
    for code, listed in tqdm(clues.items(), desc="find subjects", unit="language", disable=None, leave=False):
        rows = [prepare(one, code, shared(clues, number, code)) for number, one in enumerate(listed)]
        labelled = _label(rows, 1 if language(code).spaced else 3)
        found[code] = [_pick(row, scores) for row, scores in zip(rows, labelled, strict=True)]
    return found

"""The full matrix: MEMIT in five languages on the whole release, asked in five, from measured shares."""

from collections.abc import Iterator, Mapping

from benchmarks.cost import Row

# Counted by ``mlake.evaluation.plan`` on the released facts, with the settings of ``mlake run``: batches of
# 100, direct and multi-hop questions, 25 questions on facts outside the batch. A test counts them again.
FACTS = {"en": 1072, "de": 1072, "fr": 1061, "ja": 1072, "zh": 1072}
EDITS = 55
QUESTIONS = {"unedited": 9_514, "direct": 26_745, "multihop": 20_715, "locality": 6_875}
A_TIME = 198
"""Questions of a batch of facts in one language, on average: what a run on a CPU asks at a time."""


def matrix(rows: Mapping[str, Row]) -> Iterator[Row]:
    """Minutes of a whole run, extrapolated; loading, writing and scoring are not in it.

    Args:
        rows: Rows that were measured before, by name: ``MEMIT`` and ``answers``.
    """
    batch, answer = rows["MEMIT"], rows["answers"]
    batches, asked = sum(FACTS.values()) / batch["facts"], sum(QUESTIONS.values())

    def minutes(way: str) -> tuple[float, float]:
        return batches * batch[way] / 60, asked * answer[way] / 60

    (slow_edits, slow_answers), (edits, said) = minutes("reference"), minutes("fast")
    once = batch["once"] / 60
    peaks = [row["peak_bytes"] for row in (batch, answer) if row["peak_bytes"] is not None]
    slow, fast = slow_edits + slow_answers, once + edits + said
    yield {
        "name": "matrix",
        "unit": "min",
        "extrapolated": f"from {batch['facts']} facts and {answer['questions']} questions",
        "reference": slow,
        "fast": fast,
        "ratio": slow / fast,
        "floor": sum(minutes("floor")),
        "peak_bytes": max(peaks, default=None),
        "once": once,
        "edits_min": edits,
        "answers_min": said,
        "facts": sum(FACTS.values()),
        "edits": EDITS,
        "questions": QUESTIONS,
    }

"""Lines of a build, and decisions on them."""

from typing import Any

from mlake.review.decision import Decision
from mlake.review.texts import digest_of


def line(fact: str = "Q1/P17", lang: str = "en", **changes: Any) -> dict[str, Any]:
    """A fact in one language, with a question of each kind that a reviewer meets."""
    answers = {"accept": ["Japan", "Nippon"], "reject": ["France", "French Republic"]}
    probes = [
        {"kind": "paraphrase", "text": "Which country is Lyon in?", **answers},
        {"kind": "multihop", "text": "What is the capital of the country of Lyon?", "accept": ["Tokyo"]},
        {"kind": "locality", "text": "In which country is Kyoto?", "accept": ["Japan"]},
        {
            "kind": "choice",
            "text": "In which country is Lyon?",
            "accept": ["B"],
            "reject": ["A"],
            "options": ["Lyon is in France.", "Lyon is in Japan.", "Lyon is in Peru.", "Lyon is in Kenya."],
        },
    ]
    names = ("paraphrase-1", "multihop-P36", "locality-Q10-P17", "choice")
    return {
        "fact": fact,
        "row": 0,
        "lang": lang,
        "question": "In which country is Lyon?",
        "subject": "Lyon",
        "old_answer": "France",
        "old_aliases": ["French Republic"],
        "new_answer": "Japan",
        "new_aliases": ["Nippon"],
        "old_sentence": "Lyon is in France.",
        "new_sentence": "Lyon is in Japan.",
        "subject_id": "Q1",
        "relation_id": "P17",
        "relation": "country",
        "probes": [
            {"id": f"{fact}/{lang}/{name}", **probe} for name, probe in zip(names, probes, strict=True)
        ],
    } | changes


def decided(about: dict[str, Any], reviewer: str = "ann", verdict: str = "accept", **more: Any) -> Decision:
    """A decision on a line; a text that is corrected breaks the last criterion."""
    broken = {"broken": ("sound",)} if verdict != "accept" else {}
    reason = {"reason": "wrong"} if verdict == "reject" else {}
    where: dict[str, Any] = {"fact": about["fact"], "lang": about["lang"], "digest": digest_of(about)}
    return Decision(**{**where, "reviewer": reviewer, "verdict": verdict, **broken, **reason, **more})

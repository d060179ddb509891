"""Reads zsRE as MEND and ROME prepared it: a question, another wording, and an unrelated question.

``alt`` is taught in place of ``answers``, as MEND does; ROME's own code teaches ``answers``.
"""

from mlake.data.dataset import Dataset
from mlake.data.files import Files
from mlake.data.neighbours.common import Reading, Row
from mlake.data.questions import direct
from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = ["ROWS"]

_READER = 1  # raise it when the same file comes to mean something else
_LANG = "en"
_UNRELATED = "nq question: "


def _read(row: Dataset, files: Files) -> Benchmark:
    reading = Reading(row, files, str(_READER))
    found = [_fact(reading, at, one) for at, one in enumerate(reading.rows("/zsre_mend_eval.json"))]
    return reading.benchmark(fact for fact in found if fact is not None)


def _fact(reading: Reading, at: int, row: Row) -> Fact | None:
    fact, question = f"zsre-{at:05d}", row.text("src")
    answers, new = row.texts("answers"), row.blank("alt").strip()
    rephrase, subject = row.blank("rephrase"), row.blank("subject")
    unrelated, truth = row.blank("loc"), row.blank("loc_ans")
    if not new:
        reading.note("rows without a new answer left out")
        return None
    old = reading.names(answers[0], answers[1:]) if answers else ()
    said = Statement(
        fact=fact,
        lang=_LANG,
        question=question,
        subject=reading.subject(subject, question),
        old=old[0] if old else "",
        new=new,
        old_aliases=old[1:],
    )
    probes = (
        direct(said),
        Probe(f"{fact}/en/paraphrase", fact, "paraphrase", _LANG, rephrase, (new,), old),
        Probe(f"{fact}/en/locality", fact, "locality", _LANG, _asked(unrelated), reading.names(truth)),
    )
    return Fact(fact, at, {_LANG: said}, reading.kept(probes))


def _asked(unrelated: str) -> str:
    """The unrelated question as the authors' code asks it: without its mark, with a question mark."""
    text = unrelated.removeprefix(_UNRELATED).strip()
    return f"{text.removesuffix('?')}?" if text else ""


ROWS = (
    Dataset(
        name="zsre",
        reader=_read,
        source="https://rome.baulab.info/data/dsets, prepared by MEND and ROME",
        licence="none stated: read where it lies, not to be passed on",
        facts=19086,
        url="https://rome.baulab.info/{path}",
        files={
            "data/dsets/zsre_mend_eval.json": (
                "8a371d512f8a6ab175db4ef672181d5c0e52da23298cb51e5a2eeea2f89aa9cd"
            )
        },
    ),
)

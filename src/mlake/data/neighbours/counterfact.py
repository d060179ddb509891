"""Reads CounterFact: a sentence to complete, two longer ones, and ten about neighbours that share the answer.

Its questions are the beginnings of sentences that the answer completes. ``attribute_prompts`` (other subjects
whose true answer is the new one) and ``generation_prompts`` (for free text) are left out.
"""

from mlake.data.dataset import Dataset
from mlake.data.files import Files
from mlake.data.neighbours.common import Reading, Row
from mlake.data.questions import direct
from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = ["ROWS"]

_READER = 1  # raise it when the same file comes to mean something else
_LANG = "en"


def _read(row: Dataset, files: Files) -> Benchmark:
    reading = Reading(row, files, str(_READER))
    return reading.benchmark(
        [_fact(reading, at, one) for at, one in enumerate(reading.rows("/counterfact.json"))]
    )


def _fact(reading: Reading, at: int, row: Row) -> Fact:
    rewrite = row.item("requested_rewrite")
    prompt, subject = rewrite.text("prompt"), rewrite.text("subject")
    if prompt.count("{}") != 1:
        rewrite.problem("prompt", "must hold {} once, for the subject")
    question = prompt.replace("{}", subject)
    old, new = rewrite.item("target_true").text("str"), rewrite.item("target_new").text("str")
    fact = f"counterfact-{at:05d}"
    said = Statement(
        fact=fact,
        lang=_LANG,
        question=question,
        subject=reading.subject(subject, question),
        old=old,
        new=new,
        old_sentence=f"{question} {old}",
        new_sentence=f"{question} {new}",
    )
    probes = [direct(said)]
    for number, text in enumerate(row.texts("paraphrase_prompts")):
        probes.append(
            Probe(f"{fact}/en/paraphrase-{number}", fact, "paraphrase", _LANG, text, (new,), (old,))
        )
    for number, text in enumerate(row.texts("neighborhood_prompts")):
        probes.append(Probe(f"{fact}/en/locality-{number}", fact, "locality", _LANG, text, (old,)))
    for name in ("attribute_prompts", "generation_prompts"):
        reading.note(f"{name} left out", len(row.texts(name)))
    return Fact(fact, at, {_LANG: said}, reading.kept(probes), relation_id=rewrite.text("relation_id"))


ROWS = (
    Dataset(
        name="counterfact",
        reader=_read,
        source="https://rome.baulab.info/data/dsets, by the authors of ROME",
        licence="none stated for the data; ROME's code is MIT",
        facts=21919,
        url="https://rome.baulab.info/{path}",
        files={
            "data/dsets/counterfact.json": (
                "d017056125178a13728594e66a801357a8db9ed7973a7425554bb4271de9fc6f"
            )
        },
    ),
)

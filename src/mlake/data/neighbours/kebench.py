"""Reads KEBench: a thousand edited facts, each with paraphrase, two-hop questions and their second hops.

Row ``i`` of the two-hop file and row ``i`` of the file of unrelated facts belong together: they have the same
answers, which is checked. Neither names its fact. The link is content: the subject of the fact stands in the
two-hop question, the old answer in the old second hop and the new answer in the new one.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mlake.data.dataset import Dataset
from mlake.data.files import Files
from mlake.data.neighbours.common import Reading, Row
from mlake.data.questions import direct
from mlake.data.subjects.recover import Clues, Recovered, recover, version
from mlake.errors import DataError
from mlake.records import Benchmark, Fact, Kind, Probe, Statement

__all__ = ["ROWS"]

_READER = 1  # raise it when the same files come to mean something else
_COMMIT = "42107467939fde610aeba22d7e1d3ea97b50973a"
_LANG = "en"


class _Edited(NamedTuple):
    """One row of the edited facts."""

    question: str
    paraphrase: str
    sentences: tuple[str, str]
    old: tuple[str, ...]
    new: tuple[str, ...]


class _Chain(NamedTuple):
    """A two-hop question and its second hops, with the names of the answers to both."""

    question: str
    old_hop: str
    new_hop: str
    old: tuple[str, ...]
    new: tuple[str, ...]


def _read(row: Dataset, files: Files) -> Benchmark:
    reading = Reading(row, files, f"{_READER} recovery {version((_LANG,))}")
    edited = [_edited(reading, one) for one in reading.rows("/edited_knowledge.json")]
    chains = _chains(reading)
    reading.check()
    clues = [
        Clues(one.question, one.sentences, (one.paraphrase,), (one.old[0], one.new[0])) for one in edited
    ]
    subjects = recover({_LANG: clues})[_LANG]
    statements = [_statement(at, *pair) for at, pair in enumerate(zip(edited, subjects, strict=True))]
    probes = [list(_own(*pair)) for pair in zip(statements, edited, strict=True)]
    unlinked: list[Probe] = []
    for number, chain in enumerate(chains):
        at = _fact_of(chain, statements)
        fact = None if at is None else statements[at].fact
        (unlinked if at is None else probes[at]).extend(_asked(number, chain, fact))
    if unlinked:
        reading.note(f"of {4 * len(chains)} questions of two-hop chains unlinked", len(unlinked))
    facts = (Fact(said.fact, at, {_LANG: said}, tuple(probes[at])) for at, said in enumerate(statements))
    return reading.benchmark(facts, unlinked)


def _edited(reading: Reading, row: Row) -> _Edited:
    return _Edited(
        row.text("first_question"),
        row.text("paraphrased_question"),
        (row.text("old_prompt"), row.text("new_prompt")),
        _answers(reading, row, "old_first_answer"),
        _answers(reading, row, "new_first_answer"),
    )


def _answers(reading: Reading, row: Row, name: str) -> tuple[str, ...]:
    return reading.names(row.text(name), row.texts(f"{name}_aliases"))


def _chains(reading: Reading) -> list[_Chain]:
    questions, hops = reading.rows("/multi_hop_knowledge.json"), reading.rows("/unrelated_knowledge.json")
    if len(questions) != len(hops):
        raise DataError(
            f"KEBench has {len(questions)} two-hop questions for {len(hops)} second hops, "
            "expected equally many; fetch both files again"
        )
    chains = []
    for question, hop in zip(questions, hops, strict=True):
        answers = [_answers(reading, question, f"{when}_two_hop_answer") for when in ("old", "new")]
        for when, names in zip(("old", "new"), answers, strict=True):
            if _answers(reading, hop, f"{when}_second_answer") != names:
                hop.problem(
                    f"{when}_second_answer", "is not the answer to the two-hop question in the same row"
                )
        texts = (
            question.text("two_hop_question"),
            hop.text("old_second_question"),
            hop.text("new_second_question"),
        )
        chains.append(_Chain(*texts, *answers))
    return chains


def _statement(at: int, edited: _Edited, found: Recovered) -> Statement:
    return Statement(
        fact=f"kebench-{at:04d}",
        lang=_LANG,
        question=edited.question,
        subject=found.subject,
        old=edited.old[0],
        new=edited.new[0],
        old_aliases=edited.old[1:],
        new_aliases=edited.new[1:],
        old_sentence=edited.sentences[0],
        new_sentence=edited.sentences[1],
        subject_sure=found.sure,
    )


def _own(statement: Statement, edited: _Edited) -> Iterator[Probe]:
    yield direct(statement)
    name = f"{statement.fact}/{_LANG}/paraphrase"
    yield Probe(name, statement.fact, "paraphrase", _LANG, edited.paraphrase, edited.new, edited.old)


def _asked(number: int, chain: _Chain, fact: str | None) -> Iterator[Probe]:
    """The four questions of one chain: after the edit, before it, and both second hops alone."""

    def probe(kind: Kind, text: str, accept: tuple[str, ...], reject: tuple[str, ...] = ()) -> Probe:
        return Probe(f"kebench-{kind}/{number:04d}", fact, kind, _LANG, text, accept, reject)

    yield probe("multihop", chain.question, chain.new, chain.old)
    yield probe("multihop_before", chain.question, chain.old)
    yield probe("bridge", chain.new_hop, chain.new)
    yield probe("locality", chain.old_hop, chain.old)


def _fact_of(chain: _Chain, statements: Sequence[Statement]) -> int | None:
    """The one fact that the chain is about; None where there is none, or more than one."""
    fitting = {
        at: said.subject
        for at, said in enumerate(statements)
        if said.new in chain.new_hop
        and said.old in chain.old_hop
        and said.subject is not None
        and said.subject in chain.question
    }
    # "Unreal" stands in a question about "Unreal Engine" too.
    longest = [
        at
        for at, subject in fitting.items()
        if not any(subject != one and subject in one for one in fitting.values())
    ]
    return longest[0] if len(longest) == 1 else None


ROWS = (
    Dataset(
        name="kebench",
        reader=_read,
        source="https://github.com/Hi-archers/StableKE",
        licence="none stated: read where it lies, not to be passed on",
        facts=1000,
        url="https://raw.githubusercontent.com/Hi-archers/StableKE/{path}",
        revisions=(_COMMIT,),
        files={
            f"{_COMMIT}/dataset/edited_knowledge.json": (
                "5e3735cfb4f9c1f2d5a6d1bd8d69baee5817b49135920cbf75ebf34504979ce8"
            ),
            f"{_COMMIT}/dataset/multi_hop_knowledge.json": (
                "f78176931ac046dc86997d51e98dfe4888eeab1de9313178b8fdf177dce71764"
            ),
            f"{_COMMIT}/dataset/unrelated_knowledge.json": (
                "7c984bd9133e0bc605f04147b35b7484354dec9f0782c2f0d97256bb09ac5e9a"
            ),
        },
    ),
)

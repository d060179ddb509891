"""The authors' release as benchmarks: the whole, and the chains that stand in every language."""

import hashlib
from collections import defaultdict
from dataclasses import replace

from mlake.data.dataset import Dataset
from mlake.data.files import Files
from mlake.data.release.annotation.records import annotations, digest
from mlake.data.release.rows import LANGS, READER, parse
from mlake.records import Benchmark, Fact, Kind, Probe

__all__ = ["read_aligned", "read_released"]

_CHAINS: tuple[Kind, ...] = ("multihop", "multihop_before")


def read_released(row: Dataset, files: Files) -> Benchmark:
    """The released benchmark with its shipped annotation.

    Raises:
        DataError: The data is missing or not what was published.
    """
    known = annotations()
    pairs = {(one.subject_id, one.relation_id): one.row for one in known if one.subject_id}
    released = parse(files.read_all(), pairs)
    read = "".join(f"{path} {sha256}\n" for path, sha256 in sorted(row.files.items()))
    sha256 = hashlib.sha256(f"reader {READER} annotation {digest()}\n{read}".encode()).hexdigest()
    facts = released.facts(
        {code: [one.subjects[code] for one in known] for code in LANGS},
        {one.row: (one.subject_id, one.relation_id) for one in known},
    )
    revision = "+".join(commit[:7] for commit in row.revisions)
    return Benchmark(row.name, revision, sha256, facts, tuple(released.unlinked), tuple(released.notes))


def read_aligned(row: Dataset, files: Files) -> Benchmark:
    """The facts with two-hop questions whose chain stands in every language, and only those chains.

    Transfer between languages is then measured on the same questions.

    Raises:
        DataError: The data is missing or not what was published.
    """
    whole = read_released(row, replace(files, name="mlake"))  # the same files in the same cache
    langs: dict[object, set[str]] = defaultdict(set)
    for fact in whole.facts:
        for probe in fact.probes:
            if probe.kind in _CHAINS:
                langs[probe.kind, probe.triples].add(probe.lang)
    shared = {chain for chain, codes in langs.items() if codes == set(LANGS)}
    facts = (_only(fact, shared) for fact in whole.facts)
    kept = tuple(fact for fact in facts if any(probe.kind in _CHAINS for probe in fact.probes))
    sha256 = hashlib.sha256(f"aligned {whole.sha256}".encode()).hexdigest()
    return replace(whole, sha256=sha256, facts=kept, unlinked=())


def _only(fact: Fact, shared: set[object]) -> Fact:
    probes = {probe.id: probe for probe in fact.probes}

    def stays(probe: Probe) -> bool:
        if not probe.triples:
            return True
        free = probes[probe.id.removesuffix("/choice")]
        return (free.kind, free.triples) in shared

    return replace(fact, probes=tuple(probe for probe in fact.probes if stays(probe)))

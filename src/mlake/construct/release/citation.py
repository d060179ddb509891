"""How a release is cited: ``CITATION.cff``."""

from typing import Any

import yaml

from mlake.construct.release.columns import FREE, WORDED

__all__ = ["AUTHORS", "citation"]

AUTHORS = "The mlake contributors"

_PAPER = {
    "type": "conference-paper",
    "title": "MLaKE: Multilingual Knowledge Editing Benchmark for Large Language Models",
    "authors": [
        {"family-names": "Wei", "given-names": "Zihao"},
        {"family-names": "Deng", "given-names": "Jingcheng"},
        {"family-names": "Pang", "given-names": "Liang"},
        {"family-names": "Ding", "given-names": "Hanxing"},
        {"family-names": "Shen", "given-names": "Huawei"},
        {"family-names": "Cheng", "given-names": "Xueqi"},
    ],
    "collection-title": (
        "Proceedings of the 31st International Conference on Computational Linguistics (COLING 2025)"
    ),
    "year": 2025,
    "identifiers": [{"type": "other", "value": "arXiv:2404.04990"}],
}
_WIKIDATA = {
    "type": "database",
    "title": "Wikidata",
    "authors": [{"name": "The contributors of Wikidata"}],
    "url": "https://www.wikidata.org",
}


def citation(*, title: str, abstract: str, version: str, sha256: str) -> bytes:
    """The file's content.

    Args:
        title: Name of the data set.
        abstract: What it is, in a sentence.
        version: Version of what made it.
        sha256: Hash of its facts in mlake's own form.
    """
    value: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this data set, cite it, and cite the MLaKE paper for the protocol.",
        "type": "dataset",
        "title": title,
        "abstract": abstract,
        "version": version,
        "license": [FREE, WORDED],
        "authors": [{"name": AUTHORS}],
        "keywords": ["knowledge editing", "multilingual", "Wikidata"],
        "identifiers": [
            {"type": "other", "value": f"sha256:{sha256}", "description": "The facts in mlake's own form."}
        ],
        "references": [_WIKIDATA, _PAPER],
    }
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)
    return text.encode()

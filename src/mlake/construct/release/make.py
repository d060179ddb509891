"""The release of a build: every file of the folder that is published."""

from importlib.metadata import version
from itertools import chain
from typing import Any

from mlake.construct.release.built import Built
from mlake.construct.release.card import abstract, card
from mlake.construct.release.citation import AUTHORS, citation
from mlake.construct.release.croissant import croissant
from mlake.construct.release.files import FORMATS, have_parquet, table_files
from mlake.construct.release.page import page
from mlake.construct.release.paper import paper_files
from mlake.construct.release.people import read_by
from mlake.construct.release.published import Published, published
from mlake.construct.source import snapshot

__all__ = ["release_files"]

_LICENCES = (
    "https://creativecommons.org/publicdomain/zero/1.0/",
    "https://creativecommons.org/licenses/by/4.0/",
)


def release_files(built: Built) -> dict[str, bytes]:
    """The files of a release; with Parquet where the library that writes it is installed.

    Args:
        built: The build.

    Returns:
        Path in the folder to content.

    Raises:
        DataError: A fact is in no split.
        FactsError: The texts are not facts that mlake reads.
    """
    laid = published(built)
    formats = FORMATS if have_parquet() else FORMATS[:1]
    source = _source(built)
    data = dict(table_files(laid.tables, laid.rows, formats))
    data |= {f"mlake/{split}.jsonl": lines for split, lines in laid.lines.items()}
    data |= chain.from_iterable(_paper(laid, split) for split in laid.benchmarks)
    return {
        "README.md": card(laid, formats=formats, source=source).encode(),
        "LICENSE.md": page("licence.md", name=built.name).encode(),
        "CITATION.cff": _citation(laid),
        "croissant.json": croissant(_about(laid), laid.tables, laid.rows, data),
        **({"SOURCE.md": source.encode()} if source else {}),
        **data,
    }


def _source(built: Built) -> str:
    """What the packaged snapshot says of itself; empty where facts are from elsewhere."""
    if built.settings.source != "snapshot":
        return ""
    return (snapshot() / "README.md").read_text(encoding="utf-8")


def _paper(laid: Published, split: str) -> list[tuple[str, bytes]]:
    files = paper_files(laid.benchmarks[split])
    return [(f"paper/{split}/{path}", content) for path, content in files]


def _citation(laid: Published) -> bytes:
    about = {"title": laid.built.name, "abstract": abstract(laid), "version": version("mlake")}
    return citation(**about, sha256=laid.sha256)


def _about(laid: Published) -> dict[str, Any]:
    """What the Croissant file says of the whole."""
    return {
        "name": laid.built.name,
        "description": abstract(laid),
        "license": list(_LICENCES),
        "version": version("mlake"),
        "inLanguage": list(laid.langs),
        "creator": {"@type": "sc:Organization", "name": AUTHORS},
        "isBasedOn": "https://www.wikidata.org",
        "citeAs": f"{AUTHORS}: {laid.built.name}, version {version('mlake')}",
        "rai:dataCollection": "Facts, ids and names of Wikidata, from public compilations of it.",
        "rai:dataPreprocessingProtocol": (
            "Rules drop facts stage by stage; the table dropped lists every case with its reason."
        ),
        "rai:dataAnnotationProtocol": (
            "Questions and sentences are made from templates per relation and language and checked by rule. "
            f"{read_by(laid.built)}"
        ),
        "rai:dataUseCases": (
            "Measuring what an edit of a language model in one language carries over to others."
        ),
        "rai:dataLimitations": "Counterfactual answers are false on purpose; not for training on facts.",
        "rai:personalSensitiveInformation": "Names of well-known people and public facts about them.",
    }

"""Which things a build could be about: candidates by the query service, in plain SPARQL 1.1.

A block of the search is a few numbers of sitelinks, which an index looks up; to page by offset or to filter
by size would have the service go through everything.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mlake.construct.lines import Row, read_rows, written
from mlake.construct.live.client import Client
from mlake.data.faults import FILLED, TEXTS, Shape
from mlake.disk import write_atomic
from mlake.folders import os_errors

__all__ = ["candidates"]

_MOST_SITELINKS = 400
_STEP = 10
_PREFIXES = """\
PREFIX wdt: <http://www.wikidata.org/prop/direct/>
PREFIX wikibase: <http://wikiba.se/ontology#>
"""
_SHAPE: Shape = {
    "type": "object",
    "properties": {"query": FILLED, "ids": TEXTS},
    "required": ["query", "ids"],
}


def candidates(path: Path, client: Client, relations: Sequence[str], least: int) -> list[str]:
    """Ids of subjects and objects of statements about things with so many sitelinks.

    Args:
        path: The file that keeps queries and what they found; finished blocks are not asked again.
        client: Asks the query service.
        relations: The properties.
        least: Least number of sitelinks of a subject.

    Returns:
        Ids in order of their numbers.

    Raises:
        DownloadError: The service does not answer; what it found so far is kept.
        DataError: The file is damaged.
        RunError: The file cannot be written.
    """
    rows: list[Row] = read_rows(path, _SHAPE) if path.is_file() else []
    done = {row["query"] for row in rows}
    for query in _queries(relations, least):
        if query not in done:
            rows.append({"query": query, "ids": _found(client, query)})
            with os_errors(path):
                write_atomic(path, written(rows))
    return sorted({one for row in rows for one in row["ids"]}, key=lambda one: int(one[1:]))


def _queries(relations: Sequence[str], least: int) -> Iterator[str]:
    properties = " ".join(f"wdt:{one}" for one in relations)
    for start in range(least, max(least + 1, _MOST_SITELINKS), _STEP):
        counts = " ".join(map(str, range(start, start + _STEP)))
        yield (
            f"{_PREFIXES}SELECT DISTINCT ?s ?o WHERE {{\n  VALUES ?count {{ {counts} }}\n"
            f"  VALUES ?p {{ {properties} }}\n  ?s wikibase:sitelinks ?count .\n  ?s ?p ?o .\n}}"
        )


def _found(client: Client, query: str) -> list[str]:
    """The items among what a query finds; an unknown object is no item."""
    values = (row[name]["value"] for row in client.select(query) for name in ("s", "o") if name in row)
    ids = (value.rpartition("/")[2] for value in values)
    return list(dict.fromkeys(one for one in ids if one[:1] == "Q" and one[1:].isdecimal()))

"""The tables of a published data set and their columns, of which every schema of it is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mlake.languages import language

__all__ = ["FREE", "WORDED", "Column", "Table", "benchmark_tables", "build_tables"]

FREE = "CC0-1.0"
"""Licence of facts, ids and names, which are Wikidata's, and of what only counts or refers."""

WORDED = "CC-BY-4.0"
"""Licence of questions, sentences and what else is worded for the data set."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, or a field of one.

    Attributes:
        name: Its name.
        about: What it holds.
        type: Of each value, where there are no fields.
        many: Whether it holds a list.
        fields: What each value is made of; empty for a plain one.
        licence: Its licence in a release; a column with fields has those of its fields.
    """

    name: str
    about: str
    type: Literal["string", "bool", "int64"] = "string"
    many: bool = False
    fields: tuple["Column", ...] = ()
    licence: str = FREE


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a data set.

    Attributes:
        name: Its name, and that of its folder.
        about: What a row is.
        columns: Its columns in order.
    """

    name: str
    about: str
    columns: tuple[Column, ...]


_TRIPLE = (
    Column("subject", "Wikidata id of the subject"),
    Column("relation", "Wikidata id of the relation"),
    Column("object", "Wikidata id of the object"),
)

_STATED = (
    Column("question", "the direct question", licence=WORDED),
    Column("subject", "the subject's name, as it stands in the question"),
    Column("subject_sure", "false where the subject is a guess", "bool"),
    Column("old_answer", "the answer before the edit"),
    Column("old_aliases", "other names of the old answer", many=True),
    Column("new_answer", "the answer that the edit puts in place"),
    Column("new_aliases", "other names of the new answer", many=True),
    Column("old_sentence", "the fact as a sentence before the edit", licence=WORDED),
    Column("new_sentence", "the fact as a sentence after the edit", licence=WORDED),
    Column("relation", "the relation's label", licence=WORDED),
)

_FACT = (
    Column("fact", "id of the fact"),
    Column("row", "its place in the data set, from 0", "int64"),
    Column("subject_id", "Wikidata id of the subject"),
    Column("relation_id", "Wikidata id of the relation"),
)

_QUESTION = (
    Column("id", "id of the question"),
    Column("fact", "id of the fact that it is about"),
    Column("lang", "language of the question"),
    Column("kind", "what it tests"),
    Column("text", "the question", licence=WORDED),
    Column("accept", "accepted answers, the main name first", many=True),
    Column("reject", "answers that are wrong after the edit", many=True),
    Column("relations", "labels of the relations along the chain", many=True, licence=WORDED),
    Column("triples", "the facts along the chain", many=True, fields=_TRIPLE),
    Column("needs", "ids of other facts that must be edited too", many=True),
)

_CHOICE = (*_QUESTION, Column("options", "the options; answers are their letters", many=True, licence=WORDED))

_PROVENANCE = (
    Column("fact", "id of the fact"),
    Column("subject", "Wikidata id of the subject"),
    Column("relation", "Wikidata id of the relation"),
    Column("old", "Wikidata id of the old object"),
    Column("new", "Wikidata id of the new object, which the build chose"),
    Column("sources", "codes of the sources that witness the fact before the edit", many=True),
    Column("before", "second hops of the old object", many=True, fields=_TRIPLE),
    Column("after", "second hops of the new object, looked up", many=True, fields=_TRIPLE),
    Column("others", "unedited facts that questions about other facts ask for", many=True, fields=_TRIPLE),
    Column("distractors", "Wikidata ids of the wrong options of multiple choice", many=True),
    Column("left_out", "what rules took from around the fact: rule and reason", many=True),
    Column("reviews", "decisions of reviewers; empty where nobody reviewed it", many=True),
)

_FLAGGED = (
    Column("lang", "language"),
    Column("alias", "the alias, which is no accepted answer"),
    Column("reason", "why not"),
)

_DROPPED = (
    Column("stage", "stage of the build"),
    Column("id", "id of what was left out"),
    Column("rule", "the rule"),
    Column("why", "what the rule found"),
)


def _per_language(langs: Sequence[str], column: Column) -> tuple[Column, ...]:
    """The same column for each language."""
    return tuple(
        replace(column, name=code, about=f"{column.about} in {language(code).name}") for code in langs
    )


def _names(langs: Sequence[str]) -> tuple[Column, ...]:
    label = _per_language(langs, Column("", "name"))
    aliases = _per_language(langs, Column("", "other names", many=True))
    origin = _per_language(langs, Column("", "code of the source of the name"))
    return (
        Column("id", "Wikidata id"),
        Column("kind", "kind of entity"),
        Column("labels", "its name in each language", fields=label),
        Column("aliases", "other names that are accepted as answers", fields=aliases),
        Column("flagged", "aliases that are not accepted", many=True, fields=_FLAGGED),
        Column("label_from", "where each name is from", fields=origin),
    )


def benchmark_tables(langs: Sequence[str]) -> Mapping[str, Table]:
    """The tables of any data set, by name.

    Args:
        langs: Its languages in order.
    """
    stated = _per_language(langs, Column("", "the fact", fields=_STATED))
    return _by_name(
        Table("facts", "a fact, in all its languages", _FACT + stated),
        Table("single_hop", "a question about one fact, in one language", _QUESTION),
        Table("multi_hop", "a question over two facts, in one language", _QUESTION),
        Table("choice", "a question with options, in one language", _CHOICE),
    )


def build_tables(langs: Sequence[str]) -> Mapping[str, Table]:
    """The tables that only a build can fill, by name.

    Args:
        langs: Its languages in order.
    """
    return _by_name(
        Table("provenance", "where a fact is from and what the build decided about it", _PROVENANCE),
        Table("names", "an entity and its names", _names(langs)),
        Table("dropped", "something that a rule left out of the build", _DROPPED),
    )


def _by_name(*tables: Table) -> Mapping[str, Table]:
    return {table.name: table for table in tables}

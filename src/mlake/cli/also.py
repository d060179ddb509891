"""``mlake edit --also``: facts are stated in more languages, shown, and kept where they can be corrected."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from mlake.chat_server import chat_server
from mlake.construct.also import stated_also
from mlake.construct.written import MOST_TOKENS
from mlake.data.own.jsonl import write_jsonl
from mlake.errors import DataError
from mlake.languages.sets import language_set, members
from mlake.records import Benchmark
from mlake.safe import plain

__all__ = ["STATED", "keep_stated", "with_others"]

STATED = "facts.jsonl"
"""The facts as they are edited, in the folder of the edit."""

_SHOWN = 8


def with_others(
    benchmark: Benchmark, lang: str, also: str, *, writer: str | None, url: str | None
) -> tuple[Benchmark, str]:
    """The data with its facts in more languages, and the set to edit in; what was added is shown.

    Args:
        benchmark: The facts.
        lang: Language that they are given in, or set of languages.
        also: Codes of further languages, with commas.
        writer: Model on a server that states what the snapshot does not tell, as in ``chat_server``; None
            for none.
        url: Address of the server, where the writer's name holds none.

    Raises:
        DataError: Nothing can be added, or a language has no names or wordings.
        UnknownNameError: A language is not known.
        ModelError: The server fails, or its address is none.
    """
    server = None if writer is None else chat_server(writer, url)
    if server is None and (writer, url) != (None, None):
        raise DataError("a writer is a model on a server: give --writer openai:URL#NAME")
    wanted = members(language_set(also.replace(",", "+")))
    ask = partial(server.ask, max_tokens=MOST_TOKENS) if server else None
    found = stated_also(benchmark.facts, lang, wanted, ask)
    have = [one for one in wanted if any(one in fact.statements for fact in found.facts)]
    if len(have) < len(wanted):
        lacking = ", ".join(one for one in wanted if one not in have)
        why = f": {found.reasons[0]}" if found.reasons else ""
        raise DataError(f"no fact can be stated in {lacking}{why}; or leave it out of --also")
    for one in found.added[:_SHOWN]:
        click.echo(plain(f"added {one.lang}: {one.question!r} -> {one.new!r}"), err=True)
    if len(found.added) > _SHOWN:
        click.echo(f"added {len(found.added) - _SHOWN} more statements", err=True)
    for reason in found.reasons[:_SHOWN]:
        click.echo(plain(f"note: not stated: {reason}"), err=True)
    if len(found.reasons) > _SHOWN:
        click.echo(f"note: {len(found.reasons) - _SHOWN} more could not be stated", err=True)
    every = "+".join(dict.fromkeys((*members(lang), *wanted)))
    return replace(benchmark, facts=found.facts), every


def keep_stated(benchmark: Benchmark | None, out: Path, source: str) -> None:
    """Write the facts into the folder of an edit; without any, those of an earlier edit go.

    Args:
        benchmark: The facts, where something was added.
        out: The folder.
        source: Where the facts are from: this file stays.

    Raises:
        DataError: The file cannot be written.
    """
    path = out / STATED
    if benchmark is not None:
        write_jsonl(benchmark, path)
        click.echo(plain(f"wrote {path}: correct it there, and give it back with --facts"), err=True)
    elif Path(source).resolve() != path.resolve():
        path.unlink(missing_ok=True)

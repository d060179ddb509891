"""The reference of the command line, made of the commands themselves: a page each."""

import inspect
import re
from collections.abc import Iterator

import click

from mlake.cli import main

__all__ = ["command_pages"]

_INDEX = "commands/index.md"


def command_pages() -> dict[str, str]:
    """Path to Markdown: a page that lists the commands, and one for each."""
    context = click.Context(main, info_name="mlake")
    children = _children(context)
    rows = "".join(f"| [`mlake {one.info_name}`]({one.info_name}.md) | {_line(one)} |\n" for one in children)
    index = f"# Commands\n\n{_help(main)}\n\n| command | what it does |\n| --- | --- |\n{rows}"
    made = {f"commands/{one.info_name}.md": "\n".join(_page(one, 1)) + "\n" for one in children}
    return {_INDEX: index} | made


def _line(context: click.Context) -> str:
    """What a command does, as the list of commands says it."""
    return _text(main.table[str(context.info_name)][1])


def _children(context: click.Context) -> list[click.Context]:
    """A context for each command of a group."""
    group = context.command
    assert isinstance(group, click.Group)
    found = [(name, group.get_command(context, name)) for name in group.list_commands(context)]
    return [click.Context(one, info_name=name, parent=context) for name, one in found if one is not None]


def _page(context: click.Context, depth: int) -> Iterator[str]:
    """Heading, usage, help, options and examples of a command, and then of those below it."""
    command = context.command
    yield f"{'#' * depth} mlake {context.command_path.removeprefix('mlake ')}\n"
    if isinstance(command, click.Group):
        yield f"{_help(command)}\n"
        for child in _children(context):
            yield from _page(child, depth + 1)
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {usage}\n```\n"
    yield f"{_help(command)}\n"
    if command.epilog:
        yield f"{_examples(command.epilog)}\n"
    records = [param.get_help_record(context) for param in command.get_params(context)]
    rows = [f"| `{names}` | {_text(said)} |" for names, said in filter(None, records) if said]
    yield "\n".join(["| option | what it does |", "| --- | --- |", *rows, ""])


def _help(command: click.Command) -> str:
    return _text(inspect.cleandoc(command.help or "").replace("\b\n", ""))


def _examples(epilog: str) -> str:
    lines = epilog.replace("\b\n", "").splitlines()
    shown = [line.strip() for line in lines if line.startswith("  ")]
    return "```sh\n" + "\n".join(shown) + "\n```"


def _text(text: str) -> str:
    """Help as Markdown: words between back quotes stay code, and nothing else is markup."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([\\<*_\[\]|])", r"\\\1", part) for part in parts
    )

"""``mlake ask``: questions to a model, edited or not."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlake.cli.options import JSON, LOADING, MAX_NEW_TOKENS, model_options
from mlake.errors import MlakeError, RunError
from mlake.records import Answer
from mlake.safe import plain, visible

if TYPE_CHECKING:
    from mlake.models.lm import LM

__all__ = ["ask"]

_PROMPT = "? "


@click.command(
    epilog='\b\nExamples:\n  mlake ask --model demo --edit edit/ "Who founded Acme Corporation?"'
    "\n  mlake ask --model demo --edit first/ --edit second/ --interactive"
    "\n  mlake ask --model demo --json < questions.txt"
)
@click.argument("questions", nargs=-1, metavar="[QUESTION]...")
@model_options
@click.option(
    "--edit",
    "edits",
    multiple=True,
    type=click.Path(path_type=Path),
    help="An edit to put in force: its file, or the folder that `mlake edit` wrote; several in turn.",
)
@MAX_NEW_TOKENS
@click.option("--interactive", is_flag=True, help="Ask line by line until the input ends.")
@JSON
def ask(
    questions: tuple[str, ...], edits: tuple[Path, ...], interactive: bool, as_json: bool, **flags: Any
) -> None:
    """Ask a model QUESTIONs, with edits in force or without.

    Without a QUESTION, each line of what is piped in is one. One question gets the answer alone, several get
    question and answer in turn.
    """
    import mlake.models
    from mlake.editing.edits.stacked import all_applied, load_edits

    _check(questions, interactive=interactive, as_json=as_json)
    asked = () if interactive else _asked(questions)
    stacked = load_edits(edits)
    model = {key: flags[key] for key in LOADING}
    lm = mlake.models.load(flags["model"], **model)
    with all_applied(lm, stacked) as edited:
        if interactive:
            _talk(edited, flags["max_new_tokens"])
            return
        replies = _answers(edited, asked, flags["max_new_tokens"])
    if as_json:
        click.echo(json.dumps(_record(lm, edits, asked, replies), indent=1))
        return
    for question, reply in zip(asked, replies, strict=True):
        if len(asked) > 1:
            click.echo(visible(_PROMPT + question))
        click.echo(visible(reply.text))


def _check(questions: Sequence[str], *, interactive: bool, as_json: bool) -> None:
    """Refuse what does not go together, before anything is read or loaded."""
    if interactive and (questions or as_json):
        other = "--json" if as_json else "a QUESTION"
        raise RunError(f"--interactive reads questions and shows answers in turn; leave out it or {other}")
    if not interactive and not questions and _at_a_terminal():
        raise RunError(
            "no question is given; write one behind the options, pipe some in, or use --interactive"
        )


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()


def _asked(questions: Sequence[str]) -> tuple[str, ...]:
    """The questions that are given, else those that are piped in."""
    given = questions or [line for line in _lines() if line.strip()]
    if not given:
        raise RunError("no question was piped in; expected one on each line")
    return tuple(_question(text, number) for number, text in enumerate(given, 1))


def _question(text: str, number: int) -> str:
    """A question without white space around it.

    Raises:
        RunError: Nothing is left, or it is no text.
    """
    if not text.strip():
        raise RunError(f"question {number} is empty; leave it out")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RunError(f"question {number} is no UTF-8; write it in UTF-8") from None
    return text.strip()


def _lines() -> Iterator[str]:
    """What is piped or typed in, a line at a time; what is no UTF-8 is told by ``_question``."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def _talk(lm: "LM", longest: int) -> None:
    """Ask line by line; the prompt is on standard error, so that answers alone can be redirected."""
    lines = _lines()
    while True:
        click.echo(_PROMPT, err=True, nl=False)
        line = next(lines, None)
        if line is None:
            click.echo(err=True)
            return
        if not line.strip():
            continue
        try:
            (reply,) = _answers(lm, [_question(line, 1)], longest)
        except MlakeError as error:
            click.echo(plain(f"error: {error}"), err=True)
        else:
            click.echo(visible(reply.text))


def _answers(lm: "LM", questions: Sequence[str], longest: int) -> list[Answer]:
    from mlake.models.generate import answers

    return answers(lm, questions, max_new_tokens=longest)


def _record(
    lm: "LM", edits: Sequence[Path], questions: Sequence[str], replies: Sequence[Answer]
) -> dict[str, Any]:
    return {
        "model": lm.name,
        "model_revision": lm.revision,
        "edits": [str(one) for one in edits],
        "answers": [
            {"question": question, "answer": reply.text, "stopped": reply.stopped}
            for question, reply in zip(questions, replies, strict=True)
        ],
    }

"""Settings of a method as they are given on the command line or in a recipe."""

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from mlake.errors import RunError

__all__ = ["SETTINGS", "setting", "settings_of", "trained_files"]

_WORD = re.compile(r"[A-Za-z][\w.:/~+-]*")


def settings_of(
    pairs: Iterable[tuple[str, Any]], *, no_subject: bool, trained: Sequence[str] = (), method: str = ""
) -> dict[str, Any]:
    """Overrides of a method from ``--set``, ``--no-subject`` and ``--trained``.

    Args:
        pairs: Names and values.
        no_subject: Key at the question's last token.
        trained: ``METHOD=FILE`` each; those of other methods say nothing here.
        method: Name of the method.

    Raises:
        RunError: As ``trained_files``.
    """
    settings: dict[str, Any] = {"key": "question"} if no_subject else {}
    files = trained_files(trained)
    if method in files:
        settings["trained"] = str(files[method])
    return settings | {key.replace("-", "_"): value for key, value in pairs}


def setting(pair: str) -> tuple[str, Any]:
    """Name and value of a setting.

    Args:
        pair: ``KEY=VALUE``; the value is TOML, or a bare word that stands for itself.

    Raises:
        RunError: It is not.
    """
    key, equals, value = pair.partition("=")
    if not equals or not key.strip():
        raise RunError(f"--set takes KEY=VALUE, got {pair!r}; write for example --set steps=25")
    return key.strip(), _value(pair, value.strip())


def trained_files(pairs: Sequence[str]) -> dict[str, Path]:
    """Method to file from ``--trained``.

    Args:
        pairs: ``METHOD=FILE`` each.

    Raises:
        RunError: A pair that is not, or of a method that is not known or not trained.
    """
    from mlake.editing import editor

    files = {}
    for pair in pairs:
        name, equals, file = pair.partition("=")
        if not equals or not file:
            raise RunError(f"--trained takes METHOD=FILE, got {pair!r}; name the method and its file")
        if not editor(name).trainable:
            raise RunError(f"{name} needs no training, so --trained {pair} says nothing; leave it out")
        files[name] = Path(file)
    return files


def _value(pair: str, text: str) -> Any:
    try:
        values = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        if _WORD.fullmatch(text):
            return text
        raise RunError(f"--set {pair!r} holds no TOML value: {error}; quote text: 'KEY=\"b c\"'") from None
    if len(values) > 1:
        raise RunError(f"--set takes one KEY=VALUE, got {pair!r}; write --set once for each")
    return values["value"]


def _taken(given: str | tuple[str, Any]) -> tuple[str, Any]:
    """A flag is text; a recipe's settings are names and values already. Either may hold what JSON lacks."""
    key, value = setting(given) if isinstance(given, str) else given
    try:
        json.dumps(value)
    except TypeError:
        raise RunError(
            f"setting {key!r} holds a date or time; write text in quotes, a number, true, false or a list"
        ) from None
    return key, value


SETTINGS = click.option(
    "--set", "settings", multiple=True, type=_taken, metavar="KEY=VALUE", help="A setting of the method."
)

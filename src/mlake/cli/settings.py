"""Settings of a method as they are given on the command line or in a recipe."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from mlake.errors import RunError

__all__ = ["setting", "settings_of", "settings_options", "single_settings_options", "trained_files"]

_WORD = re.compile(r"(?:[A-Za-z]|\.{0,2}/)[\w.:/~+-]*")


def settings_of(
    pairs: Iterable[tuple[str, Any]],
    *,
    no_subject: bool,
    trained: Sequence[str] = (),
    method: str = "",
    like: str = "",
    file: Path | None = None,
) -> dict[str, Any]:
    """What ``editor`` takes, from ``--set``, ``--no-subject``, ``--trained``, ``--like`` and ``--settings``.

    Args:
        pairs: Names and values.
        no_subject: Key at the question's last token.
        trained: ``METHOD=FILE`` each; those of other methods say nothing here.
        method: Name of the method.
        like: Name of a preset.
        file: TOML file of settings.

    Raises:
        RunError: A file cannot be read, a name is an option's, or as ``trained_files``.
    """
    changed: dict[str, Any] = {"key": "question"} if no_subject else {}
    files = trained_files(trained)
    if method in files:
        changed["trained"] = str(files[method])
    changed |= {_name(key): value for key, value in pairs}
    for key in ("like", "settings"):
        if key in changed:
            raise RunError(f"{key!r} is no setting of a method; write --{key} …")
    preset = {"like": like} if like else {}
    return changed | preset | ({"settings": _read(file, method)} if file else {})


def _name(key: str) -> str:
    return key.replace("-", "_")


def _read(path: Path, method: str) -> dict[str, Any]:
    """Settings of a method from a TOML file of KEY = VALUE lines, which may say what they were made for."""
    from mlake.editing.tuned import read_tuned  # as any part of editing, it loads torch

    try:
        found = read_tuned(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"cannot read the settings {path}: {error.strerror}; give a TOML file") from error
    except ValueError as error:
        raise RunError(f"{path} is no TOML: {error}; write lines such as steps = 25") from error
    if found.made.get("method", method) != method:
        raise RunError(
            f"{path} holds settings for {found.made['method']!r}, not for {method!r}; choose that method, or "
            "write the settings into a file of their own"
        )
    for key, value in found.settings.items():
        if isinstance(value, dict):
            raise RunError(f"{path} holds a table [{key}]; expected lines such as steps = 25")
    return dict(map(_taken, found.settings.items()))


def setting(pair: str) -> tuple[str, Any]:
    """Name and value of a setting.

    Args:
        pair: ``KEY=VALUE``; the value is TOML, or a bare word or path that stands for itself.

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


_OPTIONS = (
    click.option(
        "--set", "settings", multiple=True, type=_taken, metavar="KEY=VALUE", help="A setting of the method."
    ),
    click.option(
        "--settings",
        "settings_file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="TOML file of settings; --set beats it.",
    ),
    click.option("--like", default="", metavar="PRESET", help="easyedit: do as EasyEdit; settings beat it."),
)


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that takes settings of a method: one by one, from a file, from a preset."""
    return single_settings_options(_OPTIONS[-1](command))


def single_settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that takes settings of a method one by one and from a file."""
    for option in reversed(_OPTIONS[:-1]):
        command = option(command)
    return command

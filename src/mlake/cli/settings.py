"""Settings of a method as they are given on the command line."""

import re
import tomllib
from collections.abc import Sequence
from typing import Any

from mlake.errors import RunError

__all__ = ["settings_of"]

_WORD = re.compile(r"[A-Za-z][\w.:/~+-]*")


def settings_of(pairs: Sequence[str], *, no_subject: bool) -> dict[str, Any]:
    """Overrides of a method from ``--set`` and ``--no-subject``.

    Args:
        pairs: ``KEY=VALUE`` each; a value is TOML, or a bare word that stands for itself.
        no_subject: Key at the prompt's last token.

    Raises:
        RunError: A pair that is not ``KEY=VALUE``.
    """
    settings: dict[str, Any] = {"key": "prompt"} if no_subject else {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise RunError(f"--set takes KEY=VALUE, got {pair!r}; write for example --set steps=25")
        settings[key.strip().replace("-", "_")] = _value(pair, value.strip())
    return settings


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

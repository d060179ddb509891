"""The numbers that the paper prints, by table, model, method, kind of question and language."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from mlake.errors import UnknownNameError

__all__ = ["model_titles", "paper_model", "printed", "printed_models", "protocol"]


def printed(table: str, lang: str, **where: str) -> float | None:
    """A number as the paper prints it, percent where it is a share.

    Args:
        table: ``table1`` to ``table5`` or ``figure6``.
        lang: Language code: asked in, and edited in too unless ``where`` says otherwise.
        **where: What else names the number. ``model`` is a key of ``model_titles``, ``kind`` a kind of
            question, ``key`` of Table 2 what the method's setting of that name holds.

            =======  ==================================================
            table1   ``model``, ``method``, ``kind``
            table2   ``model``, ``method``, ``key``
            table3   ``model``
            table4   ``model``, ``kind``
            table5   ``statistic``: its title in ``mlake.data.stats.views.TABLE5``
            figure6  ``model``, ``method``, ``edited_in``, ``when``
            =======  ==================================================

    Returns:
        The number; None where the paper prints none, or one that cannot be read.

    Raises:
        UnknownNameError: No numbers are kept of this table.
    """
    known = _index()
    if table not in known:
        raise UnknownNameError("table of the paper", table, known)
    return known[table].get(frozenset(where.items()), {}).get(lang)


def model_titles() -> Mapping[str, str]:
    """The paper's models: key and name as printed, those that it edits first."""
    titles: dict[str, str] = _numbers()["models"]
    return MappingProxyType(titles)


def printed_models(table: str) -> tuple[str, ...]:
    """Keys of the models that a table of the paper has numbers of, in its order.

    Raises:
        UnknownNameError: No numbers are kept of this table.
    """
    known = _index()
    if table not in known:
        raise UnknownNameError("table of the paper", table, known)
    named = {value for where in known[table] for name, value in where if name == "model"}
    return tuple(key for key in model_titles() if key in named)


def protocol() -> Mapping[str, Any]:
    """What the paper says about how it measured."""
    said: dict[str, Any] = _numbers()["protocol"]
    return MappingProxyType(said)


def paper_model(name: str) -> str | None:
    """The key of the paper's model that a model of this name is; None for any other model.

    Only the last part of a name or path counts, in any case, without a revision (``@…``) and ``-hf``. A
    quantised file is another model: it gives other answers.
    """
    last = name.rstrip("/").rsplit("/", 1)[-1].split("@", 1)[0].casefold().removesuffix("-hf")
    return last if last in model_titles() else None


@cache
def _numbers() -> dict[str, Any]:
    text = files("mlake.report.paper").joinpath("numbers.json").read_text(encoding="utf-8")
    numbers: dict[str, Any] = json.loads(text)
    return numbers


@cache
def _index() -> Mapping[str, Mapping[frozenset[tuple[str, str]], Mapping[str, float | None]]]:
    index: dict[str, dict[frozenset[tuple[str, str]], Mapping[str, float | None]]] = {}
    for row in _numbers()["printed"]:
        where = frozenset(item for item in row.items() if item[0] not in ("table", "values"))
        index.setdefault(row["table"], {})[where] = row["values"]
    return index

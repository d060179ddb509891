"""Facts that a report uses are refused: settings must not be chosen on what they are judged by."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlake.data.datasets import load
from mlake.data.same import same_facts
from mlake.errors import DataError
from mlake.evaluation.store import read_run
from mlake.records import Fact
from mlake.safe import plain

__all__ = ["reported_facts", "unreported"]


def reported_facts(name: str, mirror: Path | None = None) -> Sequence[Fact]:
    """The facts that a report uses.

    Args:
        name: A run folder, or a data set as ``load`` takes it.
        mirror: As in ``load``.

    Raises:
        MlakeError: The run or its data cannot be read.
    """
    if not (Path(name) / "spec.json").exists():
        return load(name, mirror=mirror).facts
    spec: Any = read_run(Path(name)).spec
    return load(spec["data"], mirror=mirror).facts[slice(*spec["facts"])]


def unreported(
    chosen: Sequence[Fact], others: Sequence[Fact], reported: Sequence[Fact], name: str
) -> Sequence[Fact]:
    """The other facts that no report uses.

    Args:
        chosen: The facts to tune on.
        others: Facts to ask about besides.
        reported: Facts that a report uses.
        name: What these are from.

    Raises:
        DataError: A fact to tune on is one of them, or about the same subject and relation.
    """
    same = same_facts(chosen, reported)
    if same:
        raise DataError(
            plain(
                f"{len(same)} of the {len(chosen)} facts to tune on are in {name} too, such as "
                f"{same[0].id!r}; choose others with --facts, or other --data"
            )
        )
    known = {one.id for one in same_facts(others, reported)}
    return [fact for fact in others if fact.id not in known]

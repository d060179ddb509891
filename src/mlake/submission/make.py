"""A run to a submission: its settings, its scores, and its answers by the ids of the questions."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from mlake.data import DATASETS
from mlake.errors import RunError
from mlake.evaluation.spec import canonical
from mlake.evaluation.store import read_run
from mlake.folders import slug
from mlake.report.load import load_run
from mlake.report.tidy import UNEDITED, TidyRow, tidy
from mlake.scorers.table import SCORERS, score_all
from mlake.submission.files import ANSWERS, CLAIM, claim_of, packed

__all__ = ["Scores", "scores_of", "submission"]

_REFUSED = "not edited in "

Scores = dict[str, dict[str, dict[str, dict[str, list[float]]]]]
"""Scorer with its version, kind of question, language edited in, language asked in: mean, and of how many."""


def submission(folder: Path) -> tuple[str, dict[str, bytes]]:
    """The name and the files of a submission.

    Args:
        folder: The folder of a finished run.

    Raises:
        RunError: The run is damaged or not finished, or is on data that nobody else has by name.
    """
    stored = read_run(folder)
    missing = stored.missing()
    if missing:
        raise RunError(
            f"{folder} is not finished: {len(missing)} units of answers are missing, such as {missing[0]}; "
            "go on with the command that began it, then submit"
        )
    if stored.spec["data"] not in DATASETS:
        raise RunError(
            f"{folder} is on {stored.spec['data']!r}, which nobody else can load by name; submit runs on one "
            f"of: {', '.join(DATASETS)}"
        )
    spec = _placeless(stored.spec)
    plan = json.loads((folder / "plan.json").read_bytes())
    plan["notes"] = _without_texts(plan["notes"])
    archive = packed(folder, [f"answers/{name}.jsonl" for name in plan["units"]])
    scores = scores_of(tidy(spec, score_all(load_run(folder).asked)))
    files = {CLAIM: claim_of(spec, plan, scores, archive), ANSWERS: archive}
    model, digest = slug(spec["model"]), sha256(canonical(spec).encode()).hexdigest()
    return slug(f"{spec['method']}-{model}-{spec['data']}-{digest[:8]}"), files


def scores_of(rows: Sequence[TidyRow]) -> Scores:
    """The means that answers alone give, as a submission tells them.

    Args:
        rows: Means of a run.
    """
    found: Scores = {}
    for row in rows:
        if row["scorer"] in SCORERS and row["value"] is not None:
            kinds = found.setdefault(row["signature"], {})
            edits = kinds.setdefault(row["kind"], {}).setdefault(row["edit_lang"] or UNEDITED, {})
            edits[row["test_lang"]] = [row["value"], row["n"]]
    return found


def _without_texts(notes: Sequence[str]) -> list[str]:
    """Notes of a plan, where a reason may quote the data: counted instead."""
    refused = Counter(note.partition(":")[0] for note in notes if note.startswith(_REFUSED))
    return [
        *(note for note in notes if not note.startswith(_REFUSED)),
        *(f"{head}: {count} facts that the method or the model refuses" for head, count in refused.items()),
    ]


def _placeless(value: Any) -> Any:
    """Settings in which a place on somebody's machine is its last part."""
    if isinstance(value, Mapping):
        return {key: _placeless(one) for key, one in value.items()}
    if isinstance(value, list):
        return list(map(_placeless, value))
    if isinstance(value, str):
        for kind in (PurePosixPath, PureWindowsPath):
            if kind(value).is_absolute() or value.startswith("~"):
                return kind(value).name
    return value

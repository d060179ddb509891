"""A run as logs of Inspect, which ``inspect view`` opens: of the unedited model, and of each edit language.

Their form is that of version 2 of Inspect's JSON logs. A run stores no times, so that a log tells the time at
which its folder's settings were written.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from mlake.disk import encoded
from mlake.evaluation.spec import canonical
from mlake.records import Asked
from mlake.report.rundata import RunData, model_name
from mlake.report.tidy import UNEDITED, TidyRow
from mlake.scorers.row import ScoredRow

__all__ = ["log_files"]

_SCORER = "measures"


def log_files(run: RunData) -> dict[str, bytes]:
    """The logs of a run by the names under which ``inspect view`` finds them.

    Args:
        run: The run.
    """
    began = datetime.fromtimestamp((run.folder / "spec.json").stat().st_mtime, UTC)
    groups: dict[str | None, list[ScoredRow]] = {}
    for row in run.scored:
        groups.setdefault(row.edit_lang, []).append(row)
    files = {}
    for lang, rows in groups.items():
        name = f"{began:%Y-%m-%dT%H-%M-%S}+00-00_mlake-{lang or UNEDITED}_{_id(run.spec, lang)}.json"
        log = _log(run, lang, rows, f"{began:%Y-%m-%dT%H:%M:%S}+00:00")
        files[name] = encoded(json.dumps(log, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    return files


def _id(spec: Mapping[str, Any], lang: str | None) -> str:
    """The same for the same run and language."""
    return sha256(encoded(f"{canonical(dict(spec))}\n{lang}")).hexdigest()[:22]


def _log(run: RunData, lang: str | None, scored: Sequence[ScoredRow], began: str) -> dict[str, Any]:
    samples = list(_samples(run.spec, scored))
    one = _id(run.spec, lang)
    means = [row for row in run.rows if row["edit_lang"] == lang and row["n"]]
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": one,
            "run_id": _id(run.spec, "run"),
            "created": began,
            "task": f"{run.spec['data']}, {run.spec['method']} {lang}"
            if lang
            else f"{run.spec['data']}, unedited",
            "task_id": one,
            "task_version": 0,
            "dataset": {
                "name": run.spec["data"],
                "samples": len(samples),
                "sample_ids": [sample["id"] for sample in samples],
                "shuffled": False,
            },
            "model": model_name(run.spec),
            "config": {"epochs": 1},
            "packages": {"mlake": run.spec["version"]},
            "metadata": {"spec": dict(run.spec), "notes": list(run.notes)},
        },
        "plan": {
            "name": "plan",
            "steps": [{"solver": "generate", "params": {}}],
            "config": {"max_tokens": run.spec.get("max_new_tokens"), "temperature": 0.0},
        },
        "results": {
            "total_samples": len(samples),
            "completed_samples": len(samples),
            "scores": list(_scores(means)),
        },
        "stats": {"started_at": began, "completed_at": began},
        "samples": samples,
    }


def _samples(spec: Mapping[str, Any], scored: Iterable[ScoredRow]) -> Iterator[dict[str, Any]]:
    """The answers, each with what every scorer says of it."""
    answered: dict[tuple[int | None, str, str], list[tuple[Asked, ScoredRow]]] = {}
    for row in scored:
        if row.asked is not None:
            answered.setdefault((row.batch, row.kind, row.probe), []).append((row.asked, row))
    for pairs in answered.values():
        asked = pairs[0][0]
        probe, text = asked.probe, asked.answer.text
        said = {"role": "assistant", "content": text, "source": "generate"}
        place = "" if asked.batch is None else f"{asked.batch:03d} "
        yield {
            "id": f"{place}{asked.kind} {probe.id}",
            "epoch": 1,
            "input": probe.text,
            "target": list(probe.accept),
            "messages": [{"role": "user", "content": probe.text, "source": "input"}, said],
            "output": {
                "model": str(spec.get("model", "unknown")),
                "choices": [
                    {"message": said, "stop_reason": "stop" if asked.answer.stopped else "max_tokens"}
                ],
                "completion": text,
            },
            "scores": {
                _SCORER: {
                    "value": {row.scorer: row.value for _, row in pairs if row.value is not None},
                    "answer": text,
                }
            },
            "metadata": {
                "kind": asked.kind,
                "lang": probe.lang,
                "fact": probe.fact,
                "batch": asked.batch,
                "edited_in": asked.edit_lang,
                "old_answers": list(probe.reject),
                "before": asked.before.text if asked.before else None,
            },
            "model_usage": {},
        }


def _scores(means: Sequence[TidyRow]) -> Iterator[dict[str, Any]]:
    """The means of each scorer, by kind of question and language."""
    by_scorer: dict[str, list[TidyRow]] = {}
    for row in means:
        by_scorer.setdefault(row["scorer"], []).append(row)
    for name, rows in by_scorer.items():
        yield {
            "name": name,
            "scorer": _SCORER,
            "scored_samples": sum(row["n"] for row in rows),
            "metrics": {
                f"grouped_{row['kind']} {row['test_lang']}": {
                    "name": f"{row['kind']} {row['test_lang']}",
                    "group": "grouped",
                    "value": row["value"],
                    "metadata": {"n": row["n"], "low": row["low"], "high": row["high"]},
                }
                for row in rows
            },
        }

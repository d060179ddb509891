"""Tasks of lm-evaluation-harness: files that ask a data set's questions and have mlake score the answers.

A task is a data set, a language and a kind of question. ``lm_eval --include_path DIR`` finds the files, whose
folder can be moved. lm_eval hands back an answer's text alone: scorers that need to know more say nothing.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mlake.disk import encoded
from mlake.harness.questions import Chosen, documents, metrics, name_of, scores
from mlake.records import Benchmark
from mlake.templates import STOPS, filled, stop_told

__all__ = ["process_results", "questions_of", "task_files"]

_HOOKS = f'''\
"""Gives lm_eval the questions that stand beside this file, and mlake's scores of answers to them."""

from pathlib import Path

from {__name__} import process_results, questions_of

__all__ = ["process_results", "questions"]

questions = questions_of(Path(__file__).parent)
'''


class _Hook(str):
    """A function that lm_eval finds in the file beside a task."""

    __slots__ = ()


def task_files(
    benchmark: Benchmark, chosen: Chosen, *, template: str, stop: str | None, max_new_tokens: int
) -> dict[str, bytes]:
    """The files of a folder for ``lm_eval --include_path``: a task for each language and kind.

    All have the data set's name as a tag, and that name and the kind's as another.

    Args:
        benchmark: The data set.
        chosen: Which of its questions.
        template: Text with one ``{question}``; ``{question}`` alone where lm_eval applies a chat template.
        stop: One of ``mlake.templates.STOPS``; None for what follows from the template.
        max_new_tokens: Longest answer in tokens.

    Raises:
        MlakeError: As ``documents``, or the template does not hold ``{question}`` once.
    """
    tag = name_of(benchmark)
    ends = STOPS[stop_told(template, stop)]
    tasks: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in documents(benchmark, chosen):
        asked = {"prompt": filled(template, row["text"]), "target": (*row["accept"], "")[0]}
        tasks.setdefault((row["lang"], row["kind"]), []).append(row | asked)
    files = {f"{tag}.py": encoded(_HOOKS)}
    for (lang, kind), rows in tasks.items():
        task = f"{tag}_{lang}_{kind}"
        config = {
            "task": task,
            "tag": [tag, f"{tag}_{kind}"],
            "custom_dataset": _Hook(f"{tag}.questions"),
            "dataset_kwargs": {"file": f"{task}.jsonl"},
            "test_split": "test",
            "output_type": "generate_until",
            "doc_to_text": "prompt",
            "doc_to_target": "target",
            "process_results": _Hook(f"{tag}.process_results"),
            "generation_kwargs": {
                "until": [ends] if ends else [],
                "do_sample": False,
                "max_gen_toks": max_new_tokens,
            },
            "metric_list": [
                {"metric": name, "aggregation": "mean", "higher_is_better": up}
                for name, up in metrics(kind).items()
            ],
            "num_fewshot": 0,
            "metadata": {"version": version("mlake"), "data": benchmark.name, "sha256": benchmark.sha256},
        }
        files[f"{task}.yaml"] = encoded("".join(f"{key}: {_yaml(value)}\n" for key, value in config.items()))
        files[f"{task}.jsonl"] = encoded("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return files


def _yaml(value: object) -> str:
    """A value on one line: JSON is YAML, but for lm_eval's tag for functions."""
    return f"!function {value}" if isinstance(value, _Hook) else json.dumps(value, ensure_ascii=False)


def questions_of(folder: Path) -> Callable[..., dict[str, Any]]:
    """What lm_eval calls for the questions of a task.

    Args:
        folder: The folder of the task.
    """

    def questions(file: str, **metadata: object) -> dict[str, Any]:
        from datasets import Dataset

        lines = (folder / file).read_text(encoding="utf-8").splitlines()
        return {"test": Dataset.from_list([json.loads(line) for line in lines])}

    return questions


def process_results(document: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """What lm_eval calls for the scores of an answer.

    Args:
        document: The question.
        results: The answer alone.
    """
    values = scores(document, results[0])
    return {name: values[name] for name in metrics(document["kind"]) if name in values}

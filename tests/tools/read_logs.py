"""Prints what Inspect reads of a folder of logs: task to model, answers by sample, and means."""

import json
import sys

from inspect_ai.log import list_eval_logs, read_eval_log

found = {}
for place in list_eval_logs(sys.argv[1]):
    log = read_eval_log(place)
    assert log.status == "success" and log.samples and log.results
    scores = {sample.id: next(iter((sample.scores or {}).values())) for sample in log.samples}
    found[log.eval.task] = {
        "model": log.eval.model,
        "answers": {name: score.answer for name, score in scores.items()},
        "means": {
            one.name: {metric.name: metric.value for metric in one.metrics.values()}
            for one in log.results.scores
        },
    }
print(json.dumps(found))

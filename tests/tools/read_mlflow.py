"""Prints what MLflow kept of its newest run: parameters, metrics, names of files."""

import json

from mlflow import MlflowClient

client = MlflowClient()
run = client.search_runs(["0"])[0]
files = [one.path for one in client.list_artifacts(run.info.run_id)]
print(json.dumps({"params": run.data.params, "metrics": run.data.metrics, "files": files}))

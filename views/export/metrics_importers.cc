#include "views/export/metrics_importers.h"

namespace temper {

std::string WandbImporter() {
  return R"(#!/usr/bin/env python3
"""Logs what `temper export --format wandb` wrote beside this file to Weights & Biases:  import_wandb.py [PROJECT]

Takes the WANDB_* variables (WANDB_MODE=offline writes folders for `wandb sync`)."""
import json
import pathlib
import sys

import wandb

project = sys.argv[1] if len(sys.argv) > 1 else "temper"
root = pathlib.Path(__file__).resolve().parent
for history in sorted(root.rglob("history.jsonl")):
    table = history.parent
    config = json.loads((table / "config.json").read_text())
    run = wandb.init(project=project, name=str(table.relative_to(root)), config=config)
    for line in history.read_text().splitlines():
        row = {name: float(value) if value == "NaN" else value for name, value in json.loads(line).items()}
        step = row.pop("_step")
        row.pop("_runtime")
        run.log({"temper_time": row.pop("_timestamp"), **row}, step=step)
    run.finish()
    print(f"{history}: logged")
)";
}

std::string MlflowImporter() {
  return R"(#!/usr/bin/env python3
"""Logs what `temper export --format mlflow` wrote beside this file to MLflow:  import_mlflow.py [EXPERIMENT]

Takes MLFLOW_TRACKING_URI: a server, or a database such as sqlite:///mlflow.db. MLflow's file store is deprecated."""
import json
import pathlib
import sys

import mlflow
from mlflow.entities import Metric, Param, RunTag

BATCH = 1000  # what a server takes at once; of parameters 100

root = pathlib.Path(__file__).resolve().parent
client = mlflow.MlflowClient()
name = sys.argv[1] if len(sys.argv) > 1 else "temper"
found = client.get_experiment_by_name(name)
experiment = found.experiment_id if found else client.create_experiment(name)
for path in sorted(root.rglob("metrics.jsonl")):
    table = path.parent
    metrics = [Metric(**json.loads(line)) for line in path.read_text().splitlines()]
    params = [Param(key, value) for key, value in json.loads((table / "params.json").read_text()).items()]
    tags = [RunTag(key, value) for key, value in json.loads((table / "tags.json").read_text()).items()]
    run = client.create_run(experiment, start_time=min(metric.timestamp for metric in metrics))
    client.log_batch(run.info.run_id, tags=tags)
    for begin in range(0, len(params), 100):
        client.log_batch(run.info.run_id, params=params[begin:begin + 100])
    for begin in range(0, len(metrics), BATCH):
        client.log_batch(run.info.run_id, metrics=metrics[begin:begin + BATCH])
    client.set_terminated(run.info.run_id, end_time=max(metric.timestamp for metric in metrics))
    print(f"{path}: {len(metrics)} values logged")
)";
}

}  // namespace temper

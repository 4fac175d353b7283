#pragma once

#include <string>

namespace temper {

// Writes the metrics of a run (every metrics.jsonl and eval_metrics.jsonl in it) for another program into `out`, which is made when absent.
// One table for each stage: sft, <arm>, ...
//   csv     <table>.csv: a line a step, a column a metric; empty where a step has none
//   wandb   <table>/{history.jsonl, config.json, summary.json} in the words of Weights & Biases (_step, _timestamp, _runtime), and
//           import_wandb.py, which logs them
//   mlflow  <table>/{metrics.jsonl, params.json, tags.json}: one {key, value, timestamp, step} a line, and import_mlflow.py, which logs
//           them to a tracking server or database. MLflow's own file store is not written: MLflow has deprecated it and refuses it from
//           3.13 on.
// Throws ConfigError when the folder is no run, when it has no rows, or when a row is damaged (file:line), Error when `out` cannot be
// written. Returns what was written, a line each.
std::string ExportMetrics(const std::string& run_folder, const std::string& format, const std::string& out);

}  // namespace temper

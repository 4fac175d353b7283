#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/evaluation.h"

namespace temper {

// One row of metrics.jsonl: step and metric -> value.
struct MetricRow {
  std::string stage;
  int64_t step = 0;
  std::map<std::string, double> values;
};

// What one arm left behind in its folder (runs/<name>/<arm>/).
struct ArmRecord {
  std::string name;
  std::vector<std::pair<std::string, std::string>> overrides;  // dotted key -> value
  std::vector<MetricRow> metrics;
  std::map<std::string, std::vector<EvalSample>> evaluations;  // set name -> samples; "start/<set>" = before RL
  std::map<std::string, std::vector<double>> eval_rewards;     // as composed, parallel to the samples
  std::map<std::string, int64_t> eval_versions;
};

struct RunRecord {
  std::string name;
  std::string policy_name;
  bool built_in_world = false;
  uint64_t seed = 0;
  std::map<std::string, std::string> environment;  // versions, host, ranks
  std::vector<ArmRecord> arms;
};

// Everything the report says, computed once.
struct Report;

// Reads a run folder (runs/<name>). Throws Error naming what is missing.
RunRecord ReadRunRecord(const std::string& run_folder);

// Writes report.json and the self-contained report.html into `folder` and returns the table for a terminal (plain text, 100 columns).
std::string WriteReport(const RunRecord& record, const std::string& folder);

// Reports several runs side by side (the same arms over seeds): means over runs with intervals; written into `folder`.
std::string WriteComparisonReport(const std::vector<RunRecord>& records, const std::string& folder);

}  // namespace temper

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/figures.h"
#include "record/origin.h"

namespace temper {

// One row of metrics.jsonl: step and metric -> value. Values that are not finite numbers are absent.
struct MetricRow {
  std::string stage;
  int64_t step = 0;
  std::map<std::string, double> values;
};

// What one arm left behind in its folder (runs/<name>/<arm>/).
struct ArmRecord {
  std::string name;
  std::vector<std::pair<std::string, std::string>> overrides;  // dotted key -> value
  std::map<std::string, std::string> settings;                 // dotted key -> value as YAML, all of them; empty where not known
  std::vector<MetricRow> metrics;
  std::map<std::string, std::vector<EvalSample>> evaluations;  // set name -> samples; "start/<set>" = before RL
  std::map<std::string, std::vector<double>> eval_rewards;     // as composed, parallel to the samples; NaN = none; may lack a set
  std::map<std::string, int64_t> eval_versions;                // weight version that sampled the set; may lack a set
  std::map<std::string, std::string> eval_hashes;              // content hash of those weights; may lack a set
};

struct RunRecord {
  std::string name;
  std::string policy_name;
  bool built_in_world = false;
  uint64_t seed = 0;
  int64_t bootstrap_draws = 1000;                  // resamples behind every interval of its report
  std::map<std::string, std::string> environment;  // versions, host, ranks
  RunOrigin origin;                                // of provenance.json; empty where there is none
  std::vector<std::string> eval_sets;              // order of the sets in the report; sets not named follow by name
  std::vector<MetricRow> shared_metrics;           // of the stages the arms share (SFT)
  std::vector<ArmRecord> arms;                     // the first is the one the others are compared with
};

// Reads a run folder:
//   run.json                          {"name", "seed", "policy_spec", "built_in_world", "environment": {key: value},
//                                      "eval_sets": [...] (optional), "arms": [{"name", "overrides": {dotted key: value}}]}
//   provenance.json                   see ReadOrigin (optional)
//   sft/metrics.jsonl                 rows of the shared stages (optional)
//   <arm>/configs/resolved.yaml       the settings (optional)
//   <arm>/metrics.jsonl               one object per step: "stage", "step" and numbers; of two rows for one step the later counts
//                                     (the run was resumed), and a last line without its end is left out (the run goes on)
//   <arm>/eval/[start/]<set>.jsonl    samples, see WriteEvalSamples
//   <arm>/eval/[start/]<set>.meta.json {"weight_version", "weight_hash", "rewards": [number or null, ...]}
// An arm must have metrics or evaluations. Throws Error naming the file and line, or what is missing.
RunRecord ReadRunRecord(const std::string& run_folder);

}  // namespace temper

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/best_step.h"
#include "record/eval_files.h"
#include "record/metrics_file.h"
#include "record/provenance.h"
#include "record/run_json.h"

namespace temper {

// What one arm left behind in its folder (runs/<name>/<arm>/).
struct ArmRecord {
  std::string name;
  std::vector<std::pair<std::string, std::string>> overrides;  // dotted key -> value
  std::map<std::string, std::string> settings;                 // dotted key -> value as YAML, all of them; empty where not known
  std::map<std::string, std::set<std::string>> named;          // dotted key of a setting that maps names to something -> the names
  std::vector<MetricRow> metrics;
  std::optional<BestStep> best;                                // by eval.best; absent where no step was chosen
  std::map<std::string, std::vector<EvalSample>> evaluations;  // set name -> samples; "start/<set>" = before RL
  std::map<std::string, std::vector<double>> eval_rewards;     // as composed, parallel to the samples; NaN = none; may lack a set
  std::map<std::string, int64_t> eval_versions;                // weight version that sampled the set; may lack a set
  std::map<std::string, std::string> eval_hashes;              // content hash of those weights; may lack a set
  std::optional<AnswerScores> answers_before, answers_after;   // of data.held_out_answers, before RL and after it
};

struct RunRecord {
  std::string name;
  std::string policy_name;
  RunDescription::Grader grader;
  bool built_in_world = false;
  std::vector<std::string> left_out;  // of the data, in words with counts
  uint64_t seed = 0;
  std::map<std::string, std::string> environment;  // versions, host, ranks
  RunOrigin origin;                                // of provenance.json; empty where there is none
  std::vector<std::string> eval_sets;              // order of the sets in the report; sets not named follow by name
  std::vector<MetricRow> shared_metrics;           // of the stages the arms share (SFT)
  std::vector<ArmRecord> arms;                     // the first is the one the others are compared with
};

// Reads what a report needs of a run folder: run.json (run_json.h), provenance.json and the metrics
// of the shared stages. For each arm it reads resolved settings, metrics, and evaluations before
// and after RL. All but run.json may be absent, but an arm must have metrics or evaluations. Throws
// Error naming the file and line, or what is missing.
RunRecord ReadRunRecord(const std::string& run_folder);

}  // namespace temper

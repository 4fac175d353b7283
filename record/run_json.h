#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "reward/grade/measured.h"

namespace temper {

// run.json: what a run is. A job writes it when it has read its inputs; a folder that has one is a run's.
//   {"format": 2, "name", "seed", "policy_spec", "grader"?: GRADER, "built_in_world", "environment": {key: value}, "left_out"?: [TEXT,
//   ...], "eval_sets"?: [name, ...],
//    "arms": [{"name", "overrides": {dotted key: value}}, ...]}
//   GRADER: {"name", "reads", "measured"?: [MEASURED, ...], "entries"?: [ENTRY, ...], "mode_from"?}
//   ENTRY: {"name", "type", "reads", "gives": [part, ...], "only", "steers", "measured"?: [MEASURED, ...]}
//   MEASURED: {"dataset", "rows", "compared", "baseline", "date", "figures": {name: value}}
// Format 2 counts steps from 1 in all files of the run. What has no format counts them from 0, and is refused.
struct RunDescription {
  using Pairs = std::vector<std::pair<std::string, std::string>>;  // in the order of the file
  struct Arm {
    std::string name;
    Pairs overrides = {};  // dotted key -> value
  };
  // One of several entries of reward.graders.
  struct GraderEntry {
    std::string name;                              // in reward.graders
    std::string type;                              // "classifier"
    std::string reads;                             // in words
    std::vector<std::string> gives = {};           // parts of a grade
    std::string only = {};                         // the rows it is asked about, "" = all | COLUMN | COLUMN=VALUE
    bool steers = true;                            // false: a monitor
    std::vector<GraderMeasurement> measured = {};  // what concerns it
  };
  // What graded the answers.
  struct Grader {
    std::string name;                              // "rule/<id of the policy spec>"; "" = not recorded
    std::string reads;                             // in words: "words", "facts in the prompt"; "" = not recorded
    std::vector<GraderMeasurement> measured = {};  // empty = nobody measured it; those of several are with their entries
    std::vector<GraderEntry> entries = {};         // of several graders; empty = one, or not recorded
    std::string mode_from = {};                    // of several: whose mode counts; "" = the first that gives one
  };
  std::string name;
  uint64_t seed = 0;
  std::string policy_spec;
  Grader grader;
  bool built_in_world = false;
  std::vector<std::string> left_out;  // of the data, in words with counts
  Pairs environment;                  // versions, host, ranks
  std::vector<std::string> eval_sets;
  std::vector<Arm> arms;  // at least one
};

// Whether the folder has a run.json.
bool IsRunFolder(const std::string& folder);

// Throws ConfigError where the folder holds a run of another format: a start would go on with other numbers for its steps. Says nothing
// where there is no run, or a file that is damaged.
void CheckRunFormat(const std::string& run_folder);

void WriteRunDescription(const std::string& run_folder, const RunDescription& run);

// Throws Error naming the file and what is wrong, also with an arm whose name could not be that of a folder, and of another format.
RunDescription ReadRunDescription(const std::string& run_folder);

}  // namespace temper

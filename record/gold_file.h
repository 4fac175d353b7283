#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace temper {

// What a grader got wrong of all gold answers before the first step that they rode along.
struct GoldBaseline {
  std::string data_hash;
  int64_t wrong = 0;
  int64_t rows = 0;
};
// The probes of one step.
struct GoldStep {
  int64_t step = 0;  // from 1
  int64_t wrong = 0;
  int64_t probes = 0;
  double level = 0;  // of the drift test: 1 or more = alarm
  bool alarm = false;
};

// gold.jsonl of a stage: {"gold": 2, "data": hash, "wrong", "rows"}, then a line a step {"step",
// "wrong", "probes", "level", "alarm"}. With it a run that goes on continues its test. One process
// writes.
class GoldFile {
 public:
  // Takes over the lines of the `steps_done` steps of what an earlier start left, where it is of the same answers, and drops the rest.
  // A file of other answers begins again, with a warning. Throws ConfigError naming the file where it is damaged or of
  // another version: a new baseline would hide a drift.
  GoldFile(std::string path, const std::string& data_hash, int64_t steps_done);

  const std::optional<GoldBaseline>& baseline() const { return baseline_; }
  const std::vector<GoldStep>& steps() const { return steps_; }
  // Each writes to the file; a full disk costs a warning, and the test after a new start its past.
  void SetBaseline(const GoldBaseline& baseline);
  void Add(const GoldStep& step);

 private:
  void Write() const;
  std::string path_;
  std::optional<GoldBaseline> baseline_;
  std::vector<GoldStep> steps_;
};

// The text of the file read back, for the class above and for reports. A last line without its end,
// cut short when the process died, is left out. Throws ConfigError for any other malformed line.
struct GoldRecord {
  std::optional<GoldBaseline> baseline;
  std::vector<GoldStep> steps;
};
GoldRecord GoldRecordFromText(const std::string& text);

}  // namespace temper

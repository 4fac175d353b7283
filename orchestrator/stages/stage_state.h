#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/stages/stage.h"
#include "record/audit_file.h"
#include "record/checkpoint.h"

namespace temper {

// What a checkpoint holds beside the learner's files.
struct StageState {
  std::string stage;
  int64_t step = 0;  // updates done
  uint64_t data_digest = 0;
  std::string composer_state;                   // multipliers
  std::string best;                             // of the best step so far (record/best_file.h); "" = none is chosen
  std::map<std::string, std::string> settings;  // resolved keys the numbers depend on
  std::optional<AuditMark> audit;               // of the stage's trail, where it has one
};

// The settings whose keys begin with one of `prefixes`.
std::map<std::string, std::string> SettingsOf(const ResolvedConfig& resolved, const std::vector<std::string>& prefixes);

// Writes a checkpoint: the learners save into it, then it is committed. Returns the bytes of its files.
uint64_t SaveStage(const StageContext& context, CheckpointStore* store, const StageState& state);

// Loads the newest checkpoint (or --resume DIR's, and then sets those after it aside) into the
// learners, and says so on the terminal. Nothing when there is none. Throws ConfigError naming the key when the data or a
// setting is another than the checkpoint was made with. It names the stage's metrics or audit trail
// where rows of theirs were changed or are missing since.
struct ResumedStage {
  int64_t step = 0;
  std::string composer_state;
  std::string best;
};
ResumedStage ResumeStage(const StageContext& context, const CheckpointStore& store, const StageState& expected);

// "goes on at step 41 of 100 from CHECKPOINT": the next step, of a stage of `steps`, where `done` are done. Without a checkpoint ("") it
// begins again.
std::string ResumeText(int64_t done, int64_t steps, const std::string& checkpoint);

// StageState::best of a checkpoint's state.json; "" where it has none. Throws Error where the text is no such file.
std::string BestOfState(const std::string& state_json);

}  // namespace temper

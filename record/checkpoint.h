#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace temper {

// Resume points of one stage of one arm: <folder>/step_<N>/ with the learner's files, state.json and manifest.json (record/manifest.h). A
// checkpoint is made under a temporary name, flushed and renamed, so that one with a valid manifest is whole; `latest` is a hint for
// people. One process writes.
class CheckpointStore {
 public:
  CheckpointStore(std::string folder, int64_t keep);

  // A fresh temporary folder for the learner to write into.
  std::string Begin(int64_t step);
  // Adds `state_json` and the manifest, renames, points `latest`, removes what is older than the newest `keep` of this step and before.
  // Returns the bytes of its files.
  uint64_t Commit(int64_t step, const std::string& state_json);

  struct Found {
    int64_t step = 0;
    std::string folder;
    std::string state_json;
  };
  // The newest one whose manifest verifies. Everything else that has a checkpoint's name is passed over, whatever it is, with one line in
  // the log that says its name and the reason.
  std::optional<Found> Latest() const;

  // Renames what is newer than `step` to abandoned_step_<N>: a run that was sent back to `step` must not go on from there later.
  void SetAsideAfter(int64_t step) const;

 private:
  std::string folder_;
  int64_t keep_;
};

// What tells a checkpoint from every other: its folder, and the time it was made at.
using CheckpointMark = std::pair<std::string, std::filesystem::file_time_type>;
// Those of a stage's folder of checkpoints. What has no manifest, is under a temporary name or was
// set aside does not count.
std::set<CheckpointMark> CheckpointMarks(const std::string& folder);

// Nothing when the folder's files are those of its manifest, the learner's and the state among them; else what is wrong.
std::optional<std::string> VerifyCheckpoint(const std::string& folder);

// Whether a folder looks like a checkpoint, whole or not.
bool IsCheckpoint(const std::string& folder);
// What Commit was given as state_json. Throws Error.
std::string ReadCheckpointState(const std::string& folder);

// Whether the Hugging Face folder of a policy, a model or a LoRA adapter, is there; it appears whole, with a manifest (record/manifest.h).
bool HoldsPolicy(const std::string& weights_folder);
// Throws ConfigError when the folder's files are not those of its manifest: a later stage would train on from something else.
void CheckPolicy(const std::string& weights_folder);

}  // namespace temper

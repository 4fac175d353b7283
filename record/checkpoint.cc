#include "record/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/log.h"
#include "cluster/base/odd_file.h"
#include "record/manifest.h"
#include "record/run_paths.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

std::string StatePath(const std::string& folder) { return folder + "/state.json"; }

constexpr char kModelConfig[] = "config.json";
constexpr std::string_view kStepPrefix = "step_";

// The file that says what a policy's folder holds, a model or an adapter alone; null where it holds neither.
const char* ConfigIn(const std::string& weights_folder) {
  for (const char* name : {kModelConfig, "adapter_config.json"})
    if (IsAnythingAt(fs::path(weights_folder) / name)) return name;
  return nullptr;
}

// What is under the name of a checkpoint in a folder of them.
struct StepEntries {
  std::vector<std::pair<int64_t, std::string>> steps;  // by number and path, newest first
  std::vector<std::string> others;                     // step_ and something that is no step's number; sorted
};

StepEntries EntriesOf(const std::string& folder) {
  StepEntries found;
  std::error_code failed;
  for (auto entry = fs::directory_iterator(folder, failed); !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    const std::string name = entry->path().filename();
    if (const auto step = StepOfFolder(name))
      found.steps.emplace_back(*step, entry->path());
    else if (name.starts_with(kStepPrefix))
      found.others.push_back(entry->path());
  }
  std::sort(found.steps.rbegin(), found.steps.rend());
  std::sort(found.others.begin(), found.others.end());
  return found;
}

bool HasManifest(const std::string& folder) {
  std::error_code unreadable;
  return fs::is_regular_file(ManifestPath(folder), unreadable);
}

void Remove(const std::string& path) {
  std::error_code failed;
  fs::remove_all(path, failed);
  if (failed) TEMPER_LOG(Warn, "checkpoint ", path, " is older than those kept, but cannot be removed: ", failed.message());
}

// What is newer than the step is not this run's work, and what has no manifest is no checkpoint: neither takes the place of one.
void RemoveOlder(const std::string& folder, int64_t step, int64_t keep) {
  int64_t kept = 0;
  for (const auto& [number, path] : EntriesOf(folder).steps) {
    if (number > step) continue;
    if (kept >= keep) Remove(path);
    kept += HasManifest(path);
  }
}

}  // namespace

CheckpointStore::CheckpointStore(std::string folder, int64_t keep) : folder_(std::move(folder)), keep_(keep) {
  fs::create_directories(folder_);
}

std::string CheckpointStore::Begin(int64_t step) {
  std::string temporary = folder_ + "/tmp_" + StepFolder(step);
  fs::remove_all(temporary);
  fs::create_directories(temporary);
  return temporary;
}

uint64_t CheckpointStore::Commit(int64_t step, const std::string& state_json) {
  const std::string temporary = folder_ + "/tmp_" + StepFolder(step);
  WriteFile(StatePath(temporary), state_json, {.durable = true});
  const uint64_t bytes = WriteManifest(temporary, step);
  const std::string final_name = folder_ + "/" + StepFolder(step);
  fs::remove_all(final_name);
  fs::rename(temporary, final_name);
  FlushToDisk(folder_);
  std::error_code ignored;
  fs::remove(folder_ + "/latest.tmp", ignored);
  fs::create_directory_symlink(StepFolder(step), folder_ + "/latest.tmp", ignored);
  fs::rename(folder_ + "/latest.tmp", folder_ + "/latest", ignored);
  RemoveOlder(folder_, step, keep_);
  TEMPER_LOG(Info, "checkpoint saved: ", final_name, ", ", bytes, " bytes");
  return bytes;
}

std::set<CheckpointMark> CheckpointMarks(const std::string& folder) {
  std::set<CheckpointMark> marks;
  for (const auto& [step, path] : EntriesOf(folder).steps) {
    std::error_code gone;  // removed meanwhile, as one of too many
    const fs::file_time_type made = fs::last_write_time(ManifestPath(path), gone);
    if (!gone) marks.emplace(path, made);
  }
  return marks;
}

bool IsCheckpoint(const std::string& folder) { return fs::exists(StatePath(folder)); }

std::string ReadCheckpointState(const std::string& folder) { return ReadFile(StatePath(folder), {.max_bytes = kMaxDataBytes}); }

bool HoldsPolicy(const std::string& weights_folder) { return ConfigIn(weights_folder) != nullptr; }

void CheckPolicy(const std::string& weights_folder) {
  const char* config = ConfigIn(weights_folder);
  const auto wrong = ManifestProblem(weights_folder, {config != nullptr ? config : kModelConfig});
  if (!wrong) return;
  throw ConfigError(Concat(weights_folder, ": ", *wrong,
                           ", so it is not what was trained; restore the file from a copy, move the folder away to ",
                           "have it made again from the newest checkpoint, or start again with --resume never"));
}

std::optional<std::string> VerifyCheckpoint(const std::string& folder) {
  std::error_code unreadable;
  if (!fs::is_directory(folder, unreadable)) return "it is no folder";
  return ManifestProblem(folder, {"state.json", "learner.json", "learner.safetensors"});
}

std::optional<CheckpointStore::Found> CheckpointStore::Latest() const {
  const StepEntries entries = EntriesOf(folder_);
  for (const std::string& other : entries.others) TEMPER_LOG(Warn, "checkpoint ", other, " is not used: its name is no step's");
  for (const auto& [step, folder] : entries.steps) {
    const auto wrong = VerifyCheckpoint(folder);
    if (!wrong) return Found{step, folder, ReadCheckpointState(folder)};
    TEMPER_LOG(Warn, "checkpoint ", folder, " is not used: ", *wrong);
  }
  return std::nullopt;
}

void CheckpointStore::SetAsideAfter(int64_t step) const {
  for (const auto& [newer, folder] : EntriesOf(folder_).steps) {
    if (newer <= step) return;
    const std::string aside = Concat(folder_, "/abandoned_", StepFolder(newer));
    fs::remove_all(aside);
    fs::rename(folder, aside);
    TEMPER_LOG(Warn, "checkpoint ", folder, " is newer than the one resumed from: renamed to ", aside);
  }
}

}  // namespace temper

#include "record/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "cluster/base/log.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

std::string StatePath(const std::string& folder) { return folder + "/state.json"; }
std::string ManifestPath(const std::string& folder) { return folder + "/manifest.json"; }

std::string StepName(int64_t step) { return Concat("step_", step); }

// Step folders present, newest first.
std::vector<std::pair<int64_t, std::string>> StepFolders(const std::string& folder) {
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("step_") || name.size() == 5 || name.find_first_not_of("0123456789", 5) != std::string::npos) continue;
    found.emplace_back(std::stoll(name.substr(5)), entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

}  // namespace

CheckpointStore::CheckpointStore(std::string folder, int64_t keep) : folder_(std::move(folder)), keep_(keep) {
  fs::create_directories(folder_);
}

std::string CheckpointStore::Begin(int64_t step) {
  std::string temporary = folder_ + "/tmp_" + StepName(step);
  fs::remove_all(temporary);
  fs::create_directories(temporary);
  return temporary;
}

void CheckpointStore::Commit(int64_t step, const std::string& state_json) {
  const std::string temporary = folder_ + "/tmp_" + StepName(step);
  WriteFile(StatePath(temporary), state_json, {.durable = true});
  ordered_json manifest;
  manifest["step"] = step;
  for (const auto& entry : fs::directory_iterator(temporary)) {
    manifest["files"][entry.path().filename()] = {{"bytes", entry.file_size()}, {"xxh128", Hash128OfFile(entry.path())}};
    FlushToDisk(entry.path());
  }
  WriteFile(ManifestPath(temporary), manifest.dump(1) + "\n", {.durable = true});
  const std::string final_name = folder_ + "/" + StepName(step);
  fs::remove_all(final_name);
  fs::rename(temporary, final_name);
  FlushToDisk(folder_);
  std::error_code ignored;
  fs::remove(folder_ + "/latest.tmp", ignored);
  fs::create_directory_symlink(StepName(step), folder_ + "/latest.tmp", ignored);
  fs::rename(folder_ + "/latest.tmp", folder_ + "/latest", ignored);
  const auto all = StepFolders(folder_);
  for (size_t i = static_cast<size_t>(keep_); i < all.size(); ++i) fs::remove_all(all[i].second);
  TEMPER_LOG(Info, "checkpoint saved: ", final_name);
}

std::set<CheckpointMark> CheckpointMarks(const std::string& folder) {
  std::set<CheckpointMark> marks;
  for (const auto& [step, path] : StepFolders(folder)) {
    std::error_code gone;  // removed meanwhile, as one of too many
    const fs::file_time_type made = fs::last_write_time(ManifestPath(path), gone);
    if (!gone) marks.emplace(path, made);
  }
  return marks;
}

bool IsCheckpoint(const std::string& folder) { return fs::exists(StatePath(folder)); }

std::string ReadCheckpointState(const std::string& folder) { return ReadFile(StatePath(folder), {.max_bytes = kMaxDataBytes}); }

bool HoldsPolicy(const std::string& weights_folder) { return fs::exists(weights_folder + "/config.json"); }

std::optional<std::string> VerifyCheckpoint(const std::string& folder) {
  const std::string path = ManifestPath(folder);
  const auto manifest = ordered_json::parse(fs::exists(path) ? ReadFile(path) : "", nullptr, false);
  if (manifest.is_discarded() || !manifest.is_object() || !manifest.contains("files") || !manifest["files"].is_object()) {
    return "no valid manifest.json";
  }
  if (!manifest["files"].contains("state.json")) return "the manifest lists no state.json";
  for (const auto& [name, entry] : manifest["files"].items()) {
    const std::string file = folder + "/" + name;
    if (!fs::is_regular_file(file)) return name + " is missing";
    if (!entry.is_object() || !entry.contains("bytes") || !entry.contains("xxh128")) return "no valid entry for " + name;
    const uint64_t bytes = fs::file_size(file);
    if (entry["bytes"] != bytes) return Concat(name, " has ", bytes, " bytes, the manifest says ", entry["bytes"].dump());
    if (entry["xxh128"] != Hash128OfFile(file)) return name + " does not have the manifest's checksum";
  }
  return std::nullopt;
}

std::optional<CheckpointStore::Found> CheckpointStore::Latest() const {
  for (const auto& [step, folder] : StepFolders(folder_)) {
    const auto wrong = VerifyCheckpoint(folder);
    if (!wrong) return Found{step, folder, ReadCheckpointState(folder)};
    TEMPER_LOG(Warn, "checkpoint ", folder, " is not used: ", *wrong);
  }
  return std::nullopt;
}

void CheckpointStore::SetAsideAfter(int64_t step) const {
  for (const auto& [newer, folder] : StepFolders(folder_)) {
    if (newer <= step) return;
    const std::string aside = Concat(folder_, "/abandoned_", StepName(newer));
    fs::remove_all(aside);
    fs::rename(folder, aside);
    TEMPER_LOG(Warn, "checkpoint ", folder, " is newer than the one resumed from: renamed to ", aside);
  }
}

}  // namespace temper

#include "record/manifest.h"

#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr char kManifest[] = "manifest.json";

// Paths from the folder of all files in it but its manifest, sorted.
std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder);
    if (!entry.is_directory() && name != kManifest) files.push_back(name);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::optional<std::string> FileProblem(const std::string& folder, const std::string& name, const ordered_json& entry) {
  const std::string file = folder + "/" + name;
  if (!entry.is_object() || !entry.contains("bytes") || !entry.contains("xxh128")) return name + " has no valid entry in " + kManifest;
  if (!fs::is_regular_file(file)) return name + " is no file";
  const uint64_t bytes = fs::file_size(file);
  if (entry["bytes"] != bytes) return Concat(name, " has ", bytes, " bytes, ", kManifest, " says ", entry["bytes"].dump());
  if (entry["xxh128"] != Hash128OfFile(file)) return Concat(name, " does not have the checksum of ", kManifest);
  return std::nullopt;
}

}  // namespace

std::string ManifestPath(const std::string& folder) { return folder + "/" + kManifest; }

void WriteManifest(const std::string& folder, std::optional<int64_t> step) {
  ordered_json manifest;
  if (step) manifest["step"] = *step;
  manifest["files"] = ordered_json::object();
  for (const std::string& name : FilesIn(folder)) {
    const std::string file = folder + "/" + name;
    manifest["files"][name] = {{"bytes", fs::file_size(file)}, {"xxh128", Hash128OfFile(file)}};
    FlushToDisk(file);
  }
  WriteFile(ManifestPath(folder), manifest.dump(1) + "\n", {.durable = true});
}

std::optional<std::string> ManifestProblem(const std::string& folder, const std::vector<std::string>& needed) {
  const std::string path = ManifestPath(folder);
  const auto manifest = ordered_json::parse(fs::exists(path) ? ReadFile(path) : "", nullptr, false);
  if (manifest.is_discarded() || !manifest.is_object() || !manifest.contains("files") || !manifest["files"].is_object()) {
    return Concat(kManifest, fs::exists(path) ? " is not valid" : " is missing");
  }
  const ordered_json& listed = manifest["files"];
  for (const std::string& name : needed) {
    if (!listed.contains(name)) return Concat(name, " is not in ", kManifest);
  }
  const std::vector<std::string> there = FilesIn(folder);
  for (const auto& [name, entry] : listed.items()) {
    if (!std::binary_search(there.begin(), there.end(), name)) return name + " is missing";
    if (auto wrong = FileProblem(folder, name, entry)) return wrong;
  }
  for (const std::string& name : there) {
    if (!listed.contains(name)) return Concat(name, " is not in ", kManifest);
  }
  return std::nullopt;
}

}  // namespace temper

#include "record/manifest.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/file_hash.h"
#include "cluster/base/hash.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr char kManifest[] = "manifest.json";
constexpr uint64_t kMaxWeightsManifestBytes = uint64_t{16} << 20;
constexpr size_t kMaxFiles = 10'000;
constexpr int64_t kSmallBytes = int64_t{1} << 20;
constexpr int64_t kHollowShare = 8;  // a third of a checkpoint is parameters, which are not zero

// Paths from the folder of all files in it but its manifest, sorted; *problem says what keeps them from being listed. Links to folders are
// not followed: they may lead in a circle.
std::vector<std::string> FilesIn(const std::string& folder, std::string* problem) {
  std::vector<std::string> files;
  std::error_code failed;
  for (auto entry = fs::recursive_directory_iterator(folder, failed); !failed && entry != fs::end(entry); entry.increment(failed)) {
    const std::string name = entry->path().lexically_relative(folder);
    std::error_code no_folder;
    if (entry->is_directory(no_folder) || name == kManifest) continue;
    files.push_back(name);
    if (files.size() <= kMaxFiles) continue;
    *problem = Concat("it holds more than ", kMaxFiles, " files");
    return {};
  }
  if (failed) *problem = Concat("its files cannot be listed: ", failed.message());
  std::sort(files.begin(), files.end());
  return files;
}

// Whether next to nothing of a file was ever written: reading its holes would take for ever. The blocks that stat counts do not tell:
// file systems that compress, or allocate late, have few for a file that is whole.
bool IsHollow(const std::string& file, int64_t size) {
  if (size <= kSmallBytes) return false;
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  int64_t data = 0;
  for (off_t at = 0; at < size && data < size / kHollowShare;) {
    const off_t begin = lseek(fd, at, SEEK_DATA);
    if (begin < 0 && errno == ENXIO) break;  // a hole up to the end
    at = begin < 0 ? begin : lseek(fd, begin, SEEK_HOLE);
    data = at > begin ? data + at - begin : size;  // all of it, where the file system does not say
  }
  close(fd);
  return data < size / kHollowShare;
}

// Looks at sizes alone.
std::optional<std::string> SizeProblem(const std::string& folder, const std::string& name, const ordered_json& entry) {
  const std::string file = folder + "/" + name;
  if (!entry.is_object() || !entry.contains("bytes") || !entry.contains("xxh128")) return name + " has no valid entry in " + kManifest;
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return Concat(name, " cannot be looked at: ", std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return name + " is no file";
  const auto bytes = static_cast<uint64_t>(info.st_size);
  if (entry["bytes"] != bytes) return Concat(name, " has ", bytes, " bytes, ", kManifest, " says ", entry["bytes"].dump());
  if (IsHollow(file, info.st_size)) return Concat(name, " has ", bytes, " bytes, nearly all of them holes that were never written");
  return std::nullopt;
}

std::optional<std::string> HashProblem(const std::string& folder, const std::string& name, const ordered_json& entry) {
  std::string reason;
  const auto hash = TryHash128OfFile(folder + "/" + name, &reason);
  if (!hash) return Concat(name, " cannot be read: ", reason);
  if (entry["xxh128"] != *hash) return Concat(name, " does not have the checksum of ", kManifest);
  return std::nullopt;
}

// Nothing when the two are the same names.
std::optional<std::string> NamesProblem(const ordered_json& listed, const std::vector<std::string>& there) {
  for (const auto& [name, entry] : listed.items()) {
    if (!std::binary_search(there.begin(), there.end(), name)) return name + " is missing";
  }
  for (const std::string& name : there) {
    if (!listed.contains(name)) return Concat(name, " is not in ", kManifest);
  }
  return std::nullopt;
}

}  // namespace

std::string ManifestPath(const std::string& folder) { return folder + "/" + kManifest; }

uint64_t WriteManifest(const std::string& folder, std::optional<int64_t> step) {
  std::string problem;
  const std::vector<std::string> files = FilesIn(folder, &problem);
  TEMPER_CHECK(problem.empty(), folder, ": ", problem);
  ordered_json manifest;
  if (step) manifest["step"] = *step;
  manifest["files"] = ordered_json::object();
  uint64_t total = 0;
  for (const std::string& name : files) {
    const std::string file = folder + "/" + name;
    const uint64_t bytes = fs::file_size(file);
    total += bytes;
    manifest["files"][name] = {{"bytes", bytes}, {"xxh128", Hash128OfFile(file)}};
    FlushToDisk(file);
  }
  WriteFile(ManifestPath(folder), manifest.dump(1) + "\n", {.durable = true});
  return total;
}

// What is cheap to find comes first: only a folder whose names and sizes are right is read.
std::optional<std::string> ManifestProblem(const std::string& folder, const std::vector<std::string>& needed) {
  std::string reason;
  const auto text = TryReadFile(ManifestPath(folder), kMaxWeightsManifestBytes, &reason);
  std::error_code none;
  const bool there_is_one = fs::exists(fs::symlink_status(ManifestPath(folder), none));
  if (!text) return Concat(kManifest, there_is_one ? " cannot be read: " + reason : " is missing");
  const auto manifest = ordered_json::parse(*text, nullptr, false);
  if (!manifest.is_object() || !manifest.contains("files") || !manifest["files"].is_object()) return Concat(kManifest, " is not valid");
  const ordered_json& listed = manifest["files"];
  for (const std::string& name : needed) {
    if (!listed.contains(name)) return Concat(name, " is not in ", kManifest);
  }
  const std::vector<std::string> there = FilesIn(folder, &reason);
  if (!reason.empty()) return reason;
  if (auto wrong = NamesProblem(listed, there)) return wrong;
  for (const auto check : {SizeProblem, HashProblem}) {
    for (const auto& [name, entry] : listed.items()) {
      if (auto wrong = check(folder, name, entry)) return wrong;
    }
  }
  return std::nullopt;
}

}  // namespace temper

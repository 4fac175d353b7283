#include "reward/remote/sent_files.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/random_id.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

bool IsLeftOut(const fs::path& path) {
  const std::string name = path.filename();
  return name.starts_with(".") || name == "__pycache__";
}

SentFile Read(const fs::path& path, const std::string& name) {
  std::string reason;
  std::optional<std::string> content = TryReadFile(path, kMaxSentBytes, &reason);
  if (!content) throw ConfigError(Concat(path.string(), ": cannot read a file of the grader: ", reason));
  return {name, *std::move(content), access(path.c_str(), X_OK) == 0};
}

// A file and its name in the folder it is written to.
using Found = std::pair<fs::path, std::string>;

// `prefix`: of the names.
void FindBelow(const fs::path& folder, const std::string& prefix, std::vector<Found>* found) {
  std::vector<fs::path> entries;
  std::error_code failed;
  for (auto entry = fs::directory_iterator(folder, failed); !failed && entry != fs::directory_iterator(); entry.increment(failed))
    if (!IsLeftOut(entry->path())) entries.push_back(entry->path());
  if (failed) throw ConfigError(Concat(folder.string(), ": cannot read a folder of the grader: ", failed.message()));
  std::sort(entries.begin(), entries.end());
  for (const fs::path& entry : entries) {
    const std::string name = prefix + entry.filename().string();
    if (fs::is_directory(fs::symlink_status(entry))) FindBelow(entry, name + "/", found);
    if (fs::is_regular_file(entry)) found->emplace_back(entry, name);
    if (found->size() > kMaxSentFiles) throw ConfigError(Concat(folder.string(), ": more than ", kMaxSentFiles, " files"));
  }
}

std::vector<Found> Find(const fs::path& path) {
  std::vector<Found> found;
  if (fs::is_directory(path)) {
    FindBelow(path, "", &found);
  } else if (!path.empty()) {
    found.emplace_back(path, path.filename());
  }
  return found;
}

}  // namespace

std::vector<std::string> SentFilePaths(const std::string& path) {
  std::vector<std::string> files;
  for (const auto& [file, name] : Find(path)) files.push_back(file);
  return files;
}

std::vector<SentFile> ReadSentFiles(const std::string& path) {
  std::vector<SentFile> files;
  uint64_t bytes = 0;
  for (const auto& [file, name] : Find(path)) {
    files.push_back(Read(file, name));
    bytes += files.back().content.size();
  }
  if (bytes > kMaxSentBytes)
    throw ConfigError(Concat("the files of a grader have ", bytes, " bytes; at most ", kMaxSentBytes, " are sent to the reward workers"));
  return files;
}

std::unique_ptr<OwnedFolder> WriteSentFiles(const std::vector<SentFile>& files, const std::string& parent) {
  const fs::path where = parent.empty() ? fs::temp_directory_path() : fs::path(parent);
  auto folder = std::make_unique<OwnedFolder>((where / Concat("temper-", RandomId(), "-", getpid())).string(),
                                              "set TMPDIR to a writable folder: the files of graders are written there");
  TEMPER_CHECK(chmod(folder->path().c_str(), S_IRWXU) == 0, "cannot make ", folder->path(), " private");
  for (const SentFile& file : files) {
    const fs::path path = fs::path(folder->path()) / file.name;
    fs::create_directories(path.parent_path());
    WriteFile(path, file.content, {.mode = static_cast<mode_t>(file.executable ? 0700 : 0600)});
  }
  return folder;
}

}  // namespace temper

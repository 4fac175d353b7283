#include "orchestrator/job/run_folder.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/log.h"
#include "cluster/base/random_id.h"
#include "cluster/base/role.h"
#include "orchestrator/job/start_checks.h"
#include "record/run_paths.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxEpoch = 1'000'000'000;  // a start a second for thirty years

// Starts of the run so far.
uint64_t ReadEpoch(const std::string& path) {
  if (!fs::exists(path)) return 0;
  const std::string text = ReadFile(path);
  uint64_t epoch = 0;
  const auto [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  const std::string rest(stop, text.data() + text.size());
  if (failed != std::errc() || epoch == 0 || epoch > kMaxEpoch || (rest != "" && rest != "\n")) {
    throw ConfigError(Concat(path, ": not a number from 1 to ", kMaxEpoch,
                             "; the file counts the starts of the run, write one higher than any before into it"));
  }
  return epoch;
}

// Counts one more start, on disk before it returns.
uint64_t NextEpoch(const std::string& path) {
  const uint64_t epoch = ReadEpoch(path) + 1;
  WriteFile(path, Concat(epoch, "\n"), {.durable = true});
  return epoch;
}

void MakeWritable(const RunPaths& paths) {
  std::error_code failed;
  fs::create_directories(paths.Configs(), failed);
  if (failed) throw ConfigError(Concat("run.dir: cannot make ", paths.folder(), ": ", failed.message()));
  if (access(paths.folder().c_str(), W_OK | X_OK) != 0)
    throw ConfigError(Concat("run.dir: cannot write in ", paths.folder(), ": ", std::strerror(errno)));
}

// Makes the folders of an attempt's logs and points the link of the newest there. Returns the attempt's folder, absolute.
std::string MakeLogs(const RunPaths& paths, uint64_t epoch) {
  const AttemptLogs logs(fs::absolute(paths.Attempt(epoch).folder()));
  for (const auto& [role, name] : EnumNames<Role>::kTable) fs::create_directories(logs.Role(std::string(name)));
  std::error_code ignored;
  fs::remove(paths.LatestLogs(), ignored);
  fs::create_directory_symlink(paths.AttemptName(epoch), paths.LatestLogs(), ignored);
  return logs.folder();
}

}  // namespace

JobIdentity OpenRunFolder(const Experiment& experiment, const std::string& resume) {
  const RunPaths paths = RunsPaths(experiment.base.run.dir).Run(experiment.base.run.name);
  JobIdentity identity;
  identity.run_folder = paths.folder();
  const auto lock = std::make_shared<RunLock>(paths.folder());
  identity.lock = lock;
  CheckResume(experiment, resume);
  if (resume == "never" && fs::exists(paths.folder())) SetAside(paths.folder());
  if (resume != "auto" && resume != "never") identity.resume_folder = fs::weakly_canonical(resume);
  MakeWritable(paths);
  lock->HoldFolder();
  identity.epoch = NextEpoch(paths.Epoch());
  identity.run_id = RandomId();
  identity.attempt_logs = MakeLogs(paths, identity.epoch);
  return identity;
}

void SetAside(const std::string& folder) {
  for (int n = 1;; ++n) {
    const std::string aside = RunPaths(folder).SetAside(n);
    if (fs::exists(aside)) continue;
    fs::rename(folder, aside);
    TEMPER_LOG(Warn, folder, " was there already: renamed to ", aside);
    return;
  }
}

void CheckWeightFolder(const std::string& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (!failed && access(folder.c_str(), W_OK | X_OK) != 0) failed = std::error_code(errno, std::generic_category());
  if (failed) throw ConfigError(Concat("cluster.weight_folder: cannot write in ", folder, ": ", failed.message(), "; name another place"));
}

}  // namespace temper

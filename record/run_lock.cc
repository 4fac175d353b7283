#include "record/run_lock.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/base/utc_time.h"
#include "cluster/host/host_name.h"
#include "record/run_paths.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLookAgain(100);

// 0 when the lock is ours, else the reason.
int TryLock(int fd, double patience_s) {
  const double end = NowSeconds() + patience_s;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK || NowSeconds() > end) return errno;
    std::this_thread::sleep_for(kLookAgain);
  }
  return 0;
}

std::string HolderIn(const std::string& path) {
  std::ifstream file(path);
  std::string holder;
  std::getline(file, holder);
  return holder.empty() ? "another job" : holder;
}

}  // namespace

RunLock::RunLock(const std::string& run_folder, double patience_s) {
  const fs::path folder = fs::absolute(run_folder).lexically_normal();
  const std::string path = RunPaths(folder).Lock();
  std::error_code failed;
  fs::create_directories(folder.parent_path(), failed);
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  const int error = fd_ < 0 ? errno : TryLock(fd_, patience_s);
  if (error == EWOULDBLOCK) {
    close(fd_);
    throw ConfigError(
        Concat(run_folder, " is in use by ", HolderIn(path), "; wait for its end, or give this run another name (run.name=...)"));
  }
  if (error != 0) {
    TEMPER_LOG(Warn, path, ": ", std::strerror(error), "; nothing keeps a second job out of ", run_folder);
    return;
  }
  const std::string holder = Concat("process ", getpid(), " on ", LocalHostName(), " since ", UtcNow(), "\n");
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, holder.data(), holder.size(), 0) < 0)
    TEMPER_LOG(Warn, path, ": cannot be written: ", std::strerror(errno));
}

RunLock::~RunLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace temper

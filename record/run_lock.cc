#include "record/run_lock.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/log.h"
#include "cluster/base/utc_time.h"
#include "cluster/host/host_name.h"
#include "record/run_paths.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLookAgain(100);
constexpr uint64_t kMaxHolderBytes = 4096;
constexpr int kMaxTries = 100;  // of a lock file that is removed again and again, or that its file system gives another number each time

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
  std::string reason;
  const auto text = TryReadFile(path, kMaxHolderBytes, &reason);
  const std::string holder = text ? text->substr(0, text->find('\n')) : "";
  return holder.empty() ? "another job" : holder;
}

// Without links, whether the folder is there or not.
std::string PlaceOf(const std::string& run_folder) {
  std::error_code failed;
  const fs::path given = fs::absolute(run_folder).lexically_normal();
  const fs::path place = fs::weakly_canonical(given, failed);
  return failed ? given : place;
}

// Whether the path still names the open file.
bool Names(const std::string& path, int fd) {
  struct stat opened {
  }, named{};
  return fstat(fd, &opened) == 0 && lstat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

// An open file that is this program's to write: neither a link nor anything but a plain file, and under this name alone.
int OpenLockFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
  struct stat info {};
  const bool plain = fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink <= 1;
  if (plain || (fd < 0 && errno != ELOOP && errno != ENXIO && errno != EISDIR)) return fd;
  if (fd >= 0) close(fd);
  throw ConfigError(
      Concat(path, ": the lock of the run must be a plain file with one name, and it is a link, a folder or a pipe; remove it"));
}

}  // namespace

RunLock::RunLock(const std::string& run_folder, double patience_s)
    : run_folder_(run_folder), folder_(PlaceOf(run_folder)), patience_s_(patience_s) {
  const std::string path = RunPaths(folder_).Lock();
  std::error_code failed;
  fs::create_directories(fs::path(folder_).parent_path(), failed);
  int error = ESTALE;
  for (int tries = 0; error == ESTALE && tries < kMaxTries; ++tries) {
    if (fd_ >= 0) close(fd_);
    fd_ = OpenLockFile(path);
    error = fd_ < 0 ? errno : TryLock(fd_, patience_s);
    // Removed while it was waited for: another job may hold the file that took its name.
    if (error == 0 && !Names(path, fd_)) error = ESTALE;
  }
  if (error == EWOULDBLOCK) Refuse();
  if (error != 0) {
    TEMPER_LOG(Warn, path, ": ", std::strerror(error), "; nothing keeps a second job out of ", run_folder);
    return;
  }
  if (fs::is_directory(folder_, failed)) HoldFolder();
  const std::string holder = Concat("process ", getpid(), " on ", LocalHostName(), " since ", UtcNow(), "\n");
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, holder.data(), holder.size(), 0) < 0)
    TEMPER_LOG(Warn, path, ": cannot be written: ", std::strerror(errno));
}

RunLock::~RunLock() { Release(); }

void RunLock::Release() {
  for (int* fd : {&folder_fd_, &fd_}) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
  }
}

// Called by the constructor, too, whose destructor does not run then.
void RunLock::Refuse() {
  const std::string holder = HolderIn(RunPaths(folder_).Lock());
  Release();
  throw ConfigError(Concat(run_folder_, " is in use by ", holder, "; wait for its end, or give this run another name (run.name=...)"));
}

// Some network file systems lock no folders: the file's lock is then all there is.
void RunLock::HoldFolder() {
  const int before = folder_fd_;
  folder_fd_ = open(PlaceOf(run_folder_).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (before >= 0) close(before);
  const int error = folder_fd_ < 0 ? errno : TryLock(folder_fd_, patience_s_);
  if (error == EWOULDBLOCK) Refuse();
  if (error != 0) TEMPER_LOG(Info, folder_, " cannot be locked: ", std::strerror(error), "; its lock is the file beside it alone");
}

}  // namespace temper

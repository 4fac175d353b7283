#include "cluster/host/owned_folder.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/log.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// The process id in a folder's name temper-<run id>-<process id> or temper-mpi-<process id>; nothing for other names.
std::optional<pid_t> OwnerOf(const std::string& name) {
  constexpr std::string_view kPrefix = "temper-";
  const size_t dash = name.rfind('-');
  if (!name.starts_with(kPrefix) || dash == std::string::npos || dash <= kPrefix.size()) return std::nullopt;
  const std::string purpose = name.substr(kPrefix.size(), dash - kPrefix.size());
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  if (purpose != "mpi" && !std::all_of(purpose.begin(), purpose.end(), is_digit)) return std::nullopt;
  pid_t pid = 0;
  const char* end = name.data() + name.size();
  const auto [stop, failed] = std::from_chars(name.data() + dash + 1, end, pid);
  if (failed != std::errc() || stop != end || pid <= 0) return std::nullopt;
  return pid;
}

int OpenFolder(const std::string& folder) { return open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

void RemoveIfAbandoned(const fs::path& folder) {
  const auto owner = OwnerOf(folder.filename());
  if (!owner || kill(*owner, 0) == 0 || errno != ESRCH) return;
  const int fd = OpenFolder(folder);
  if (fd < 0) return;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
    std::error_code failed;
    fs::remove_all(folder, failed);
    if (!failed) TEMPER_LOG(Info, "removed ", folder.string(), ", left by the killed process ", *owner);
  }
  close(fd);
}

}  // namespace

OwnedFolder::OwnedFolder(std::string path, const std::string& advice) : path_(std::move(path)) {
  std::error_code failed;
  fs::create_directories(path_, failed);
  TEMPER_CHECK(!failed, "cannot make ", path_, ": ", failed.message(), "; ", advice);
  lock_fd_ = OpenFolder(path_);
  TEMPER_CHECK(lock_fd_ >= 0 && flock(lock_fd_, LOCK_SH | LOCK_NB) == 0, "cannot lock ", path_, ": ", std::strerror(errno));
  const fs::path parent = fs::path(path_).parent_path();
  for (auto entry = fs::directory_iterator(parent, failed); !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    RemoveIfAbandoned(entry->path());
  }
}

void OwnedFolder::MakeAgainIfGone() {
  struct stat held {
  }, named{};
  if (fstat(lock_fd_, &held) == 0 && lstat(path_.c_str(), &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev)
    return;
  std::error_code failed;
  fs::create_directories(fs::path(path_).parent_path(), failed);
  const bool made = mkdir(path_.c_str(), 0700) == 0;
  const int fd = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  const bool own = fd >= 0 && (made || (fstat(fd, &named) == 0 && named.st_uid == geteuid()));
  if (!own || flock(fd, LOCK_SH | LOCK_NB) != 0) {
    if (fd >= 0) close(fd);
    TEMPER_FAIL(path_, " was removed, and cannot be made and locked again");
  }
  close(lock_fd_);
  lock_fd_ = fd;
}

OwnedFolder::~OwnedFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  close(lock_fd_);
}

}  // namespace temper

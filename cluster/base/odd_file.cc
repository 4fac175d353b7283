#include "cluster/base/odd_file.h"

#include <cerrno>

#include <sys/stat.h>

#include "cluster/base/error.h"

namespace temper {

std::string OddMode(mode_t mode) {
  if (S_ISREG(mode)) return "";
  if (S_ISDIR(mode)) return "it is a folder; give a file";
  const char* kind = S_ISFIFO(mode) ? "pipe" : S_ISSOCK(mode) ? "socket" : "device";
  return Concat("it is a ", kind, "; give a regular file");
}

std::string OddFile(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return OddMode(info.st_mode);
  return errno == ELOOP ? "it is a link that leads in a circle; give a regular file" : "";
}

void RefuseOddFile(const std::filesystem::path& path, const std::string& advice) {
  const std::string odd = OddFile(path);
  if (!odd.empty()) throw ConfigError(Concat(path.string(), ": ", odd, "; ", advice));
}

bool IsAnythingAt(const std::filesystem::path& path) noexcept {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

}  // namespace temper

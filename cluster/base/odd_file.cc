#include "cluster/base/odd_file.h"

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
  return ::stat(path.c_str(), &info) == 0 ? OddMode(info.st_mode) : "";
}

}  // namespace temper

#include "cluster/host/limits.h"

#include <algorithm>

#include <signal.h>
#include <sys/resource.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr rlim_t kMostFiles = 65'536;  // what a process asks for where there is no hard limit: some libraries count up to it
constexpr rlim_t kNeededFiles = 128;
constexpr rlim_t kNeededMiB = 1024;  // of address space: LibTorch's libraries take half of that
constexpr rlim_t kNeededFileMiB = 64;

rlim_t Limit(int resource) {
  struct rlimit limit {};
  return getrlimit(resource, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

void Need(rlim_t have, rlim_t needed, const char* flag, const char* what) {
  if (have == RLIM_INFINITY || have >= needed) return;
  throw ConfigError(
      Concat("ulimit ", flag, ": ", have, " ", what, ", and a job needs ", needed, "; raise it (ulimit ", flag, " unlimited)"));
}

}  // namespace

void UseLimits() {
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit files {};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, kMostFiles));
  setrlimit(RLIMIT_NOFILE, &files);
}

void CheckLimits() {
  const auto mib = [](rlim_t bytes) { return bytes == RLIM_INFINITY ? bytes : bytes >> 20; };
  Need(Limit(RLIMIT_NOFILE), kNeededFiles, "-n", "open files");
  Need(mib(Limit(RLIMIT_FSIZE)), kNeededFileMiB, "-f", "MiB a file");
  Need(mib(Limit(RLIMIT_AS)), kNeededMiB, "-v", "MiB of memory");
}

}  // namespace temper

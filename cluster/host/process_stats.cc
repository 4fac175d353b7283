#include "cluster/host/process_stats.h"

#include <cmath>
#include <fstream>

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace temper {

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  double pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;  // the whole address space first, then what is resident
  stats.rss_bytes = pages * static_cast<double>(sysconf(_SC_PAGESIZE));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  stats.rss_peak_bytes = static_cast<double>(usage.ru_maxrss) * 1024;
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  stats.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  return stats;
}

double FreeBytes(const std::string& path) {
  struct statvfs info {};
  if (statvfs(path.c_str(), &info) != 0) return std::nan("");
  return static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize);
}

}  // namespace temper

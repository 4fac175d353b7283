#pragma once

#include <cstdint>
#include <string>

namespace temper {

// What this process has used so far, from /proc and getrusage.
struct ProcessStats {
  double rss_bytes = 0;
  double rss_peak_bytes = 0;
  double cpu_s = 0;  // user and system, all threads
};
ProcessStats ReadProcessStats();

// Bytes an unprivileged process can still write where `path` is; NaN when that cannot be told.
double FreeBytes(const std::string& path);

}  // namespace temper

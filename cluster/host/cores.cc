#include "cluster/host/cores.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sched.h>

namespace temper {
namespace {

int CoresOfAffinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// "0::/a/b" of /proc/self/cgroup: the group of version 2, below where the groups are mounted. "" where there is none.
std::string ControlGroup() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::/")) return line.substr(3);
  return "";
}

// The tightest limit of the group and of those that it lies in; infinite where none is set.
double CoresOfControlGroups() {
  const std::string root = "/sys/fs/cgroup";
  double cores = INFINITY;
  for (std::filesystem::path group = ControlGroup(); !group.empty(); group = group.parent_path()) {
    const double limit = CoresOfQuota(FirstLine(root + group.string() + "/cpu.max"));
    if (limit > 0) cores = std::min(cores, limit);
    if (group == group.parent_path()) break;
  }
  return cores;
}

}  // namespace

double CoresOfQuota(const std::string& cpu_max) {
  std::istringstream words(cpu_max);
  double quota = 0, period = 0;
  if (!(words >> quota >> period) || quota <= 0 || period <= 0) return 0;
  return quota / period;
}

int UsableCores() {
  const int cores = CoresOfAffinity();
  return std::max(1, static_cast<int>(std::min<double>(cores, std::ceil(CoresOfControlGroups()))));
}

int64_t ShareOfCores(int cores, int64_t sharing, bool beside_others) {
  const int64_t between = beside_others ? cores / 2 : cores;
  return std::clamp<int64_t>(between / std::max<int64_t>(1, sharing), 1, kMostShared);
}

}  // namespace temper

#pragma once

#include <string>
#include <vector>

namespace temper {

struct HostSlots {
  std::string host;
  int slots = 0;  // ranks it takes
};

// Reads mpirun's hostfile: a line a host, `node01 slots=8`; # begins a comment. A host without slots= takes a rank for each line it has.
// Throws ConfigError that names file and line.
std::vector<HostSlots> ReadHostfile(const std::string& path);

// The host of each rank, filled in the file's order. Throws ConfigError when the slots are too few.
std::vector<std::string> HostsByRank(const std::vector<HostSlots>& hosts, int num_ranks, const std::string& path);

}  // namespace temper

#pragma once

#include <string>
#include <vector>

namespace temper {

struct HostSlots {
  std::string host;
  int slots = 0;          // ranks it takes
  std::string user = "";  // who ssh is to be there; "" = as here
};

// Reads a hostfile in mpirun's form: a line a host, `node01 slots=8 max_slots=16`, with or without
// blanks around the =, and comments after # or //. A user is named as mpirun has it, `me@node01` or
// `node01 username=me`. A host without slots= takes as many ranks as max_slots= says, or one for
// each line it has. mpirun is given what was read, not the file (HostsArgument): what is accepted
// here is accepted there. A byte order mark and Windows' ends of lines are passed over. Throws
// ConfigError that names file and line, for what mpirun would refuse too, and for hosts that mpirun
// cannot tell apart. It goes by the part of the name before the first dot.
std::vector<HostSlots> ReadHostfile(const std::string& path);

// For mpirun's --host: node01:8,node02:8. It has no place for users.
std::string HostsArgument(const std::vector<HostSlots>& hosts);

// For mpirun's --hostfile, where a host has a user: `here` first, then in the given order. The file has no name on any disk, and is there
// for this process's children as long as this object lives.
class MpirunHostfile {
 public:
  MpirunHostfile(std::vector<HostSlots> hosts, const std::string& here);
  ~MpirunHostfile();
  MpirunHostfile(const MpirunHostfile&) = delete;
  MpirunHostfile& operator=(const MpirunHostfile&) = delete;
  std::string path() const;

 private:
  int file_ = -1;
};
bool AnyUser(const std::vector<HostSlots>& hosts);

// The host of each rank, filled in the order of the file, but `here`, the host that mpirun runs on, first, as mpirun does. Throws
// ConfigError when the slots are too few.
std::vector<std::string> HostsByRank(std::vector<HostSlots> hosts, int num_ranks, const std::string& path, const std::string& here);

}  // namespace temper

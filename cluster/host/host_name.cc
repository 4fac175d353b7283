#include "cluster/host/host_name.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cluster/base/error.h"

namespace temper {

std::string LocalHostName() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

int NumCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

std::string HostDescription() {
  utsname name{};
  uname(&name);
  return Concat(name.nodename, ", ", NumCores(), " cores, ", name.sysname, " ", name.release);
}

}  // namespace temper

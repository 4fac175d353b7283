#include "cluster/host/host_name.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/host/cores.h"

namespace temper {

std::string LocalHostName() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

std::string HostDescription() {
  utsname name{};
  uname(&name);
  return Concat(name.nodename, ", ", UsableCores(), " cores, ", name.sysname, " ", name.release);
}

}  // namespace temper

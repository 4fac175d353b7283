#include "cluster/versions.h"

#include <mpi.h>
#include <sched.h>
#include <sys/utsname.h>
#include <zmq.h>

#include "cluster/communicator_nccl.h"
#include "cluster/error.h"

namespace temper {

std::string TemperVersion() { return TEMPER_VERSION; }

std::string CompilerVersion() { return Concat("g++-compatible ", __VERSION__); }

std::string MpiVersion() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string all(text);
  return all.substr(0, all.find(','));
}

std::string ZeroMqVersion() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  zmq_version(&major, &minor, &patch);
  return Concat(major, ".", minor, ".", patch);
}

std::string NcclVersionText() { return NcclBuilt() ? NcclVersion() : "not built in"; }

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

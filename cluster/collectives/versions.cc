#include "cluster/collectives/versions.h"

#include <mpi.h>
#include <zmq.h>

#include "cluster/base/error.h"
#include "cluster/collectives/communicator_nccl.h"

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

}  // namespace temper

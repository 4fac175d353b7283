// Built in place of communicator_nccl.cc where NCCL was not found.
#include "cluster/base/error.h"
#include "cluster/collectives/communicator_nccl.h"

namespace temper {

bool NcclBuilt() { return false; }
std::string NcclVersion() { return ""; }

std::unique_ptr<Communicator> MakeNcclCommunicator(Communicator*, int, std::chrono::milliseconds) {
  TEMPER_FAIL("this program was built without NCCL; configure where nccl.h and libnccl are found (cmake --preset cuda), or train on CPUs");
}

}  // namespace temper

#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cluster/collectives/communicator.h"

namespace temper {

// Whether this program was built with NCCL.
bool NcclBuilt();
// Version of the NCCL library in use, e.g. "2.28.9"; "" without NCCL.
std::string NcclVersion();

// Collectives over NCCL on GPU `device`. Buffers in device memory are used in place, those in host memory go through a device copy.
// `bootstrap` carries the unique id and must have the same ranks; it is borrowed during construction only. Non-blocking NCCL: every call
// polls for errors and the deadline, then aborts the communicator and throws. Throws Error when built without NCCL.
std::unique_ptr<Communicator> MakeNcclCommunicator(Communicator* bootstrap, int device, std::chrono::milliseconds deadline);

}  // namespace temper

#pragma once

#include <chrono>
#include <memory>

#include "cluster/collectives/backend_choice.h"
#include "cluster/collectives/communicator.h"

namespace temper {

enum class CollectiveBackend { kMpi, kSharedMemory, kNccl };

// Where the learners of a job are.
struct LearnerPlacement {
  bool one_host = true;
  int ranks = 1;
  int without_gpu = 0;  // learners that compute on no GPU of their own, or whose program has no NCCL
};

// The backend that `asked` for means here. Throws Error when what is asked for cannot be had.
CollectiveBackend ChooseBackend(BackendChoice asked, const LearnerPlacement& placement);

// The communicator of the choice, made from that over MPI. Collective: every learner calls it, with the same `asked` and `deadline`.
// `gpu`: the index of this learner's own, -1 = it has none.
std::unique_ptr<Communicator> MakeChosenCommunicator(BackendChoice asked, std::unique_ptr<Communicator> mpi, bool one_host, int gpu,
                                                     std::chrono::milliseconds deadline);

}  // namespace temper

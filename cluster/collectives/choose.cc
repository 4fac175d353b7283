#include "cluster/collectives/choose.h"

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/collectives/communicator_nccl.h"

namespace temper {

CollectiveBackend ChooseBackend(BackendChoice asked, const LearnerPlacement& placement) {
  if (asked == BackendChoice::kMpi) return CollectiveBackend::kMpi;
  if (asked == BackendChoice::kShared) {
    TEMPER_CHECK(placement.one_host, "cluster.learner_backend is shared, but the learners are on several hosts: use auto, mpi or nccl");
    return CollectiveBackend::kSharedMemory;
  }
  if (placement.without_gpu == 0) return CollectiveBackend::kNccl;
  TEMPER_CHECK(asked == BackendChoice::kAuto, "cluster.learner_backend is nccl, but ", placement.without_gpu, " of ", placement.ranks,
               " learners compute on no GPU of their own (cluster.device; or the program was built without CUDA or NCCL: temper doctor)");
  return placement.one_host && placement.ranks > 1 ? CollectiveBackend::kSharedMemory : CollectiveBackend::kMpi;
}

std::unique_ptr<Communicator> MakeChosenCommunicator(BackendChoice asked, std::unique_ptr<Communicator> mpi, bool one_host, int gpu,
                                                     std::chrono::milliseconds deadline) {
  LearnerPlacement placement{.one_host = one_host, .ranks = mpi->size()};
  if (asked == BackendChoice::kAuto || asked == BackendChoice::kNccl) {
    double without_gpu = NcclBuilt() && gpu >= 0 ? 0 : 1;
    mpi->AllReduceSum(&without_gpu, 1, "count of learners without a GPU");
    placement.without_gpu = static_cast<int>(without_gpu);
  }
  switch (ChooseBackend(asked, placement)) {
    case CollectiveBackend::kNccl:
      TEMPER_LOG(Info, "learner collectives: NCCL ", NcclVersion());
      return MakeNcclCommunicator(mpi.get(), gpu, deadline);
    case CollectiveBackend::kSharedMemory:
      return MakeSharedMemoryCommunicator(std::move(mpi), deadline);
    case CollectiveBackend::kMpi:
      break;
  }
  return mpi;
}

}  // namespace temper

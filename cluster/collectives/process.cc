#include "cluster/collectives/process.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <mpi.h>
#include <sched.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/collectives/mpi_support.h"

namespace temper {
namespace {

constexpr useconds_t kLeaveWaitMicros = 5000;

int EnvironmentInt(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return std::atoi(value);
  }
  return -1;
}

}  // namespace

LaunchedRank RankFromEnvironment() {
  return {EnvironmentInt({"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}), EnvironmentInt({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})};
}

void WaitFor(MPI_Request* request, std::chrono::milliseconds deadline, std::string_view operation, int rank, int size) {
  const double start = NowSeconds();
  const double limit = std::chrono::duration<double>(deadline).count();
  for (int64_t turn = 0;; ++turn) {
    int done = 0;
    TEMPER_MPI_CHECK(MPI_Test(request, &done, MPI_STATUS_IGNORE));
    if (done) return;
    if (turn < 200) {
      sched_yield();
      continue;
    }
    const double waited = NowSeconds() - start;
    TEMPER_CHECK(waited < limit, "rank ", rank, " of ", size, " waited ", waited, " s in ", operation,
                 " for its peers; one of them is stuck or gone (cluster.collective_timeout_s)");
    usleep(waited < 0.01 ? 20 : 1000);
  }
}

namespace {

// MPI's word for it: the launcher's environment says 0 for every rank of mpirun under Slurm.
std::vector<int> GatherNodes(int rank, int size) {
  MPI_Comm node;
  TEMPER_MPI_CHECK(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node));
  int first = rank;
  TEMPER_MPI_CHECK(MPI_Bcast(&first, 1, MPI_INT, 0, node));
  TEMPER_MPI_CHECK(MPI_Comm_free(&node));
  std::vector<int> nodes(static_cast<size_t>(size));
  TEMPER_MPI_CHECK(MPI_Allgather(&first, 1, MPI_INT, nodes.data(), 1, MPI_INT, MPI_COMM_WORLD));
  return nodes;
}

}  // namespace

struct Process::Pending {
  MPI_Request request = MPI_REQUEST_NULL;
};

Process::Process(int* argc, char*** argv) {
  int provided = 0;
  TEMPER_MPI_CHECK(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided));
  TEMPER_MPI_CHECK(MPI_Comm_rank(MPI_COMM_WORLD, &rank_));
  TEMPER_MPI_CHECK(MPI_Comm_size(MPI_COMM_WORLD, &size_));
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  std::vector<char> all(static_cast<size_t>(size_) * sizeof(name));
  TEMPER_MPI_CHECK(MPI_Allgather(name, sizeof(name), MPI_CHAR, all.data(), sizeof(name), MPI_CHAR, MPI_COMM_WORLD));
  for (int r = 0; r < size_; ++r) hosts_.emplace_back(all.data() + static_cast<size_t>(r) * sizeof(name));
  nodes_ = GatherNodes(rank_, size_);
  local_rank_ = static_cast<int>(std::count(nodes_.begin(), nodes_.begin() + rank_, nodes_[static_cast<size_t>(rank_)]));
}

Process::~Process() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized) return;
  // MPI_Finalize waits for all ranks as well, but spinning, and the orchestrator may have files to read and servers to stop.
  MPI_Request everyone;
  int here = 0;
  if (MPI_Ibarrier(MPI_COMM_WORLD, &everyone) == MPI_SUCCESS) {
    while (MPI_Test(&everyone, &here, MPI_STATUS_IGNORE) == MPI_SUCCESS && here == 0) usleep(kLeaveWaitMicros);
  }
  MPI_Finalize();
}

std::string Process::BroadcastText(const std::string& text, std::chrono::milliseconds deadline) {
  uint64_t bytes = text.size();
  MPI_Request request;
  TEMPER_MPI_CHECK(MPI_Ibcast(&bytes, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request));
  WaitFor(&request, deadline, "start-up broadcast", rank_, size_);
  TEMPER_CHECK(bytes < (uint64_t{1} << 30), "start-up broadcast of ", bytes, " bytes");
  std::string result = text;
  result.resize(bytes);
  TEMPER_MPI_CHECK(MPI_Ibcast(result.data(), static_cast<int>(bytes), MPI_CHAR, 0, MPI_COMM_WORLD, &request));
  WaitFor(&request, deadline, "start-up broadcast", rank_, size_);
  return result;
}

bool Process::AllDone() {
  if (!done_) {
    done_ = std::make_unique<Pending>();
    TEMPER_MPI_CHECK(MPI_Ibarrier(MPI_COMM_WORLD, &done_->request));
  }
  int done = 0;
  TEMPER_MPI_CHECK(MPI_Test(&done_->request, &done, MPI_STATUS_IGNORE));
  return done != 0;
}

void Process::AwaitAll() {
  while (!AllDone()) usleep(20'000);
}

void Process::Abort(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace temper

// Sum over the ranks of one host, in place: MPI_Allreduce by itself, our MPI communicator and our shared-memory one, in turns. Start with
//   mpirun -np 2 --bind-to none --mca btl self,vader allreduce_bench [MB, default 40] [repeats, default 20]
// Rank 0 prints the median milliseconds and algorithm bandwidth of each.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <mpi.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/collectives/communicator.h"
#include "cluster/collectives/process.h"

namespace temper {
namespace {

constexpr auto kDeadline = std::chrono::seconds(60);

struct Candidate {
  const char* name;
  std::function<void(float*, size_t)> sum;
  std::vector<double> seconds;
};

void Plain(float* data, size_t count) {
  TEMPER_CHECK(MPI_Allreduce(MPI_IN_PLACE, data, static_cast<int>(count), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD) == MPI_SUCCESS,
               "MPI_Allreduce failed");
}

// Of the slowest rank.
double Timed(const Candidate& candidate, std::vector<float>* data, Communicator* all) {
  std::fill(data->begin(), data->end(), 1.0F);
  all->Barrier("begin");
  const Stopwatch watch;
  candidate.sum(data->data(), data->size());
  double seconds = watch.Seconds();
  MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  const auto ranks = static_cast<float>(all->size());
  TEMPER_CHECK(data->front() == ranks && data->back() == ranks, candidate.name, ": wrong sum");
  return seconds;
}

void Run(Process* process, double megabytes, int repeats) {
  const auto all = process->Split(0, kDeadline);
  const auto mpi = process->Split(0, kDeadline);
  const auto shared = MakeSharedMemoryCommunicator(process->Split(0, kDeadline), kDeadline);
  std::vector<Candidate> candidates = {{"MPI_Allreduce", Plain, {}},
                                       {"temper-mpi", [&](float* d, size_t n) { mpi->AllReduceSum(d, n, "sum"); }, {}},
                                       {"temper-shared", [&](float* d, size_t n) { shared->AllReduceSum(d, n, "sum"); }, {}}};
  std::vector<float> data(static_cast<size_t>(megabytes * 1e6 / sizeof(float)));
  for (int i = -2; i < repeats; ++i) {
    for (Candidate& candidate : candidates) {
      const double seconds = Timed(candidate, &data, all.get());
      if (i >= 0) candidate.seconds.push_back(seconds);
    }
  }
  if (process->rank() != 0) return;
  for (Candidate& candidate : candidates) {
    std::sort(candidate.seconds.begin(), candidate.seconds.end());
    const double median = candidate.seconds[candidate.seconds.size() / 2];
    std::printf("allreduce %g MB fp32 %d ranks %-14s %.3f ms [%.3f, %.3f] %.2f GB/s\n", megabytes, process->size(), candidate.name,
                1e3 * median, 1e3 * candidate.seconds.front(), 1e3 * candidate.seconds.back(), megabytes / 1e3 / median);
  }
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  const double megabytes = argc > 1 ? std::atof(argv[1]) : 40;
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 20;
  if (megabytes <= 0 || megabytes > 8000 || repeats < 1) {
    std::fprintf(stderr, "usage: allreduce_bench [MB, at most 8000] [repeats, at least 1]\n");
    return 2;
  }
  temper::Process process(&argc, &argv);
  try {
    temper::Run(&process, megabytes, repeats);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "allreduce_bench: %s\n", error.what());
    process.Abort(1);
  }
}

#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cluster/collectives/communicator.h"

namespace temper {

// Rank and world size as the launcher set them, readable before MPI_Init (a worker rank must fork its spawner first). -1 when the
// process was not started by an MPI launcher.
struct LaunchedRank {
  int rank = -1;
  int size = -1;
};
LaunchedRank RankFromEnvironment();

// This process in the MPI world. Construct once, in main, after any fork. Only rank and size are promised to every rank; collectives run
// under a deadline. The destructor waits, asleep, until every rank is at its own, and finalizes MPI.
class Process {
 public:
  Process(int* argc, char*** argv);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  // Rank among the ranks that share memory with this one, as MPI sees it (not what a launcher's variables say).
  int local_rank() const { return local_rank_; }
  const std::string& host() const { return hosts_[rank_]; }
  const std::vector<std::string>& hosts() const { return hosts_; }  // by rank
  // By rank, the first rank it shares memory with: equal for the ranks of one node, whatever hosts call themselves.
  const std::vector<int>& nodes() const { return nodes_; }

  // `text` of rank 0, on every rank.
  std::string BroadcastText(const std::string& text, std::chrono::milliseconds deadline);

  // A communicator of the ranks that pass the same color (>= 0), ordered by rank. Ranks that pass -1 get null. Collective.
  std::unique_ptr<Communicator> Split(int color, std::chrono::milliseconds deadline);

  // Enters the end-of-job barrier; returns true once every rank has entered. Does not block; `Poll` it.
  bool AllDone();
  // Waits for that, without spinning.
  void AwaitAll();

  // Ends the whole job now with this exit code; peers die within about a second.
  [[noreturn]] void Abort(int exit_code);

 private:
  struct Pending;
  int rank_ = 0;
  int size_ = 1;
  int local_rank_ = 0;
  std::vector<std::string> hosts_;
  std::vector<int> nodes_;
  std::unique_ptr<Pending> done_;
};

}  // namespace temper

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "cluster/host/hang_watch.h"

namespace temper {

// What a worker process runs: its words in, its exit code out.
using WorkerMain = int (*)(int argc, char** argv);

// Whether a variable of the environment, NAME or NAME=value, is what MPI's launcher tells a rank. A
// process that is not a rank must not see it, or it would try to join the job.
bool IsOfLauncher(std::string_view variable);

// Keeps one worker process alive beside a rank that must not share its fate. Constructed BEFORE MPI_Init and before any thread: forks the
// spawner, a process with a group of its own and MPI's environment removed. Launch tells it the worker's words; from then on it forks the
// worker, and forks it again whenever it dies (back-off 0, 1, 2, 4 .. 60 s; five deaths within 60 s give the slot up). A worker is a copy
// of the rank as it was then, not a new program: the libraries' pages are shared and need not be loaded again. When this object or the
// rank dies, the worker is killed.
//
// A worker that lives but gives no sign of it (Pulse::Inherited; HangRules) is sent SIGABRT, so that it can leave its stack, then killed,
// and counts as dead. A spawner that is killed takes its worker along, and the slot is down: none can be forked once MPI has begun.
class Spawner {
 public:
  explicit Spawner(WorkerMain worker_main);
  ~Spawner();  // stops the worker: SIGTERM, after 2 s SIGKILL
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  // argv[0] is the program's name; `environment` is added to the worker's. Once only.
  void Launch(const std::vector<std::string>& argv, const std::vector<std::pair<std::string, std::string>>& environment = {},
              const HangRules& rules = {});
  void Stop();

  // Lines the spawner reported since the last call: "worker 123 died (signal 9), starting it again", "slot down: ...". Call it several
  // times a second: it also sees whether the spawner lives.
  std::vector<std::string> Reports();
  // Why no worker will be started again, as reported; "" while one may be.
  const std::string& slot_down() const { return slot_down_; }

 private:
  pid_t pid_ = -1;
  int command_fd_ = -1;
  int report_fd_ = -1;
  std::string pending_;
  std::string slot_down_;
};

}  // namespace temper

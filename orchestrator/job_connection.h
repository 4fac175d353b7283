#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cluster/bus_observer.h"
#include "orchestrator/run_view.h"

namespace temper {

// Of --connect in the commands that watch a running job.
inline constexpr char kConnectHelp[] =
    "asks the running job itself, over its bus: its run folder, a copy of its rendezvous.json, or tcp://host:port with the keys in "
    "TEMPER_BUS_KEYS";

// A running job, watched over its bus from a host that need not see its run folder. Where the job starts anew, it is followed as long as
// a run folder says where to. One thread only.
class JobConnection {
 public:
  // connect: the run folder of a job, its rendezvous.json or a copy, or the endpoint of its bus (tcp://host:port), for which the keys are
  // in TEMPER_BUS_KEYS. Throws ConfigError when it is none of them or no job runs there.
  explicit JobConnection(std::string connect);

  // Where the job stands now. When it does not answer within the deadline, what it said last, if ever, and why in `problems`. Throws
  // ConfigError when the job turned the keys away.
  RunView Look(std::chrono::milliseconds deadline);

 private:
  bool Follow();

  std::string connect_;
  BusContact contact_;
  std::unique_ptr<BusObserver> observer_;
  std::string answer_;  // the last one, "" = none yet
  double answered_at_ = 0;
};

}  // namespace temper

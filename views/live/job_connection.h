#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cluster/base/error.h"
#include "cluster/bus/observer.h"
#include "views/live/run_view.h"

namespace temper {

// Of --connect in the commands that watch a running job.
inline constexpr char kConnectHelp[] =
    "asks the running job itself, over its bus: its run folder, a copy of its rendezvous.json, or tcp://host:port with the keys in "
    "TEMPER_BUS_KEYS";

// A running job, watched over its bus from a host that need not see its run folder. Where the job starts again, it is followed as long as
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

// The run that a command line names: its folder, or with --connect a running job.
class WatchedRun {
 public:
  // command: for messages, "temper top". Throws ConfigError unless one of the two is named, and as JobConnection does.
  WatchedRun(const std::string& command, const std::string& run_folder, const std::string& connect);

  // deadline: of a running job's answer; a folder is read at once.
  RunView Look(std::chrono::milliseconds deadline = kAnswerWithin);
  // The exit code where a look showed nothing: a job that does not answer may do so later, a folder without a status is the wrong one.
  int NothingSeen() const { return job_ ? kExitFound : kExitConfig; }

  static constexpr auto kAnswerWithin = std::chrono::seconds(10);

 private:
  std::string run_folder_;
  std::unique_ptr<JobConnection> job_;
};

}  // namespace temper

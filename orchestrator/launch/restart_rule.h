#pragma once

namespace temper {

// What follows on the end of a job.
struct AfterJob {
  enum class Next { kEnd, kGiveUp, kRestart };
  Next next = Next::kEnd;
  int exit_code = 0;  // to leave with, of kEnd and kGiveUp
  int wait_s = 0;     // before the restart
};

// The exit-code contract (docs/FAILURES.md has the codes): a job that is done, misconfigured, preempted or unhealthy is not started again.
// Any other end is followed by a restart, after 1, 2, 4 .. 60 seconds, until three restarts in a row have brought no new checkpoint.
class RestartRule {
 public:
  // A job ended with `exit_code`. `stop_asked`: a stop signal came meanwhile; `progress`: it has made a checkpoint.
  AfterJob After(int exit_code, bool stop_asked, bool progress);

  int restarts_without_progress() const { return without_progress_; }

 private:
  int without_progress_ = -1;  // the first run is no restart
};

}  // namespace temper

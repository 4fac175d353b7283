#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "cluster/host/pulse.h"

namespace temper {

// When a worker that lives is taken for lost.
struct HangRules {
  int64_t silent_ms = 0;   // without a beat, having begun; 0 = never
  int64_t stopped_ms = 0;  // without a beat, and stopped by a signal (kill -STOP); 0 = never
};

// Watches the pulse of one worker after another. Time is an argument. What the watcher did not see, since it was stopped itself, does not
// count.
class HangWatch {
 public:
  HangWatch(const Pulse* pulse, HangRules rules) : pulse_(pulse), rules_(rules) {}  // borrowed

  void Begin(int64_t now_ms);  // of another worker
  // Why the worker is to be replaced; "" = it is well, as far as can be seen. Call it several times a second.
  std::string Look(pid_t worker, int64_t now_ms);

 private:
  const Pulse* pulse_;
  HangRules rules_;
  uint64_t value_ = 0;
  int64_t since_ms_ = 0;  // of the last beat
  int64_t looked_ms_ = 0;
};

// The letter of a process's state as /proc shows it (R, S, D, T, Z, ...); '?' when there is none.
char StateOfProcess(pid_t pid);

}  // namespace temper

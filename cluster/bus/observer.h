#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cluster/bus/contact.h"

namespace temper {

// A guest at a running job's bus, which asks where the job stands and does nothing else. It never
// registers, so the job counts, waits for and misses nobody, whether this process stalls or dies.
// One thread only.
class BusObserver {
 public:
  // contact.run_id 0: whichever job listens there.
  explicit BusObserver(const BusContact& contact);
  ~BusObserver();
  BusObserver(const BusObserver&) = delete;
  BusObserver& operator=(const BusObserver&) = delete;

  // Asks, and waits for the answer until the deadline. Nothing when none came: `problem` says why, as far as can be known, and the next
  // call tries again. Throws ConfigError when the job turned the keys away.
  std::optional<std::string> Ask(std::chrono::milliseconds deadline, std::string* problem);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace temper

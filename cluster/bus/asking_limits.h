#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "cluster/bus/task_table.h"

namespace temper {

// How often who asks is answered: answers that nobody reads take up memory until the connection is given up. Time is an argument.
class AskingLimits {
 public:
  static constexpr double kBurst = 20;               // answers to one observer at once
  static constexpr double kPerSecond = 10;           // then
  static constexpr size_t kMaxObservers = 64;        // at a time
  static constexpr Millis kForgottenAfter = 10'000;  // an observer who does not ask any more
  static constexpr int64_t kMaxChunks = 8;           // of weights to one worker, before the orchestrator does something else

  // Whether an observer's question is to be answered.
  bool MayAsk(PeerId observer, Millis now) {
    auto found = observers_.find(observer);
    if (found == observers_.end()) {
      if (observers_.size() >= kMaxObservers)
        std::erase_if(observers_, [&](const auto& each) { return now - each.second.last > kForgottenAfter; });
      if (observers_.size() >= kMaxObservers) return false;
      found = observers_.emplace(observer, Observer{kBurst, now}).first;
    }
    Observer& known = found->second;
    known.left = std::min(kBurst, known.left + kPerSecond / 1000 * static_cast<double>(now - known.last));
    known.last = now;
    if (known.left < 1) return false;
    known.left -= 1;
    return true;
  }

  // Whether a worker is to be sent one more piece of weights in this turn.
  bool MayHaveChunk(PeerId worker) { return ++chunks_[worker] <= kMaxChunks; }
  // Keeps a request for a piece that is not answered in this turn. Of a worker the newest is kept: it asks for one piece at a time.
  void Wait(PeerId worker, std::string request) { waiting_[worker] = std::move(request); }
  // Begins a turn. Returns the requests that waited for it, by worker.
  std::map<PeerId, std::string> NextTurn() {
    chunks_.clear();
    return std::exchange(waiting_, {});
  }

 private:
  struct Observer {
    double left = 0;  // answers it may have now
    Millis last = 0;
  };
  std::map<PeerId, Observer> observers_;
  std::map<PeerId, int64_t> chunks_;
  std::map<PeerId, std::string> waiting_;
};

}  // namespace temper

#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "cluster/bus/keys.h"

namespace temper {

// The doorman of an encrypted bus. libzmq lets every client with any key in unless somebody answers
// its questions (ZAP, ZeroMQ's RFC 27). This class answers them, in a thread of its own, so that a
// worker gets in while the orchestrator computes. Only the job's client key is let in. Construct it
// before the socket is bound, destroy it after the last use of the context.
class BusGate {
 public:
  // `context`: libzmq's, borrowed.
  BusGate(void* context, const BusKeys& keys);
  ~BusGate();
  BusGate(const BusGate&) = delete;
  BusGate& operator=(const BusGate&) = delete;

  // Knocks at `endpoint` with a key the job does not know; throws ConfigError unless it is turned away.
  void CheckItRefuses(const std::string& endpoint);

 private:
  void Answer();

  void* context_;
  BusKeys keys_;
  void* socket_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> knocking_{false};  // it is only our own knock that is turned away
  std::thread thread_;                 // owns socket_ from its start on
};

}  // namespace temper

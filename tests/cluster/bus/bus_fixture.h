#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "cluster/base/clock.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/bus/zmq_server.h"

namespace temper {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = BusEvent::Kind;

inline constexpr uint64_t kRunId = 77;
inline constexpr const char* kAnyPort = "tcp://127.0.0.1:*";

inline BusOptions ServerOptions() { return {kRunId, 1, milliseconds(50), {.lease = 60'000, .peer_timeout = 60'000, .max_attempts = 20}}; }

inline ZmqClient::Options ClientOptions(const std::string& endpoint, int64_t capacity = 1) {
  return {endpoint, Role::kRollout, capacity, kRunId, milliseconds(50), seconds(10)};
}

// Polls both ends, in this thread, until `done` holds; keeps every event.
class Loop {
 public:
  explicit Loop(BusServer* server) : server_(server) {}
  void Add(BusClient* client) { clients_.push_back(client); }
  void Remove(BusClient* client) { std::erase(clients_, client); }

  bool Until(const std::function<bool()>& done, milliseconds limit = seconds(20)) {
    const Millis end = NowMillis() + limit.count();
    while (!done()) {
      if (NowMillis() >= end) return false;
      Turn();
    }
    return true;
  }
  void For(milliseconds time) {
    Until([] { return false; }, time);
  }
  void Turn() {
    for (BusEvent& event : server_->Poll(milliseconds(2))) events.push_back(std::move(event));
    for (BusClient* client : clients_) client->Poll(milliseconds(1));
  }
  std::vector<BusEvent> Of(Kind kind) const {
    std::vector<BusEvent> found;
    for (const BusEvent& event : events) {
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }
  void Register(BusClient* client) {
    Add(client);
    ASSERT_TRUE(Until([&] { return client->NextWelcome().has_value(); }));
  }

  std::vector<BusEvent> events;

 private:
  BusServer* server_;
  std::vector<BusClient*> clients_;
};

inline std::vector<BusTask> TasksOf(BusClient& client) {
  std::vector<BusTask> tasks;
  while (auto task = client.NextTask()) tasks.push_back(*task);
  return tasks;
}

}  // namespace temper

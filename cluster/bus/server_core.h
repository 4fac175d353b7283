#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cluster/bus/bus.h"

namespace temper {

// What the orchestrator's end of every bus does, whatever carries the messages: welcomes, the payloads of open tasks, the task table, the
// events. A pure state machine as the table is: time is an argument.
class ServerCore {
 public:
  explicit ServerCore(const TaskRules& rules) : table_(rules) {}

  void SetWelcome(Role role, std::string body) { welcomes_[role] = std::move(body); }
  const std::string& WelcomeOf(Role role) { return welcomes_[role]; }
  void SetRules(Role role, const TaskRules& rules) { table_.SetRules(role, rules); }
  void Submit(const PeerRole& role, TaskId task, std::string payload, Millis now);

  // Throws Error when the capacity is none. The peer must not be known.
  void Join(PeerId peer, const PeerRole& role, int64_t capacity, const std::string& host, Millis now);
  void Lose(PeerId peer, const std::string& why);  // nothing for a peer that is not registered
  void OnResult(PeerId peer, BusTask result, Millis now);
  void OnHeartbeat(PeerId peer, uint64_t progress, std::string report, Millis now);
  void Tick(Millis now);

  struct Delivery {
    PeerId peer = 0;
    TaskId task = 0;
    const std::string* payload = nullptr;  // until the next call
  };
  std::vector<Delivery> Assign(Millis now);
  std::vector<BusEvent> TakeEvents() { return std::exchange(events_, {}); }

  TaskTable& table() { return table_; }
  const TaskTable& table() const { return table_; }

 private:
  PeerRole RoleOf(PeerId peer) const { return table_.HasPeer(peer) ? table_.RoleOf(peer) : PeerRole(); }

  TaskTable table_;
  std::map<TaskId, std::string> payloads_;  // of open tasks
  std::map<Role, std::string> welcomes_;
  std::vector<BusEvent> events_;
};

}  // namespace temper

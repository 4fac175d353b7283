#pragma once

#include <cstdint>
#include <map>
#include <set>
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

  // Throws Error when the capacity is not valid. The peer must not be known. A learner takes the
  // place of the one that had its number.
  void Join(PeerId peer, const PeerRole& role, int64_t capacity, const std::string& host, Millis now);
  void Lose(PeerId peer, const std::string& why);  // nothing for a peer that is not registered
  // False when it is not the peer's to answer.
  bool OnResult(PeerId peer, BusTask result, Millis now);
  // BusServer::GiveAgain. True when the peer is thereby sent away.
  bool GiveAgain(const BusEvent& result, std::string payload, Millis now);
  bool SentAway(PeerId peer) const { return sent_away_.contains(peer); }
  void OnHeld(PeerId peer, uint64_t seen, const std::vector<TaskId>& held);
  // Nothing can be sent to it. It is lost, unless its role waits for its peers without end.
  void OnUnreachable(PeerId peer, Millis now);
  void OnHeartbeat(PeerId peer, uint64_t progress, std::string report, Millis now);
  // A rank says that its worker will not be started again. An event the first time, however often it says so.
  void OnSlotDown(const PeerRole& role, int64_t rank, const std::string& what);
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
  std::map<PeerId, int64_t> bad_results_;
  std::set<PeerId> sent_away_;
  std::set<std::pair<Role, int64_t>> slots_down_;  // role and rank
  std::vector<BusEvent> events_;
};

}  // namespace temper

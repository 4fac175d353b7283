#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cluster/base/role.h"

namespace temper {

using PeerId = uint64_t;
using TaskId = uint64_t;
using Millis = int64_t;  // of a monotonic clock

struct TaskRules {
  Millis lease = 60'000;        // a task whose peer showed no progress for this long is given to another; 0 = never
  Millis peer_timeout = 5'000;  // a peer not heard of for this long is gone; 0 = never
  int64_t max_attempts = 20;    // a task given out this often is reported as failed
};

// Who works on what: registration, credits, leases, requeueing, duplicates. A pure state machine: time is an argument, it has no sockets
// and no threads, so that the simulator test can drive it. Invariants: a task is in exactly one of {queued, leased, done}; a peer never
// holds more tasks than its capacity; a task's result is accepted once.
class TaskTable {
 public:
  explicit TaskTable(TaskRules rules) : rules_(rules) {}

  // A role with rules of its own (learners: no lease, no timeout, since MPI notices their death).
  void SetRules(Role role, TaskRules rules) { role_rules_[role] = rules; }

  // Registers a peer; one that is known already gives its leases back first.
  void AddPeer(PeerId peer, const PeerRole& role, int64_t capacity, Millis now);
  void RemovePeer(PeerId peer);  // its leases are queued again, at the front
  bool HasPeer(PeerId peer) const { return peers_.contains(peer); }
  int64_t NumPeers(const PeerRole& role) const;
  const TaskRules& RulesOf(const PeerRole& role) const;
  const PeerRole& RoleOf(PeerId peer) const { return peers_.at(peer).role; }
  std::vector<PeerId> Peers() const;
  std::vector<PeerId> Peers(const PeerRole& role) const;
  struct PeerState {
    int64_t capacity = 0;
    int64_t leases = 0;  // tasks it holds; capacity - leases are its credits
    Millis last_heard = 0;
    Millis unreachable_since = -1;  // nothing can be sent to it, and nothing has come from it; -1 = it is connected
  };
  PeerState StateOf(PeerId peer) const;

  void Submit(TaskId task, const PeerRole& role, Millis now) { Submit(task, role, now, 0, 0); }
  // For a task whose result cannot be used. It was given out `attempts` times already, and goes to
  // another peer than `avoid` if there is one.
  void Submit(TaskId task, const PeerRole& role, Millis now, int64_t attempts, PeerId avoid);
  // How often an open task was given out.
  int64_t AttemptsOf(TaskId task) const { return tasks_.at(task).attempts; }
  const PeerRole* RoleOfTask(TaskId task) const;  // null for one that is not open

  struct Assignment {
    TaskId task;
    PeerId peer;
    int64_t attempt;  // from 1
  };
  // Gives queued tasks, oldest first, to the peers of their role with the most free capacity. A task whose lease expired waits for another
  // peer than the one that held it, if there is another, and holds up nobody meanwhile.
  std::vector<Assignment> Assign(Millis now);

  enum class Verdict { kAccepted, kDuplicate };
  // The first result of an open task is accepted, whoever sends it.
  Verdict OnResult(PeerId peer, TaskId task, Millis now);
  // Any traffic shows that the peer lives; a change of `progress` also renews its leases.
  void OnTraffic(PeerId peer, Millis now);
  void OnProgress(PeerId peer, uint64_t progress, Millis now);

  // What is sent to a peer is numbered in its order. A lease counts as sent with number 0, which everybody has seen, until it is told.
  void OnSent(TaskId task, uint64_t number);
  // A peer says that it has seen all that reached it up to number `seen`, and what it holds: tasks
  // and results not acknowledged. A lease sent by then that the peer does not hold was lost, on the
  // way or by the peer. It is queued again, for another peer if there is one.
  std::vector<TaskId> OnHeld(PeerId peer, uint64_t seen, const std::vector<TaskId>& held);
  // The peer cannot be reached until it is heard of again.
  void OnUnreachable(PeerId peer, Millis now);
  // For `gap` nobody listened to the peers: neither their silence nor their lack of progress counts.
  void Excuse(Millis gap, Millis now);

  struct Expired {
    std::vector<PeerId> peers;      // not heard of: removed
    std::vector<TaskId> leases;     // queued again for another peer
    std::vector<TaskId> exhausted;  // max_attempts reached: removed
  };
  Expired Tick(Millis now);

  int64_t num_queued(const PeerRole& role) const;
  int64_t num_leased() const { return static_cast<int64_t>(num_leased_); }
  int64_t num_open() const { return static_cast<int64_t>(tasks_.size()); }
  int64_t num_requeued() const { return num_requeued_; }
  int64_t num_duplicates() const { return num_duplicates_; }

  // Throws Error when an invariant does not hold (tests and the simulator call it after every event).
  void CheckInvariants() const;

 private:
  struct Task {
    PeerRole role;
    int64_t attempts = 0;
    bool leased = false;
    PeerId peer = 0;
    Millis since = 0;     // of the lease, or of the last progress after it
    PeerId avoid = 0;     // the peer that did not do it
    uint64_t number = 0;  // of the message that took it to its peer
  };
  struct Peer {
    PeerRole role;
    int64_t capacity = 0;
    std::set<TaskId> leases;
    Millis last_heard = 0;
    uint64_t progress = 0;
    Millis unreachable_since = -1;
  };
  void Forget(TaskId id);
  void Requeue(TaskId id, PeerId avoid);
  void AssignRole(const PeerRole& role, Millis now, std::deque<TaskId>* queue, std::vector<Assignment>* assignments);
  PeerId FreestPeer(const PeerRole& role, PeerId avoid) const;

  TaskRules rules_;
  std::map<Role, TaskRules> role_rules_;
  std::map<TaskId, Task> tasks_;
  std::map<PeerRole, std::deque<TaskId>> queues_;  // may hold ids that were answered or leased since: skipped
  std::map<PeerId, Peer> peers_;
  size_t num_leased_ = 0;
  int64_t num_requeued_ = 0;
  int64_t num_duplicates_ = 0;
};

}  // namespace temper

#include "cluster/bus/task_table.h"

#include <algorithm>

#include "cluster/base/error.h"

namespace temper {

const TaskRules& TaskTable::RulesOf(const PeerRole& role) const {
  const auto found = role_rules_.find(role.role);
  return found == role_rules_.end() ? rules_ : found->second;
}

void TaskTable::AddPeer(PeerId peer, const PeerRole& role, int64_t capacity, Millis now) {
  TEMPER_CHECK(capacity > 0, "peer ", peer, " registered with capacity ", capacity);
  RemovePeer(peer);
  peers_[peer] = Peer{.role = role, .capacity = capacity, .leases = {}, .last_heard = now};
}

void TaskTable::RemovePeer(PeerId peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  const std::set<TaskId> leases = std::move(found->second.leases);
  peers_.erase(found);
  // Latest first, each to the front: the oldest ends up first in line.
  for (auto id = leases.rbegin(); id != leases.rend(); ++id) Requeue(*id, 0);
}

void TaskTable::Requeue(TaskId id, PeerId avoid) {
  Task& task = tasks_.at(id);
  if (task.leased) --num_leased_;
  if (const auto peer = peers_.find(task.peer); peer != peers_.end()) peer->second.leases.erase(id);
  task.leased = false;
  task.peer = 0;
  task.avoid = avoid;
  queues_[task.role].push_front(id);
  ++num_requeued_;
}

int64_t TaskTable::NumPeers(const PeerRole& role) const { return static_cast<int64_t>(Peers(role).size()); }

std::vector<PeerId> TaskTable::Peers() const {
  std::vector<PeerId> ids;
  for (const auto& [id, peer] : peers_) ids.push_back(id);
  return ids;
}

std::vector<PeerId> TaskTable::Peers(const PeerRole& role) const {
  std::vector<PeerId> ids;
  for (const auto& [id, peer] : peers_) {
    if (peer.role == role) ids.push_back(id);
  }
  return ids;
}

TaskTable::PeerState TaskTable::StateOf(PeerId id) const {
  const Peer& peer = peers_.at(id);
  return {peer.capacity, static_cast<int64_t>(peer.leases.size()), peer.last_heard, peer.unreachable_since};
}

const PeerRole* TaskTable::RoleOfTask(TaskId id) const {
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : &found->second.role;
}

void TaskTable::Submit(TaskId id, const PeerRole& role, Millis now, int64_t attempts, PeerId avoid) {
  const bool fresh = tasks_.emplace(id, Task{.role = role, .attempts = attempts, .since = now, .avoid = avoid}).second;
  TEMPER_CHECK(fresh, "task ", id, " was submitted twice");
  queues_[role].push_back(id);
}

void TaskTable::Forget(TaskId id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return;
  if (found->second.leased) {
    --num_leased_;
    if (const auto peer = peers_.find(found->second.peer); peer != peers_.end()) peer->second.leases.erase(id);
  }
  tasks_.erase(found);
}

PeerId TaskTable::FreestPeer(const PeerRole& role, PeerId avoid) const {
  PeerId best = 0;
  int64_t best_free = 0;
  for (const auto& [id, peer] : peers_) {
    if (peer.role != role || id == avoid) continue;
    const int64_t free = peer.capacity - static_cast<int64_t>(peer.leases.size());
    if (free > best_free) {
      best_free = free;
      best = id;
    }
  }
  return best;
}

std::vector<TaskTable::Assignment> TaskTable::Assign(Millis now) {
  std::vector<Assignment> assignments;
  for (auto& [role, queue] : queues_) AssignRole(role, now, &queue, &assignments);
  return assignments;
}

void TaskTable::AssignRole(const PeerRole& role, Millis now, std::deque<TaskId>* queue, std::vector<Assignment>* assignments) {
  std::vector<TaskId> waiting;  // only the peer they avoid is free: those behind them need not wait with them
  for (; !queue->empty() && FreestPeer(role, 0) != 0; queue->pop_front()) {
    const TaskId id = queue->front();
    const auto found = tasks_.find(id);
    if (found == tasks_.end() || found->second.leased) continue;  // answered while it waited
    Task& task = found->second;
    if (task.attempts >= RulesOf(role).max_attempts) continue;  // the next Tick reports it
    // Better the same peer again than nobody.
    const PeerId peer = FreestPeer(role, NumPeers(role) == 1 ? 0 : task.avoid);
    if (peer == 0) {
      waiting.push_back(id);
      continue;
    }
    task.leased = true;
    task.peer = peer;
    task.since = now;
    task.number = 0;
    ++task.attempts;
    ++num_leased_;
    peers_.at(peer).leases.insert(id);
    assignments->push_back({id, peer, task.attempts});
  }
  queue->insert(queue->begin(), waiting.begin(), waiting.end());
}

TaskTable::Verdict TaskTable::OnResult(PeerId peer, TaskId id, Millis now) {
  OnTraffic(peer, now);
  if (!tasks_.contains(id)) {
    ++num_duplicates_;
    return Verdict::kDuplicate;
  }
  Forget(id);
  return Verdict::kAccepted;
}

void TaskTable::OnTraffic(PeerId peer, Millis now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  found->second.last_heard = now;
  found->second.unreachable_since = -1;
}

void TaskTable::OnProgress(PeerId id, uint64_t progress, Millis now) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  OnTraffic(id, now);
  if (peer.progress == progress) return;
  peer.progress = progress;
  for (const TaskId lease : peer.leases) tasks_.at(lease).since = now;
}

void TaskTable::OnSent(TaskId id, uint64_t number) {
  if (const auto found = tasks_.find(id); found != tasks_.end()) found->second.number = number;
}

std::vector<TaskId> TaskTable::OnHeld(PeerId id, uint64_t seen, const std::vector<TaskId>& held) {
  std::vector<TaskId> lost;
  const auto found = peers_.find(id);
  if (found == peers_.end()) return lost;
  const std::set<TaskId> holds(held.begin(), held.end());
  for (const TaskId lease : found->second.leases) {
    if (tasks_.at(lease).number <= seen && !holds.contains(lease)) lost.push_back(lease);
  }
  // Latest first, as in RemovePeer.
  for (auto lease = lost.rbegin(); lease != lost.rend(); ++lease) Requeue(*lease, id);
  return lost;
}

void TaskTable::OnUnreachable(PeerId id, Millis now) {
  const auto found = peers_.find(id);
  if (found != peers_.end() && found->second.unreachable_since < 0) found->second.unreachable_since = now;
}

void TaskTable::Excuse(Millis gap, Millis now) {
  for (auto& [id, peer] : peers_) peer.last_heard = std::min(now, peer.last_heard + gap);
  for (auto& [id, task] : tasks_) task.since = std::min(now, task.since + gap);
}

TaskTable::Expired TaskTable::Tick(Millis now) {
  Expired expired;
  for (const auto& [id, peer] : peers_) {
    const Millis timeout = RulesOf(peer.role).peer_timeout;
    if (timeout > 0 && now - peer.last_heard > timeout) expired.peers.push_back(id);
  }
  for (const PeerId id : expired.peers) RemovePeer(id);
  for (const auto& [id, task] : tasks_) {
    const TaskRules& rules = RulesOf(task.role);
    if (task.leased && rules.lease > 0 && now - task.since > rules.lease) expired.leases.push_back(id);
  }
  for (const TaskId id : expired.leases) Requeue(id, tasks_.at(id).peer);
  for (const auto& [id, task] : tasks_) {
    if (!task.leased && task.attempts >= RulesOf(task.role).max_attempts) expired.exhausted.push_back(id);
  }
  std::erase_if(expired.leases, [&](TaskId id) { return tasks_.at(id).attempts >= RulesOf(tasks_.at(id).role).max_attempts; });
  for (const TaskId id : expired.exhausted) Forget(id);
  return expired;
}

int64_t TaskTable::num_queued(const PeerRole& role) const {
  return std::count_if(tasks_.begin(), tasks_.end(), [&](const auto& entry) { return !entry.second.leased && entry.second.role == role; });
}

void TaskTable::CheckInvariants() const {
  size_t leased = 0;
  for (const auto& [id, task] : tasks_) {
    if (task.leased) {
      ++leased;
      const auto peer = peers_.find(task.peer);
      TEMPER_CHECK(peer != peers_.end() && peer->second.leases.contains(id), "task ", id, " is leased to a peer that does not hold it");
      continue;
    }
    if (task.attempts >= RulesOf(task.role).max_attempts) continue;  // given up: the next Tick removes it
    const auto queue = queues_.find(task.role);
    TEMPER_CHECK(queue != queues_.end() && std::count(queue->second.begin(), queue->second.end(), id) >= 1, "task ", id,
                 " is neither leased nor queued");
  }
  TEMPER_CHECK(leased == num_leased_, "lease count ", num_leased_, " but ", leased, " tasks are leased");
  for (const auto& [id, peer] : peers_) {
    TEMPER_CHECK(static_cast<int64_t>(peer.leases.size()) <= peer.capacity, "peer ", id, " holds more than its capacity");
    for (const TaskId lease : peer.leases) TEMPER_CHECK(tasks_.contains(lease), "peer ", id, " holds the unknown task ", lease);
  }
}

}  // namespace temper

#include "cluster/bus/server_core.h"

#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/log.h"

namespace temper {

using Kind = BusEvent::Kind;

namespace {

constexpr size_t kMaxSlotsDown = 65'536;  // more than a job has ranks: what a peer says takes up no more memory

}  // namespace

void ServerCore::Submit(const PeerRole& role, TaskId task, std::string payload, Millis now) {
  table_.Submit(task, role, now);
  payloads_[task] = std::move(payload);
}

void ServerCore::Join(PeerId peer, const PeerRole& role, int64_t capacity, const std::string& host, Millis now) {
  if (role.role == Role::kLearner) {
    for (const PeerId other : table_.Peers(role)) Lose(other, "registered again");
  }
  table_.AddPeer(peer, role, capacity, now);
  events_.push_back({Kind::kPeerJoined, peer, role, 0, host});
}

void ServerCore::Lose(PeerId peer, const std::string& why) {
  if (!table_.HasPeer(peer)) return;
  events_.push_back({Kind::kPeerLost, peer, table_.RoleOf(peer), 0, why});
  table_.RemovePeer(peer);
}

bool ServerCore::OnResult(PeerId peer, BusTask result, Millis now) {
  const PeerRole* role = table_.RoleOfTask(result.id);
  if (!table_.HasPeer(peer) || (role != nullptr && *role != table_.RoleOf(peer))) return false;
  const int64_t attempts = role == nullptr ? 0 : table_.AttemptsOf(result.id);
  if (table_.OnResult(peer, result.id, now) == TaskTable::Verdict::kDuplicate) return true;
  payloads_.erase(result.id);
  events_.push_back({Kind::kResult, peer, RoleOf(peer), result.id, std::move(result.payload), attempts});
  return true;
}

bool ServerCore::GiveAgain(const BusEvent& result, std::string payload, Millis now) {
  table_.Submit(result.task, result.role, now, result.attempts, result.peer);
  payloads_[result.task] = std::move(payload);
  if (++bad_results_[result.peer] < kMaxBadResults || !sent_away_.insert(result.peer).second) return false;
  Lose(result.peer, Concat("sent away: ", kMaxBadResults, " of its results were none"));
  return true;
}

void ServerCore::OnHeld(PeerId peer, uint64_t seen, const std::vector<TaskId>& held) {
  for (const TaskId task : table_.OnHeld(peer, seen, held)) {
    TEMPER_LOG(Warn, "bus: ", ToString(table_.RoleOf(peer)), " does not hold task ", task, ", which was sent to it: given out again");
  }
}

void ServerCore::OnUnreachable(PeerId peer, Millis now) {
  if (!table_.HasPeer(peer)) return;
  if (table_.RulesOf(table_.RoleOf(peer)).peer_timeout > 0) return Lose(peer, "connection lost");
  table_.OnUnreachable(peer, now);
}

void ServerCore::OnHeartbeat(PeerId peer, uint64_t progress, std::string report, Millis now) {
  table_.OnProgress(peer, progress, now);
  if (!report.empty() && table_.HasPeer(peer)) events_.push_back({Kind::kReport, peer, table_.RoleOf(peer), 0, std::move(report)});
}

void ServerCore::OnSlotDown(const PeerRole& role, int64_t rank, const std::string& what) {
  if (slots_down_.size() < kMaxSlotsDown && slots_down_.emplace(role.role, rank).second)
    events_.push_back({Kind::kSlotDown, 0, role, 0, what});
}

void ServerCore::Tick(Millis now) {
  std::map<PeerId, PeerRole> roles;
  for (const PeerId peer : table_.Peers()) roles[peer] = table_.RoleOf(peer);
  const TaskTable::Expired expired = table_.Tick(now);
  for (const PeerId peer : expired.peers)
    events_.push_back({Kind::kPeerLost, peer, roles[peer], 0, "not heard of within the peer timeout"});
  for (const TaskId task : expired.leases) TEMPER_LOG(Warn, "bus: lease of task ", task, " expired, given to another worker");
  for (const TaskId task : expired.exhausted) {
    payloads_.erase(task);
    events_.push_back({Kind::kTaskFailed, 0, {}, task, "given out too often without a result"});
  }
}

std::vector<ServerCore::Delivery> ServerCore::Assign(Millis now) {
  std::vector<Delivery> deliveries;
  for (const auto& [task, peer, attempt] : table_.Assign(now)) deliveries.push_back({peer, task, &payloads_.at(task)});
  return deliveries;
}

}  // namespace temper

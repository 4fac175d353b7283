#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/base/fields.h"
#include "cluster/bus/bus.h"

namespace temper {

// Bodies of frames (frame.h). Those of Welcome, Announce, WeightRequest, WeightsMissing, WeightChunk, StatusRequest and Status are texts of
// their users; Drain's is why, where it is more than the end of the job. Bye and RegisterAgain have none.

struct RegisterBody {
  std::string role;  // ToString(PeerRole)
  int64_t capacity = 0;
  std::string host;
};
template <typename Visitor>
void Fields(Visitor& v, RegisterBody& b) {
  v(b.role, b.capacity, b.host);
}

// Of a worker.
struct HeartbeatBody {
  uint64_t progress = 0;
  std::string report;        // of its reporter, "" = none
  int64_t sent_us = 0;       // by its clock
  uint64_t seen = 0;         // the highest sequence among the orchestrator's frames that reached it
  std::vector<TaskId> held;  // tasks and results that are not acknowledged
};
template <typename Visitor>
void Fields(Visitor& v, HeartbeatBody& b) {
  v(b.progress, b.report, b.sent_us, b.seen, b.held);
}

// The orchestrator's answer to a heartbeat. A heartbeat that it sends by itself has no body.
struct HeartbeatAnswer {
  int64_t sent_us = 0;      // as the worker said
  int64_t received_us = 0;  // by the orchestrator's clock, as the next
  int64_t answered_us = 0;
};
template <typename Visitor>
void Fields(Visitor& v, HeartbeatAnswer& a) {
  v(a.sent_us, a.received_us, a.answered_us);
}

// Of a rank whose worker will not be started again.
struct SlotDownBody {
  std::string role;  // ToString(PeerRole) of the worker
  int64_t rank = 0;
  std::string host;
  std::string why;
};
template <typename Visitor>
void Fields(Visitor& v, SlotDownBody& b) {
  v(b.role, b.rank, b.host, b.why);
}

// Task and Result frames carry several of them, one after the other.
template <typename Visitor>
void Fields(Visitor& v, BusTask& t) {
  v(t.id, t.payload);
}

struct AckBody {
  std::vector<TaskId> tasks;
};
template <typename Visitor>
void Fields(Visitor& v, AckBody& b) {
  v(b.tasks);
}

}  // namespace temper

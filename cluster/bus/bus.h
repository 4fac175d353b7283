#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/base/clock_offset.h"
#include "cluster/base/role.h"
#include "cluster/bus/task_table.h"

namespace temper {

// The bus between the orchestrator and the processes that work for it. BusServer is the orchestrator's end, BusClient a worker's. What
// carries the messages is zmq_server.h and zmq_client.h (processes, hosts) or in_process.h (one thread, for tests and debuggers).

// What happened at the orchestrator's end since the last call.
struct BusEvent {
  enum class Kind { kResult, kPeerJoined, kPeerLost, kTaskFailed, kReport, kSlotDown };
  Kind kind = Kind::kResult;
  PeerId peer = 0;
  PeerRole role;  // of the peer, or of the worker whose slot is down
  TaskId task = 0;
  // Result payload, the host of who joined, why the peer is gone, what its reporter said, or which worker will not be started again and
  // why.
  std::string body;
  int64_t attempts = 0;  // of a result: how often its task was given out
};

// Answers a question of a worker or an observer; nothing = it gets no answer and may ask again.
using BusAnswer = std::function<std::optional<std::string>(const std::string& question)>;

// One bad result may be a fault of the moment; a peer that sends one after another is itself at fault, and each costs a task an attempt.
inline constexpr int64_t kMaxBadResults = 3;

// The orchestrator's end: the table of who works on what. Tasks are delivered at least once and
// their results accepted once. What a dead or silent peer held goes to another, and so does what a
// living one says it does not hold. A result counts from a registered peer of the task's role.
// Nothing but Poll and Drain waits: a peer takes at most its capacity in tasks. One thread only.
class BusServer {
 public:
  virtual ~BusServer() = default;

  // What a peer of this role is told when it registers; "" by default.
  virtual void SetWelcome(Role role, std::string body) = 0;
  virtual void SetRules(Role role, TaskRules rules) = 0;
  // Answers BusClient::RequestWeights of registered peers (what it throws counts as a frame refused), and what an observer asks. Called
  // from within Poll and Drain.
  virtual void SetWeightAnswer(BusAnswer answer) = 0;
  virtual void SetStatusAnswer(BusAnswer answer) = 0;
  // What to do when a registered peer says BusClient::MissWeights; what it throws counts as a frame refused.
  virtual void SetWeightsMissing(std::function<void(const std::string& body)> mend) = 0;

  virtual void Submit(const PeerRole& role, TaskId task, std::string payload) = 0;
  // The result of the event cannot be used (it does not decode, say). Its task goes to another
  // peer, as one more attempt. Who sent kMaxBadResults of them is sent away and not let in again.
  virtual void GiveAgain(const BusEvent& result, std::string payload) = 0;
  // To every peer of the role: weights exist, ...
  virtual void Announce(Role role, const std::string& body) = 0;

  // Waits for traffic at most `timeout` and handles all there is.
  virtual std::vector<BusEvent> Poll(std::chrono::milliseconds timeout) = 0;
  // Asks every peer to finish and leave, then waits until all have left or `deadline` has passed. Returns what happened meanwhile.
  virtual std::vector<BusEvent> Drain(std::chrono::milliseconds deadline) = 0;

  virtual const TaskTable& table() const = 0;
  // No valid frames, of another run or epoch, of who is not registered, or asking for what was never announced; 0 where messages are no
  // frames.
  virtual int64_t frames_refused() const = 0;
};

struct BusTask {
  TaskId id = 0;
  std::string payload;
};

// A worker's end: registers, keeps results until they are delivered, heartbeats. One thread only; call Poll at least every second (a
// generation engine does so between decode steps).
class BusClient {
 public:
  virtual ~BusClient() = default;

  // Waits for the Welcome; returns its body. Throws Error naming endpoint and deadline.
  virtual std::string Register(std::chrono::milliseconds deadline) = 0;

  // Handles traffic, waiting at most `timeout` for some.
  virtual void Poll(std::chrono::milliseconds timeout) = 0;
  virtual std::optional<BusTask> NextTask() = 0;  // of those received
  virtual std::optional<std::string> NextAnnouncement() = 0;
  virtual std::optional<std::string> NextWeightChunk() = 0;
  virtual std::optional<std::string> NextWelcome() = 0;  // after a re-registration
  // Sent by the next Poll, together with what else is ready.
  virtual void SendResult(TaskId task, const std::string& payload) = 0;
  virtual void RequestWeights(const std::string& body) = 0;
  // Says that what was announced is not there; `body` as for RequestWeights. May be lost. False when nobody can mend it while this one
  // waits.
  virtual bool MissWeights(const std::string& body) = 0;
  virtual void SetProgress(uint64_t progress) = 0;  // carried by heartbeats
  // Gives a text to travel with each heartbeat: the server hands it out as a kReport event. May be lost, as a heartbeat may.
  virtual void SetReporter(std::function<std::string()> reporter) = 0;
  // Sends a heartbeat if one is due, with `now` a quarter of the interval after the last already,
  // and handles nothing. It serves a caller that computes for long without a Poll.
  virtual void Beat(bool now) = 0;
  virtual const ClockOffset& clock() const = 0;  // of the orchestrator, as its answers to heartbeats tell

  virtual bool draining() const = 0;  // the server asked to leave
  // Why the server asked this one alone, and does not let it in again; "" while it has not.
  virtual const std::string& sent_away() const = 0;
  // Says goodbye after the last result is delivered, or after `deadline`.
  virtual void Leave(std::chrono::milliseconds deadline) = 0;
  virtual std::chrono::milliseconds silent_for() const = 0;  // since the server was last heard
};

}  // namespace temper

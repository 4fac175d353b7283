#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/base/clock_offset.h"
#include "cluster/bus/frame.h"
#include "cluster/bus/keys.h"
#include "cluster/bus/task_table.h"

namespace temper {

struct BusOptions {
  uint64_t run_id = 0;
  uint64_t epoch = 1;
  std::chrono::milliseconds heartbeat{1000};
  TaskRules rules;
  std::chrono::milliseconds bind_patience{0};  // how long an endpoint in use may take to become free
  BusKeys keys{};                              // empty = no encryption, on loopback only
};

// What happened at the orchestrator's end since the last call.
struct BusEvent {
  enum class Kind { kResult, kPeerJoined, kPeerLost, kTaskFailed, kWeightRequest, kReport, kStatusRequest };
  Kind kind = Kind::kResult;
  PeerId peer = 0;
  std::string role;  // of the peer
  TaskId task = 0;
  std::string body;  // result payload, why the peer is gone, or what its reporter said
};

// The orchestrator's end of the bus: one ROUTER socket and the table of who works on what. Tasks are delivered at least once and their
// results accepted once; what a dead or silent peer held goes to another. Sends never block: a peer takes at most its capacity in tasks.
// One thread only. Throws ConfigError when the endpoint cannot be bound, others can reach it and there are no keys, or the keys do not
// protect it.
class BusServer {
 public:
  // endpoint: "tcp://127.0.0.1:*" takes a free port; an interface's name may stand for its address.
  BusServer(const std::string& endpoint, const BusOptions& options);
  ~BusServer();
  BusServer(const BusServer&) = delete;
  BusServer& operator=(const BusServer&) = delete;

  const std::string& endpoint() const;  // as bound, to connect to

  // What a peer of this role is told when it registers; roles "learner/0", "learner/1" look under "learner" too.
  void SetWelcome(const std::string& role, std::string body);
  void SetRules(const std::string& role, TaskRules rules);

  void Submit(const std::string& role, TaskId task, std::string payload);
  void Cancel(TaskId task);
  // To every peer of the role ("" = all): weights exist, stop, ...
  void Announce(const std::string& role, const std::string& body);
  // Answers a WeightRequest.
  void SendWeightChunk(PeerId peer, std::string body);
  // Answers a StatusRequest: of an observer, who is no peer and may be gone by now.
  void SendStatus(PeerId observer, std::string body);
  // Asks every peer to finish and leave, then waits for their Bye until the deadline. Returns what happened meanwhile.
  std::vector<BusEvent> Drain(std::chrono::milliseconds deadline);

  // Waits for traffic at most `timeout` and handles all there is.
  std::vector<BusEvent> Poll(std::chrono::milliseconds timeout);

  const TaskTable& table() const;
  int64_t frames_refused() const;  // no valid frame, wrong run or epoch
  uint64_t epoch() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct BusTask {
  TaskId id = 0;
  std::string payload;
};

// How to get to a job's bus. All of it changes when the job starts anew.
struct BusContact {
  std::string endpoint;
  uint64_t run_id = 0;
  BusKeys keys{};
};

// A worker's end: registers, keeps results until they are acknowledged, heartbeats. One thread only; call Poll at least every second
// (a generation engine does so between decode steps). A server silent for `silence` is taken for gone: registers anew, with a fresh
// identity, and where `find_again` says if it is given.
class BusClient {
 public:
  struct Options {
    std::string endpoint;
    std::string role;
    int64_t capacity = 1;
    uint64_t run_id = 0;
    std::chrono::milliseconds heartbeat{1000};
    std::chrono::milliseconds silence{10'000};
    BusKeys keys{};
    // Where the job's bus is now; nothing while nobody knows. Asked after a silence.
    std::function<std::optional<BusContact>()> find_again{};
  };
  explicit BusClient(const Options& options);
  ~BusClient();
  BusClient(const BusClient&) = delete;
  BusClient& operator=(const BusClient&) = delete;

  // Waits for the Welcome; returns its body. Throws Error naming endpoint and deadline.
  std::string Register(std::chrono::milliseconds deadline);

  // Handles traffic, waiting at most `timeout` for some.
  void Poll(std::chrono::milliseconds timeout);
  std::optional<BusTask> NextTask();  // of those received
  std::optional<std::string> NextAnnouncement();
  std::optional<TaskId> NextCancelled();
  std::optional<std::string> NextWeightChunk();
  std::optional<std::string> NextWelcome();  // after a re-registration
  // Sent by the next Poll, together with what else is ready.
  void SendResult(TaskId task, const std::string& payload);
  void RequestWeights(std::string body);
  void SetProgress(uint64_t progress);  // carried by heartbeats
  // Gives a text to travel with each heartbeat: the server hands it out as a kReport event. May be lost, as a heartbeat may.
  void SetReporter(std::function<std::string()> reporter);
  // Sends a heartbeat if one is due, with `now` a quarter of the interval after the last already, and handles nothing: for a caller that
  // computes for long without a Poll.
  void Beat(bool now);
  const ClockOffset& clock() const;  // of the orchestrator, as its answers to heartbeats tell

  bool draining() const;  // the server asked to leave
  // Sends Bye after the last acknowledgement or `deadline`.
  void Leave(std::chrono::milliseconds deadline);
  std::chrono::milliseconds silent_for() const;  // since the server was last heard

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace temper

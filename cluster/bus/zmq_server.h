#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "cluster/bus/bus.h"
#include "cluster/bus/keys.h"

namespace temper {

struct BusOptions {
  uint64_t run_id = 0;
  uint64_t epoch = 1;
  std::chrono::milliseconds heartbeat{1000};
  TaskRules rules;
  std::chrono::milliseconds bind_patience{0};  // how long an endpoint in use may take to become free
  BusKeys keys{};                              // empty = no encryption, on loopback only
};

// The orchestrator's end of the bus between processes: one ROUTER socket. Throws ConfigError when the endpoint cannot be bound, others can
// reach it and there are no keys, or the keys do not protect it.
class ZmqServer : public BusServer {
 public:
  // endpoint: "tcp://127.0.0.1:*" takes a free port; an interface's name may stand for its address.
  ZmqServer(const std::string& endpoint, const BusOptions& options);
  ~ZmqServer() override;

  const std::string& endpoint() const;  // as bound, to connect to

  void SetWelcome(Role role, std::string body) override;
  void SetRules(Role role, TaskRules rules) override;
  void SetWeightAnswer(BusAnswer answer) override;
  // The question is "": of an observer, who is no peer and may be gone by now.
  void SetStatusAnswer(BusAnswer answer) override;
  void SetWeightsMissing(std::function<void(const std::string&)> mend) override;
  void Submit(const PeerRole& role, TaskId task, std::string payload) override;
  void GiveAgain(const BusEvent& result, std::string payload) override;
  void Announce(Role role, const std::string& body) override;
  std::vector<BusEvent> Poll(std::chrono::milliseconds timeout) override;
  std::vector<BusEvent> Drain(std::chrono::milliseconds deadline) override;
  const TaskTable& table() const override;
  int64_t frames_refused() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace temper

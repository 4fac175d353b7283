#pragma once

#include <functional>
#include <memory>

#include "cluster/base/clock.h"
#include "cluster/bus/bus.h"

namespace temper {

// A bus within one thread: server, workers and their caller take turns, no message is encoded, and everything happens in the same order
// every time. The rules are those of the task table, as on any bus. Leases and timeouts go by `clock`; a job whose workers cannot run while
// another computes sets them to 0 (never).
class InProcessBus : public BusServer {
 public:
  struct Options {
    TaskRules rules;
    std::chrono::milliseconds heartbeat{1000};
    std::function<Millis()> clock = NowMillis;
  };
  explicit InProcessBus(const Options& options);
  ~InProcessBus() override;

  // A worker's end. The bus must outlive it. One that is destroyed before it has left is a worker that died.
  std::unique_ptr<BusClient> Connect(const PeerRole& role, int64_t capacity);
  // A worker: Poll and Drain give it one turn each time round, after those added before it, until it returns false. What it throws comes
  // out of Poll.
  void AddWorker(std::function<bool()> turn);

  void SetWelcome(Role role, std::string body) override;
  void SetRules(Role role, TaskRules rules) override;
  void SetWeightAnswer(BusAnswer answer) override;
  void SetWeightsMissing(std::function<void(const std::string&)> mend) override;
  void SetStatusAnswer(BusAnswer answer) override;  // nobody observes this bus
  void Submit(const PeerRole& role, TaskId task, std::string payload) override;
  void GiveAgain(const BusEvent& result, std::string payload) override;
  void Announce(Role role, const std::string& body) override;
  std::vector<BusEvent> Poll(std::chrono::milliseconds timeout) override;
  std::vector<BusEvent> Drain(std::chrono::milliseconds deadline) override;
  const TaskTable& table() const override;
  int64_t frames_refused() const override { return 0; }

 private:
  class Client;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace temper

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cluster/bus/bus.h"
#include "cluster/bus/contact.h"

namespace temper {

// A worker's end of the bus between processes: one DEALER socket. A server that is silent for
// `silence` counts as gone, and one that no longer knows this client says so. Then the client
// registers again, after a silence with a fresh identity, and where `find_again` says if it is
// given.
class ZmqClient : public BusClient {
 public:
  struct Options {
    std::string endpoint;
    PeerRole role;
    int64_t capacity = 1;
    uint64_t run_id = 0;
    std::chrono::milliseconds heartbeat{1000};
    std::chrono::milliseconds silence{10'000};
    BusKeys keys{};
    // Where the job's bus is now; nothing while nobody knows. Asked after a silence.
    std::function<std::optional<BusContact>()> find_again{};
    // Called whenever the owner lets the bus work (Poll, Beat): the owner gets on.
    std::function<void()> alive{};
  };
  // What to take for silence where the orchestrator, when it is well, is heard once a heartbeat.
  static std::chrono::milliseconds SilenceOf(std::chrono::milliseconds heartbeat) {
    return std::max<std::chrono::milliseconds>(std::chrono::seconds(10), 5 * heartbeat);
  }
  explicit ZmqClient(const Options& options);
  ~ZmqClient() override;

  std::string Register(std::chrono::milliseconds deadline) override;
  void Poll(std::chrono::milliseconds timeout) override;
  std::optional<BusTask> NextTask() override;
  std::optional<std::string> NextAnnouncement() override;
  std::optional<std::string> NextWeightChunk() override;
  std::optional<std::string> NextWelcome() override;
  void SendResult(TaskId task, const std::string& payload) override;  // and again until it is acknowledged
  void RequestWeights(const std::string& body) override;
  bool MissWeights(const std::string& body) override;
  void SetProgress(uint64_t progress) override;
  void SetReporter(std::function<std::string()> reporter) override;
  void Beat(bool now) override;
  const ClockOffset& clock() const override;
  bool draining() const override;
  const std::string& sent_away() const override;
  void Leave(std::chrono::milliseconds deadline) override;
  std::chrono::milliseconds silent_for() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace temper

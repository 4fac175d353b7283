// From the end of an optimizer step to the first token sampled with its weights, 13M parameters, in the workers' own code: the learner
// worker publishes, the orchestrator's end of the bus hears of it and announces it, the rollout worker, which is decoding 32 completions
// all the while, takes the version between two decode steps and draws. Counted from the order to publish to the end of that decode step,
// so one decode step is in the figure. One thread each. Also counts what became of every token.
//   weight_sync_bench [versions, default 100]      (DTYPE=bf16: inference type of the rollout worker)
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/bus/zmq_server.h"
#include "workers/learner_worker.h"
#include "workers/rollout_worker.h"

namespace temper {
namespace {

constexpr uint64_t kRunId = 1;
constexpr int64_t kGroupSize = 8, kSlots = 32, kNewTokens = 64, kGroupsInFlight = 6;
constexpr TaskId kFirstOrder = TaskId{1} << 62;
constexpr auto kRegisterDeadline = std::chrono::seconds(30);
constexpr double kPause = 0.05;  // seconds between a version's first token and the next order

TransformerConfig Shape13M() {
  TransformerConfig config;
  config.vocab_size = 512;
  config.hidden_size = 320;
  config.intermediate_size = 1280;
  config.num_layers = 8;
  config.num_heads = config.num_kv_heads = 5;
  config.head_dim = 64;
  config.max_positions = 512;
  return config;
}

void RunLearner(const std::string& endpoint) {
  at::set_num_threads(1);
  ZmqClient bus({.endpoint = endpoint, .role = {Role::kLearner, 0}, .capacity = 4, .run_id = kRunId});
  bus.Register(kRegisterDeadline);
  const auto communicator = MakeSingleCommunicator();
  LearnerWorkerOptions options;
  options.weight_folder = Concat("/dev/shm/temper-bench-", getpid());
  Telemetry telemetry(-1, false);
  MetricsEndpoint off({});
  LearnerWorker worker(&bus, communicator.get(), &telemetry, &off, options);
  while (worker.RunOnce()) {
  }
  bus.Leave(std::chrono::seconds(2));
}

// When the rollout worker first drew with each version.
struct FirstTokens {
  std::vector<std::atomic<double>> at;
};

void RunRollout(const std::string& endpoint, FirstTokens* first) {
  at::set_num_threads(1);
  const c10::InferenceMode inference;
  ZmqClient bus({.endpoint = endpoint, .role = Role::kRollout, .capacity = kGroupsInFlight, .run_id = kRunId});
  Telemetry telemetry(-1, false);
  MetricsEndpoint off({});
  RolloutWorker worker(&bus, &telemetry, &off, bus.Register(kRegisterDeadline), /*local_rank=*/0);
  for (int64_t held = -1; worker.RunOnce();) {
    if (worker.version() <= held) continue;
    held = worker.version();
    first->at[static_cast<size_t>(held)] = NowSeconds();
  }
  bus.Leave(std::chrono::seconds(2));
}

class Orchestrator {
 public:
  Orchestrator(const TransformerConfig& config, bool bf16)
      : server_("tcp://127.0.0.1:*", {.run_id = kRunId, .rules = {}}), config_(config) {
    RolloutWelcome welcome;
    welcome.config_json = ToConfigJson(config);
    welcome.slots = kSlots;
    welcome.bf16 = bf16;
    server_.SetWelcome(Role::kRollout, welcome.Encode());
    server_.SetWelcome(Role::kLearner, "");
  }

  std::string endpoint() const { return server_.endpoint(); }

  void Start() {
    while (server_.table().NumPeers(Role::kRollout) + server_.table().NumPeers({Role::kLearner, 0}) < 2)
      server_.Poll(std::chrono::milliseconds(20));
    Order({InitializeOrder{.config_json = ToConfigJson(config_), .seed = 1}});
    Publish(0);
  }

  // Seconds from the order to publish to the first token drawn with the version.
  double Sync(int64_t version, const FirstTokens& first) {
    const double begin = NowSeconds();
    Publish(version);
    const auto& at = first.at[static_cast<size_t>(version)];
    while (at.load() == 0) {
      Turn(std::chrono::milliseconds(1));
      TEMPER_CHECK(NowSeconds() - begin < 60, "version ", version, " was not taken up in a minute");
    }
    const double drawn = at.load();
    for (const double end = NowSeconds() + kPause; NowSeconds() < end;) Turn(std::chrono::milliseconds(5));
    return drawn - begin;
  }

  // Lets what runs come to its end; what is then missing of the tokens asked for was lost.
  int64_t Finish() {
    stopping_ = true;
    while (groups_done_ < groups_issued_) Turn(std::chrono::milliseconds(20));
    server_.Drain(std::chrono::seconds(10));
    return static_cast<int64_t>(groups_issued_) * kGroupSize * kNewTokens - tokens_;
  }

 private:
  void Publish(int64_t version) {
    weights_ = Order({PublishOrder{.version = version}}).published;
    server_.Announce(Role::kRollout, weights_.Encode());
  }

  LearnerResult Order(const LearnerTask& task) {
    const TaskId id = next_order_++;
    server_.Submit(PeerRole(Role::kLearner, 0), id, task.Encode());
    while (true) {
      const auto result = Turn(std::chrono::milliseconds(100));
      if (result.empty()) continue;
      LearnerResult done = LearnerResult::Decode(result);
      TEMPER_CHECK(done.error.empty(), done.error);
      return done;
    }
  }

  // Keeps the rollout worker busy; the body of an order's result, if one came.
  std::string Turn(std::chrono::milliseconds timeout) {
    while (!stopping_ && weights_.bytes > 0 && groups_issued_ - groups_done_ < kGroupsInFlight) Issue();
    std::string order;
    for (BusEvent& event : server_.Poll(timeout)) {
      TEMPER_CHECK(event.kind != BusEvent::Kind::kPeerLost, ToString(event.role), " is gone: ", event.body);
      if (event.kind != BusEvent::Kind::kResult) continue;
      if (event.task >= kFirstOrder)
        order = std::move(event.body);
      else
        Count(RolloutResult::Decode(event.body).group);
    }
    return order;
  }

  void Issue() {
    RolloutTask task;
    task.request.group_id = task.request.prompt_key = ++groups_issued_;
    for (int32_t i = 0; i < 32; ++i) task.request.prompt_tokens.push_back((i * 7 + static_cast<int32_t>(groups_issued_)) % 300);
    task.request.num_samples = kGroupSize;
    task.request.sampling.max_new_tokens = kNewTokens;
    task.weights = weights_;
    task.exact = false;
    server_.Submit(Role::kRollout, groups_issued_, task.Encode());
  }

  void Count(const TrajectoryGroup& group) {
    ++groups_done_;
    for (const Trajectory& trajectory : group.trajectories) {
      TEMPER_CHECK(std::is_sorted(trajectory.versions.begin(), trajectory.versions.end()), "a completion went back to older weights");
      tokens_ += static_cast<int64_t>(trajectory.tokens.size());
    }
  }

  ZmqServer server_;
  TransformerConfig config_;
  WeightRef weights_;
  TaskId next_order_ = kFirstOrder;
  uint64_t groups_issued_ = 0, groups_done_ = 0;
  int64_t tokens_ = 0;
  bool stopping_ = false;
};

void Run(int64_t versions) {
  const char* dtype = std::getenv("DTYPE");
  const bool bf16 = dtype != nullptr && std::string_view(dtype) == "bf16";
  Orchestrator orchestrator(Shape13M(), bf16);
  FirstTokens first{std::vector<std::atomic<double>>(static_cast<size_t>(versions) + 4)};
  std::thread learner([&] { RunLearner(orchestrator.endpoint()); });
  std::thread rollout([&] { RunRollout(orchestrator.endpoint(), &first); });
  orchestrator.Start();
  for (int64_t version = 1; version <= 3; ++version) orchestrator.Sync(version, first);  // warms up
  std::vector<double> ms;
  for (int64_t version = 4; version < versions + 4; ++version) ms.push_back(1e3 * orchestrator.Sync(version, first));
  const int64_t lost = orchestrator.Finish();
  learner.join();
  rollout.join();
  std::sort(ms.begin(), ms.end());
  const auto quantile = [&](double q) { return ms[static_cast<size_t>(q * static_cast<double>(ms.size() - 1) + 0.5)]; };
  std::printf("weight sync 13M %s slots %lld versions %lld: p50 %.1f ms p99 %.1f ms max %.1f ms, tokens lost %lld\n",
              bf16 ? "bf16" : "fp32", static_cast<long long>(kSlots), static_cast<long long>(versions), quantile(0.5), quantile(0.99),
              ms.back(), static_cast<long long>(lost));
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  const int64_t versions = argc > 1 ? std::atoll(argv[1]) : 100;
  if (versions < 1) {
    std::fprintf(stderr, "usage: weight_sync_bench [versions, at least 1]\n");
    return 2;
  }
  try {
    temper::Run(versions);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weight_sync_bench: %s\n", error.what());
    std::_Exit(1);  // the worker threads still run
  }
}

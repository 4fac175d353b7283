#include "orchestrator/config/cluster_options.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace temper {
namespace {

constexpr IntRange kRanks{0, kMaxRanksOfRole};
constexpr IntRange kThreads{0, 1024};
constexpr RealRange kSeconds{0.001, 1e6};  // as milliseconds they fit an int, which sockets take

// ZeroMQ would listen on another port where the number is too large.
bool IsPort(const std::string& port) {
  if (port == "*") return true;
  const bool digits = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  return digits && std::stoi(port) >= 1 && std::stoi(port) <= 65535;
}

// "All addresses" is none that a worker could be told.
bool IsBusEndpoint(const std::string& endpoint) {
  constexpr std::string_view kTcp = "tcp://";
  if (endpoint == "auto") return true;
  if (endpoint.starts_with("ipc://")) return endpoint.size() > 6;
  const size_t colon = endpoint.rfind(':');
  if (!endpoint.starts_with(kTcp) || colon < kTcp.size()) return false;
  const std::string host = endpoint.substr(kTcp.size(), colon - kTcp.size());
  const bool word =
      std::all_of(host.begin(), host.end(), [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-' || c == '_'; });
  return word && !host.empty() && host != "0.0.0.0" && IsPort(endpoint.substr(colon + 1));
}

}  // namespace

void Describe(ClusterConfig& c, ConfigFields& f) {
  f.Int("learners", &c.learners, kRanks, "learner ranks; 0 = from the number of ranks (see --dry-run)");
  f.Int("rollout_workers", &c.rollout_workers, kRanks, "rollout worker ranks; 0 = from the number of ranks");
  f.Int("reward_workers", &c.reward_workers, kRanks, "reward worker ranks; 0 = from the number of ranks");
  f.Int("learner_threads", &c.learner_threads, kThreads,
        "micro-batches a learner computes side by side, each by one thread; 0 = its share of the host's cores, at most 8 (4 without "
        "policy.lora, for each thread holds a gradient of the model), and half of that where rollouts overlap with learning "
        "(rl.max_staleness above 0). The numbers of a run depend on it in the last bits: set it where "
        "hosts with other numbers of cores must give the same bits. Learners on GPUs do not use it");
  f.Int("rollout_threads", &c.rollout_threads, kThreads,
        "threads a rollout worker decodes with on the CPU, each for its share of the completions; the numbers do not depend on it. 0 = its "
        "share of the host's cores, as learner_threads; it takes no more than there are to a worker");
  f.Enum("device", &c.device,
         "where learners and rollout workers compute; cuda: each on the GPU of its rank on the host, modulo the visible ones; auto = cuda "
         "where the program was built with CUDA and a GPU is visible, else cpu");
  f.String("endpoint", &c.endpoint,
           "where the bus listens: tcp://ADDRESS:PORT, with an interface's name or its address and a PORT or *, or ipc://PATH; auto = on "
           "loopback where all ranks share a host, else at the address this host has towards the others. It is encrypted everywhere");
  f.Enum("weight_transport", &c.weight_transport,
         "how weights reach rollout workers; auto = shared memory on the learner's host, chunks over ZeroMQ elsewhere");
  f.String("weight_folder", &c.weight_folder, "shared-memory file system the weight versions are published in");
  f.Enum("learner_backend", &c.learner_backend,
         "collectives of the learners; auto = nccl where every learner computes on a GPU of its own, else shared (memory) where they are "
         "on one host, else mpi");
  f.Real("start_timeout_s", &c.start_timeout_s, kSeconds, "deadline for all ranks and workers to register");
  f.Real("collective_timeout_s", &c.collective_timeout_s, kSeconds, "deadline of one collective among the learners");
  f.Real("heartbeat_s", &c.heartbeat_s, kSeconds, "interval of the bus heartbeats");
  f.Real("peer_timeout_s", &c.peer_timeout_s, kSeconds, "a worker silent for this long is gone: its tasks go to another");
  f.Real("lease_s", &c.lease_s, kSeconds, "a task whose worker shows no progress for this long goes to another");
  f.Real("step_timeout_s", &c.step_timeout_s, kSeconds,
         "deadline for the workers to finish a group, and for the learners to finish an order; an RL update also has collective_timeout_s");
  f.Int("max_attempts", &c.max_attempts, {1, 1'000'000}, "a task given out this often without a result ends the job");
  f.Int("min_workers", &c.min_workers, kRanks,
        "workers of each role that the job goes on with, once others died for good (five deaths within a minute, or their spawner): with "
        "fewer it ends at once, with 75. Workers that joined count. 0 = it waits start_timeout_s for some to join");
  f.Rule([&c] { return c.heartbeat_s * 2 <= c.peer_timeout_s; },
         "cluster.heartbeat_s must be at most half of cluster.peer_timeout_s: otherwise a healthy worker could count as lost");
  f.Rule([&c] { return IsBusEndpoint(c.endpoint); },
         "cluster.endpoint must be auto, tcp://ADDRESS:PORT, with an ADDRESS or interface of this host and a PORT from 1 to 65535 or *, or "
         "ipc://PATH");
}

}  // namespace temper

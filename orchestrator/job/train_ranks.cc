#include "orchestrator/job/train_ranks.h"

#include <algorithm>
#include <optional>

#include <unistd.h>

#include "cluster/base/file.h"
#include "cluster/base/log.h"
#include "cluster/base/utc_time.h"
#include "cluster/bus/slot_report.h"
#include "orchestrator/config/derived.h"
#include "orchestrator/job/endpoints.h"
#include "orchestrator/job/job_run.h"
#include "orchestrator/job/job_start.h"
#include "record/run_paths.h"
#include "workers/learner_process.h"
#include "workers/worker_process.h"

namespace temper {
namespace {

// Rank 0 reads the run folder and opens the bus before it tells where that is.
constexpr double kOpenSeconds = 600;
// Reading the data of a large job takes its time; rank 0 ends the job itself when it fails.
constexpr auto kPrepareDeadline = std::chrono::hours(1);

// What rank 0 tells at the start, with the role's log open; nothing when it could not start.
std::optional<StartMessage> AwaitStart(const Experiment& experiment, Role role, Process* process) {
  const auto deadline = Milliseconds(experiment.base.cluster.start_timeout_s + kOpenSeconds);
  StartMessage start = StartMessage::Decode(process->BroadcastText("", deadline));
  if (!start.error.empty()) return std::nullopt;
  OpenRoleLog(start, role, *process);
  return start;
}

// Whether rank 0 has everything the job needs.
bool PreparedWell(Process* process) { return process->BroadcastText("", kPrepareDeadline).empty(); }

// A rank that leaves after a failed start is well; rank 0 has the exit code.
int LeaveWell(Process* process) {
  LeaveAfterFailedStart(process);
  return kExitDone;
}

// The ranks of a role on this rank's host.
int64_t RanksHere(Role role, const RoleLayout& layout, const Process& process) {
  const auto& nodes = process.nodes();
  int64_t count = 0;
  for (int rank = 0; rank < process.size(); ++rank) {
    count += layout.RoleOf(rank) == role && nodes[static_cast<size_t>(rank)] == nodes[static_cast<size_t>(process.rank())];
  }
  return count;
}

bool LearnersShareAHost(const RoleLayout& layout, const Process& process) {
  const auto& nodes = process.nodes();  // learners are the ranks from 1 on
  return std::all_of(nodes.begin() + 1, nodes.begin() + 1 + layout.num_learners(), [&](int node) { return node == nodes[1]; });
}

LearnerProcessOptions LearnerOf(const Experiment& experiment, const RoleLayout& layout, const StartMessage& start, const Process& process) {
  const ExperimentConfig& config = experiment.base;
  const ClusterConfig& cluster = config.cluster;
  LearnerProcessOptions options;
  options.index = layout.IndexOf(process.rank());
  options.contact = start.contact;
  options.heartbeat = Milliseconds(cluster.heartbeat_s);
  options.register_deadline = Milliseconds(cluster.start_timeout_s);
  options.endpoint = EndpointOf(config, ToString(Role::kLearner), process.rank(), process.host());
  options.telemetry = config.monitor.cluster_log_s > 0;
  options.device = cluster.device;
  options.learners_here = RanksHere(Role::kLearner, layout, process);
  options.one_host = LearnersShareAHost(layout, process);
  options.backend = cluster.learner_backend;
  options.collective_deadline = Milliseconds(cluster.collective_timeout_s);
  options.learner = LearnerOptionsOf(config, options.learners_here);
  options.asked_threads = config.cluster.learner_threads;
  options.weight_folder = WeightFolderOf(cluster);
  options.keep_versions = VersionsToKeep(experiment);
  return options;
}

WorkerOptions WorkerOf(const ExperimentConfig& config, const RoleLayout& layout, Role role, const StartMessage& start,
                       const Process& process) {
  const EndpointOptions endpoint = EndpointOf(config, ToString(role), process.rank(), process.host());
  WorkerOptions options;
  options.connect = start.contact.endpoint;
  options.role = ToString(role);
  options.run_id = start.contact.run_id;
  options.capacity = WorkerCapacity(role, config.rollout);
  options.local_rank = process.local_rank();
  if (role == Role::kRollout) options.workers_here = static_cast<int>(RanksHere(role, layout, process));
  options.rank = process.rank();
  options.heartbeat_s = config.cluster.heartbeat_s;
  options.telemetry = config.monitor.cluster_log_s > 0;
  options.log = AttemptLogs(start.logs).Worker(ToString(role), process.rank());
  options.run_name = config.run.name;
  options.metrics_address = endpoint.address;
  options.metrics_port = endpoint.port;
  return options;
}

// The words are for people (ps, pgrep) and say what tells workers apart first: a process's title is cut.
void LaunchWorker(const WorkerOptions& options, const BusKeys& keys, const HangRules& rules, Spawner* spawner) {
  const std::vector<std::string> words = {"temper", "worker", "--role", options.role, "--log", options.log, "--connect", options.connect};
  spawner->Launch(words, {{kWorkerOptionsVariable, options.Encode()}, {kBusKeysVariable, keys.Encode()}}, rules);
}

// A worker that does not let its bus work for so long has lost its tasks by then.
HangRules HangRulesOf(const ClusterConfig& cluster) {
  return {.silent_ms = Milliseconds(cluster.lease_s).count(), .stopped_ms = Milliseconds(cluster.peer_timeout_s).count()};
}

// What the spawner reports, into this rank's log and into the worker's own: that one may have died before its first line.
void PassReportsOn(Spawner* spawner, const std::string& worker_log) {
  for (const std::string& line : spawner->Reports()) {
    TEMPER_LOG(Warn, line);
    const std::string failed = AppendToFile(worker_log, Concat(UtcNow(), " warning [spawner] ", line, "\n"));
    if (!failed.empty()) TEMPER_LOG(Warn, worker_log, " cannot be written: ", failed);
  }
}

// Until the job ends. A slot that is down is told to the orchestrator, and the job goes on without it.
void HostWorker(const WorkerOptions& worker, const StartMessage& start, Process* process, Spawner* spawner) {
  std::optional<SlotReport> report;
  while (!process->AllDone()) {
    usleep(20'000);
    PassReportsOn(spawner, worker.log);
    const std::string& down = spawner->slot_down();
    if (!down.empty() && !report) report.emplace(start.contact, SlotDownBody{worker.role, process->rank(), process->host(), down});
    if (report) report->Deliver();
  }
}

}  // namespace

int RunLearner(const Experiment& experiment, const RoleLayout& layout, Process* process) {
  const auto start = AwaitStart(experiment, Role::kLearner, process);
  if (!start || !PreparedWell(process)) return LeaveWell(process);
  RunLearnerProcess(LearnerOf(experiment, layout, *start, *process), process);
  return kExitDone;
}

int RunWorkerRank(const Experiment& experiment, const RoleLayout& layout, Role role, Process* process, Spawner* spawner) {
  const auto start = AwaitStart(experiment, role, process);
  if (!start) return LeaveWell(process);
  const WorkerOptions worker = WorkerOf(experiment.base, layout, role, *start, *process);
  LaunchWorker(worker, start->contact.keys, HangRulesOf(experiment.base.cluster), spawner);
  if (!PreparedWell(process)) {
    spawner->Stop();
    return LeaveWell(process);
  }
  process->Split(-1, Milliseconds(experiment.base.cluster.collective_timeout_s));
  HostWorker(worker, *start, process, spawner);
  spawner->Stop();
  return kExitDone;
}

}  // namespace temper

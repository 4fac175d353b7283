#include "orchestrator/job/train_ranks.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>

#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/log.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/bus/zmq_server.h"
#include "cluster/collectives/communicator_nccl.h"
#include "cluster/collectives/versions.h"
#include "cluster/host/host_name.h"
#include "cluster/host/stop_signals.h"
#include "orchestrator/job/endpoints.h"
#include "orchestrator/job/job.h"
#include "orchestrator/job/job_start.h"
#include "policy/kernels/compute_device.h"
#include "policy/kernels/torch_version.h"
#include "record/provenance.h"
#include "record/rendezvous.h"
#include "workers/learner_worker.h"

namespace temper {
namespace {

using std::chrono::milliseconds;

constexpr auto kDrainDeadline = std::chrono::seconds(10);
constexpr auto kLeaveDeadline = std::chrono::seconds(5);

milliseconds Seconds(double seconds) { return milliseconds(static_cast<int64_t>(seconds * 1000)); }

void OpenRoleLog(const StartMessage& start, Role role, const Process& process) {
  CheckSharedFolder(start.logs, process.host());
  OpenLog({.file = Concat(start.logs, "/", ToString(role), "/rank_", process.rank(), ".log")});
}

// Polls, without spinning, until every rank is at the end of the job.
void AwaitAll(Process* process) {
  while (!process->AllDone()) usleep(20'000);
}

// Every rank must have learned of a failed start before the job is taken down, or the launcher's noise would bury the message.
int LeaveAfterFailedStart(Process* process, int exit_code) {
  AwaitAll(process);
  return process->rank() == 0 ? exit_code : kExitDone;
}

// Runs one part of rank 0's start. What goes wrong is printed and put into `error` for the other ranks; returns the exit code it calls for.
int Attempt(std::string* error, const std::function<void()>& part) {
  const auto fail = [&](int code, const char* prefix, const std::exception& failure) {
    *error = failure.what();
    std::fprintf(stderr, "temper: %s%s\n", prefix, failure.what());
    return code;
  };
  try {
    part();
  } catch (const ConfigError& failure) {
    return fail(kExitConfig, "", failure);
  } catch (const std::exception& failure) {
    return fail(kExitRetry, "error: ", failure);
  }
  return kExitDone;
}

// Reading the data of a large job takes its time; rank 0 ends the job itself when it fails.
constexpr auto kPrepareDeadline = std::chrono::hours(1);

// On the other ranks: whether rank 0 has everything the job needs.
bool PreparedWell(Process* process) { return process->BroadcastText("", kPrepareDeadline).empty(); }

MonitorOptions MonitorOf(const Experiment& experiment, const JobIdentity& identity, const std::string& endpoint) {
  MonitorOptions options;
  options.run_folder = identity.run_folder;
  options.cluster_log_s = experiment.base.monitor.cluster_log_s;
  options.limit_mib = experiment.base.monitor.cluster_log_mib;
  JobStatus& status = options.identity;
  status.run = experiment.base.run.name;
  status.host = LocalHostName();
  status.endpoint = endpoint;
  status.run_id = identity.run_id;
  status.attempt = static_cast<int64_t>(identity.epoch);
  status.versions = {{"temper", TemperVersion()}, {"torch", TorchVersion()}, {"nccl", NcclVersionText()}};
  return options;
}

// From the first worker's registration to the end of the last arm. Returns the exit code; an error is told to the run's status and thrown
// on.
int RunJob(const RoleLayout& layout, Job* job, JobBus* bus, ClusterMonitor* monitor) {
  try {
    bus->AwaitWorkers(layout.num_rollout_workers(), layout.num_reward_workers());
    job->Run(bus);
    monitor->Finish("done", "");
    return kExitDone;
  } catch (const ExitRequest& request) {
    std::fprintf(stderr, "temper: %s\n", request.what());
    LogFileLine(LogLevel::kWarn, Concat(request.what(), ", exiting rc=", request.exit_code()));
    monitor->Finish(request.exit_code() == kExitPreempted ? "preempted" : "unhealthy", request.what());
    return request.exit_code();
  } catch (const std::exception& error) {
    monitor->Finish("failed", error.what());
    throw;
  }
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

// What the config asks for. Left open: NCCL where every learner computes on a GPU of its own, shared memory where they are on one host,
// else MPI. `gpu` is this learner's, -1 when it has none of its own.
std::unique_ptr<Communicator> ChooseBackend(const ClusterConfig& cluster, std::unique_ptr<Communicator> mpi, bool one_host, int gpu) {
  const auto shared = [&] { return MakeSharedMemoryCommunicator(std::move(mpi), Seconds(cluster.collective_timeout_s)); };
  if (cluster.learner_backend == "mpi") return mpi;
  if (cluster.learner_backend == "shared") {
    TEMPER_CHECK(one_host, "cluster.learner_backend is shared, but the learners are on several hosts: use auto, mpi or nccl");
    return shared();
  }
  double without_gpu = NcclBuilt() && gpu >= 0 ? 0 : 1;
  mpi->AllReduceSum(&without_gpu, 1, "count of learners without a GPU");
  if (without_gpu == 0) {
    TEMPER_LOG(Info, "learner collectives: NCCL ", NcclVersion());
    return MakeNcclCommunicator(mpi.get(), gpu, Seconds(cluster.collective_timeout_s));
  }
  TEMPER_CHECK(cluster.learner_backend == "auto", "cluster.learner_backend is nccl, but ", without_gpu, " of ", mpi->size(),
               " learners compute on no GPU of their own (cluster.device; or the program was built without CUDA or NCCL: temper doctor)");
  return one_host && mpi->size() > 1 ? shared() : std::move(mpi);
}

}  // namespace

JobEnd RunOrchestrator(const Experiment& experiment, const RoleLayout& layout, const std::string& resume, Process* process) {
  StopAtStopSignal();
  const milliseconds deadline = Seconds(experiment.base.cluster.start_timeout_s);
  StartMessage start;
  JobIdentity identity;
  ClusterMonitor monitor;
  std::unique_ptr<ZmqServer> server;
  std::unique_ptr<Job> job;
  std::unique_ptr<TargetsFile> targets;
  std::unique_ptr<RendezvousFile> rendezvous;
  // The workers are told where to register first: they start while the data is read.
  int failed_code = Attempt(&start.error, [&] {
    ClusterConfig cluster = experiment.base.cluster;
    cluster.endpoint = BusEndpointFor(cluster, *process);
    const BusKeys keys = IsLoopback(cluster.endpoint) ? BusKeys{} : MakeBusKeys();
    identity = OpenRunFolder(experiment, resume);
    start.logs = identity.attempt_logs;
    OpenRoleLog(start, Role::kOrchestrator, *process);
    server = std::make_unique<ZmqServer>(cluster.endpoint, BusOptionsOf(cluster, keys, identity.run_id, identity.epoch));
    start.contact = {server->endpoint(), identity.run_id, keys.ForClients()};
    rendezvous = std::make_unique<RendezvousFile>(identity.run_folder, start.contact);
    monitor.Open(MonitorOf(experiment, identity, start.contact.endpoint));
    targets = std::make_unique<TargetsFile>(experiment.base, layout, process->hosts());
    job = std::make_unique<Job>(experiment, layout, identity, &monitor);
  });
  process->BroadcastText(start.Encode(), deadline);
  if (!start.error.empty()) return {LeaveAfterFailedStart(process, failed_code)};
  std::string verdict;
  failed_code = Attempt(&verdict, [&] {
    job->Prepare();
    job->Welcome(server.get());
    std::printf("temper: %s, epoch %llu%s, %d ranks, run folder %s\n", experiment.base.run.name.c_str(),
                static_cast<unsigned long long>(identity.epoch), SlurmAttempt().c_str(), process->size(), job->run_folder().c_str());
    std::printf("%s", layout.Table(process->hosts()).c_str());
    std::fflush(stdout);
  });
  if (!verdict.empty()) monitor.Finish("failed", verdict);
  process->BroadcastText(verdict, deadline);
  if (!verdict.empty()) return {LeaveAfterFailedStart(process, failed_code)};
  process->Split(-1, deadline);
  JobBus bus(experiment.base.cluster, server.get(), &monitor, layout.num_learners());
  const int exit_code = RunJob(layout, job.get(), &bus, &monitor);
  RecordEnd(job->run_folder(), exit_code);
  std::fflush(stdout);
  bus.Drain(kDrainDeadline);
  // After a stop at the very start a learner may register only now, and must be told as well.
  while (!process->AllDone()) bus.Drain(milliseconds(20));
  return {exit_code, job->run_folder(), static_cast<int64_t>(identity.epoch)};
}

int RunLearner(const Experiment& experiment, const RoleLayout& layout, Process* process) {
  IgnoreStopSignals();  // the orchestrator decides when the job ends
  const ClusterConfig& cluster = experiment.base.cluster;
  const StartMessage start = StartMessage::Decode(process->BroadcastText("", Seconds(cluster.start_timeout_s + 600)));
  if (!start.error.empty()) return LeaveAfterFailedStart(process, kExitDone);
  OpenRoleLog(start, Role::kLearner, *process);
  if (!PreparedWell(process)) return LeaveAfterFailedStart(process, kExitDone);
  SetComputeThreads(1);
  LearnerWorkerOptions options;
  options.device = ComputeDevice(cluster.device, process->local_rank());
  TEMPER_LOG(Info, "computing on ", options.device.str());
  const bool own_gpu = options.device.is_cuda() && RanksHere(Role::kLearner, layout, *process) <= NumComputeGpus();
  const auto communicator = ChooseBackend(cluster, process->Split(0, Seconds(cluster.collective_timeout_s)),
                                          LearnersShareAHost(layout, *process), own_gpu ? options.device.index() : -1);
  options.learner = {.micro_batch_tokens = experiment.base.learner.micro_batch_tokens,
                     .threads = options.device.is_cpu() ? cluster.learner_threads : 1,
                     .dtype = experiment.base.policy.dtype,
                     .recompute_activations = experiment.base.learner.recompute_activations,
                     .lora = experiment.base.policy.lora};
  options.weight_folder = Concat(cluster.weight_folder, "/temper-", start.contact.run_id, "-", getpid());
  // On-policy nobody asks for an older version than the newest.
  int64_t staleness = 0;
  for (const Arm& arm : experiment.arms) staleness = std::max(staleness, arm.config.rl.max_staleness);
  options.keep_versions = staleness == 0 ? 1 : staleness + 2;
  MetricsEndpoint metrics(EndpointOf(experiment.base, ToString(Role::kLearner), process->rank(), process->host()));
  ZmqClient bus({.endpoint = start.contact.endpoint,
                 .role = {Role::kLearner, layout.IndexOf(process->rank())},
                 .capacity = 4,
                 .run_id = start.contact.run_id,
                 .heartbeat = Seconds(cluster.heartbeat_s),
                 .silence = std::chrono::hours(24),
                 .keys = start.contact.keys});
  Telemetry telemetry(process->rank(), experiment.base.monitor.cluster_log_s > 0);
  if (telemetry.on()) bus.SetReporter([&] { return telemetry.Report(bus.clock()).Encode(); });
  bus.Register(Seconds(cluster.start_timeout_s));
  {
    LearnerWorker worker(&bus, communicator.get(), &telemetry, &metrics, options);
    while (worker.RunOnce()) {
    }
    bus.Leave(kLeaveDeadline);
  }
  AwaitAll(process);
  return kExitDone;
}

int RunWorkerRank(const Experiment& experiment, const RoleLayout& layout, Role role, Process* process, Spawner* spawner) {
  IgnoreStopSignals();  // the orchestrator decides when the job ends
  const ClusterConfig& cluster = experiment.base.cluster;
  const StartMessage start = StartMessage::Decode(process->BroadcastText("", Seconds(cluster.start_timeout_s + 600)));
  if (!start.error.empty()) return LeaveAfterFailedStart(process, kExitDone);
  OpenRoleLog(start, role, *process);
  const EndpointOptions endpoint = EndpointOf(experiment.base, ToString(role), process->rank(), process->host());
  // What tells workers apart comes first: a process's title is cut.
  std::vector<std::string> command = {"temper", "worker"};
  const auto add = [&](const char* option, const std::string& value) { command.insert(command.end(), {option, value}); };
  add("--role", ToString(role));
  add("--log", Concat(start.logs, "/", ToString(role), "/rank_", process->rank(), "_worker.log"));
  add("--rank", Concat(process->rank()));
  add("--connect", start.contact.endpoint);
  add("--run-id", Concat(start.contact.run_id));
  add("--capacity", Concat(WorkerCapacity(role, experiment.base.rollout)));
  add("--local-rank", Concat(process->local_rank()));
  if (role == Role::kRollout) add("--workers-here", Concat(RanksHere(role, layout, *process)));
  add("--heartbeat-s", Concat(experiment.base.cluster.heartbeat_s));
  add("--run-name", experiment.base.run.name);
  add("--metrics-address", endpoint.address);
  add("--metrics-port", Concat(endpoint.port));
  if (experiment.base.monitor.cluster_log_s == 0) command.push_back("--no-telemetry");
  spawner->Launch(command, {{kBusKeysVariable, start.contact.keys.Encode()}});
  if (!PreparedWell(process)) {
    spawner->Stop();
    return LeaveAfterFailedStart(process, kExitDone);
  }
  process->Split(-1, Seconds(cluster.collective_timeout_s));
  while (!process->AllDone()) {
    usleep(20'000);
    for (const std::string& line : spawner->Reports()) TEMPER_LOG(Warn, line);
  }
  spawner->Stop();
  return kExitDone;
}

}  // namespace temper

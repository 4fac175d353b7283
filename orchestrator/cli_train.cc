#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>

#include <signal.h>
#include <unistd.h>

#include "cluster/bytes.h"
#include "cluster/clock.h"
#include "cluster/communicator_nccl.h"
#include "cluster/log.h"
#include "cluster/process.h"
#include "cluster/spawner.h"
#include "cluster/versions.h"
#include "orchestrator/cli.h"
#include "orchestrator/job.h"
#include "orchestrator/provenance.h"
#include "policy/torch_version.h"
#include "workers/learner_worker.h"

namespace temper {
namespace {

using std::chrono::milliseconds;

constexpr auto kDrainDeadline = std::chrono::seconds(10);
constexpr auto kLeaveDeadline = std::chrono::seconds(5);

milliseconds Seconds(double seconds) { return milliseconds(static_cast<int64_t>(seconds * 1000)); }

// What rank 0 tells every rank at the start.
struct StartMessage {
  std::string error;  // not empty: rank 0 could not start, everybody leaves
  std::string endpoint;
  uint64_t run_id = 0;
  std::string logs;

  std::string Encode() const {
    ByteWriter out;
    out.PutString(error);
    out.PutString(endpoint);
    out.Put(run_id);
    out.PutString(logs);
    return out.Take();
  }
  static StartMessage Decode(const std::string& bytes) {
    ByteReader in(bytes);
    StartMessage m;
    m.error = in.GetString();
    m.endpoint = in.GetString();
    m.run_id = in.Get<uint64_t>();
    m.logs = in.GetString();
    return m;
  }
};

void IgnoreStopSignals() {
  for (const int sig : {SIGTERM, SIGINT, SIGUSR1}) signal(sig, SIG_IGN);  // the orchestrator decides when the job ends
}

void OpenRoleLog(const StartMessage& start, Role role, int rank) {
  OpenLog({.file = Concat(start.logs, "/", ToString(role), "/rank_", rank, ".log")});
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

int RunOrchestrator(const Experiment& experiment, const RoleLayout& layout, const TrainArguments& arguments, Process* process) {
  InstallSignalHandlers();
  const milliseconds deadline = Seconds(experiment.base.cluster.start_timeout_s);
  StartMessage start;
  std::unique_ptr<Job> job;
  std::unique_ptr<JobBus> bus;
  // The workers are told where to register first: they load their libraries while the data is read.
  int failed_code = Attempt(&start.error, [&] {
    for (const std::string& host : process->hosts()) {
      if (host == process->host()) continue;
      throw ConfigError(Concat("ranks on ", process->host(), " and ", host,
                               ": the bus listens on loopback only in this version; start all ranks on one host"));
    }
    const JobIdentity identity = OpenRunFolder(experiment, arguments.resume);
    start.logs = identity.attempt_logs;
    start.run_id = identity.run_id;
    OpenRoleLog(start, Role::kOrchestrator, 0);
    bus = std::make_unique<JobBus>(experiment.base.cluster, identity.run_id, identity.epoch, layout.num_learners());
    start.endpoint = bus->server().endpoint();
    job = std::make_unique<Job>(experiment, layout, identity);
  });
  process->BroadcastText(start.Encode(), deadline);
  if (!start.error.empty()) return LeaveAfterFailedStart(process, failed_code);
  std::string verdict;
  failed_code = Attempt(&verdict, [&] {
    job->Prepare();
    job->Welcome(&bus->server());
    std::printf("temper: %s, epoch %llu, %d ranks, run folder %s\n", experiment.base.run.name.c_str(),
                static_cast<unsigned long long>(bus->server().epoch()), process->size(), job->run_folder().c_str());
    std::printf("%s", layout.Table(process->hosts()).c_str());
    std::fflush(stdout);
  });
  process->BroadcastText(verdict, deadline);
  if (!verdict.empty()) return LeaveAfterFailedStart(process, failed_code);
  process->Split(-1, deadline);
  int exit_code = kExitDone;
  try {
    bus->AwaitWorkers(layout.num_rollout_workers(), layout.num_reward_workers());
    std::printf("%s", job->Run(bus.get()).c_str());
  } catch (const ExitRequest& request) {
    std::fprintf(stderr, "temper: %s\n", request.what());
    LogFileLine(LogLevel::kWarn, Concat(request.what(), ", exiting rc=", request.exit_code()));
    exit_code = request.exit_code();
  }
  RecordEnd(job->run_folder(), exit_code);
  std::fflush(stdout);
  bus->server().Drain(kDrainDeadline);
  // After a stop at the very start a learner may register only now, and must be told as well.
  while (!process->AllDone()) bus->server().Drain(milliseconds(20));
  return exit_code;
}

bool LearnersShareAHost(const RoleLayout& layout, const Process& process) {
  const auto& hosts = process.hosts();  // learners are the ranks from 1 on
  return std::all_of(hosts.begin() + 1, hosts.begin() + 1 + layout.num_learners(),
                     [&](const std::string& host) { return host == hosts[1]; });
}

// What the config asks for. Left open: NCCL where every learner has a GPU of its own, shared memory where they are on one host, else MPI.
std::unique_ptr<Communicator> ChooseBackend(const ClusterConfig& cluster, std::unique_ptr<Communicator> mpi, bool one_host) {
  const auto shared = [&] { return MakeSharedMemoryCommunicator(std::move(mpi), Seconds(cluster.collective_timeout_s)); };
  if (cluster.learner_backend == "mpi") return mpi;
  if (cluster.learner_backend == "shared") {
    TEMPER_CHECK(one_host, "cluster.learner_backend is shared, but the learners are on several hosts: use auto, mpi or nccl");
    return shared();
  }
  double without_gpu = NcclBuilt() && mpi->rank() < NumCudaDevices() ? 0 : 1;
  mpi->AllReduceSum(&without_gpu, 1, "count of learners without a GPU");
  if (without_gpu == 0) {
    TEMPER_LOG(Info, "learner collectives: NCCL ", NcclVersion());
    return MakeNcclCommunicator(mpi.get(), mpi->rank(), Seconds(cluster.collective_timeout_s));
  }
  TEMPER_CHECK(cluster.learner_backend == "auto", "cluster.learner_backend is nccl, but ", without_gpu, " of ", mpi->size(),
               " learners have no GPU of their own (or the program was built without NCCL: temper doctor)");
  return one_host && mpi->size() > 1 ? shared() : std::move(mpi);
}

int RunLearner(const Experiment& experiment, const RoleLayout& layout, Process* process) {
  IgnoreStopSignals();
  const ClusterConfig& cluster = experiment.base.cluster;
  const StartMessage start = StartMessage::Decode(process->BroadcastText("", Seconds(cluster.start_timeout_s + 600)));
  if (!start.error.empty()) return LeaveAfterFailedStart(process, kExitDone);
  OpenRoleLog(start, Role::kLearner, process->rank());
  if (!PreparedWell(process)) return LeaveAfterFailedStart(process, kExitDone);
  SetComputeThreads(1);
  const auto communicator =
      ChooseBackend(cluster, process->Split(0, Seconds(cluster.collective_timeout_s)), LearnersShareAHost(layout, *process));
  LearnerWorkerOptions options;
  options.learner = {.micro_batch_tokens = experiment.base.learner.micro_batch_tokens,
                     .threads = cluster.learner_threads,
                     .dtype = experiment.base.policy.dtype,
                     .recompute_activations = experiment.base.learner.recompute_activations,
                     .lora = experiment.base.policy.lora};
  options.weight_folder = Concat(cluster.weight_folder, "/temper-", start.run_id, "-", getpid());
  // On-policy nobody asks for an older version than the newest.
  const int64_t staleness = experiment.base.rl.max_staleness;
  options.keep_versions = staleness == 0 ? 1 : staleness + 2;
  BusClient bus({.endpoint = start.endpoint,
                 .role = Concat("learner/", layout.IndexOf(process->rank())),
                 .capacity = 4,
                 .run_id = start.run_id,
                 .heartbeat = Seconds(cluster.heartbeat_s),
                 .silence = std::chrono::hours(24)});
  bus.Register(Seconds(cluster.start_timeout_s));
  {
    LearnerWorker worker(&bus, communicator.get(), options);
    while (worker.RunOnce()) {
    }
    bus.Leave(kLeaveDeadline);
  }
  AwaitAll(process);
  return kExitDone;
}

int RunWorkerRank(const Experiment& experiment, Role role, Process* process, Spawner* spawner) {
  IgnoreStopSignals();
  const ClusterConfig& cluster = experiment.base.cluster;
  const StartMessage start = StartMessage::Decode(process->BroadcastText("", Seconds(cluster.start_timeout_s + 600)));
  if (!start.error.empty()) return LeaveAfterFailedStart(process, kExitDone);
  OpenRoleLog(start, role, process->rank());
  // Two groups more than the slots hold, so that a free slot never waits for the orchestrator.
  const RolloutConfig& rollout = experiment.base.rollout;
  const int64_t capacity = role == Role::kRollout ? std::max<int64_t>(2, rollout.slots / rollout.group_size + 2) : 8;
  spawner->Launch({ProgramPath(), "worker", "--connect", start.endpoint, "--role", ToString(role), "--run-id", Concat(start.run_id),
                   "--capacity", Concat(capacity), "--log",
                   Concat(start.logs, "/", ToString(role), "/rank_", process->rank(), "_worker.log")});
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

int DryRun(const Experiment& experiment, const TrainArguments& arguments, int launched_ranks) {
  int ranks = arguments.ranks > 0 ? arguments.ranks : launched_ranks;
  if (ranks <= 0) ranks = std::max(4, RoleLayout::RanksFor(experiment.base.cluster));
  const RoleLayout layout(experiment.base.cluster, ranks);
  for (const Arm& arm : experiment.arms) {
    if (experiment.arms.size() > 1) std::cout << "# arm " << arm.name << "\n";
    std::cout << arm.resolved.ToYaml() << "\n";
  }
  LoadPolicySpec(experiment.base.reward.policy_spec);
  std::cout << "# layout of " << ranks << " ranks\n";
  for (int rank = 0; rank < ranks; ++rank) {
    std::cout << "#   rank " << rank << ": " << ToString(layout.RoleOf(rank)) << " " << layout.IndexOf(rank) << "\n";
  }
  return kExitDone;
}

}  // namespace

std::string ProgramPath() { return std::filesystem::read_symlink("/proc/self/exe"); }

int TrainCommand(const TrainArguments& arguments, int* argc, char*** argv) {
  const Experiment experiment = LoadExperiment(arguments.config, arguments.overrides);
  const LaunchedRank launched = RankFromEnvironment();
  if (arguments.dry_run) return launched.rank > 0 ? kExitDone : DryRun(experiment, arguments, launched.size);
  if (launched.rank < 0) {
    throw ConfigError(Concat("temper train is one rank of a job: start it with  mpirun -np 4 temper train ", arguments.config,
                             "  or let  temper launch ", arguments.config, "  do that"));
  }
  const RoleLayout layout(experiment.base.cluster, launched.size);
  const Role role = layout.RoleOf(launched.rank);
  // Before MPI_Init: what is forked after it would be tied to the job's fate.
  std::unique_ptr<Spawner> spawner;
  if (role == Role::kRollout || role == Role::kReward) spawner = std::make_unique<Spawner>();
  Process process(argc, argv);
  SetErrorContext(Concat(ToString(role), " ", process.rank(), "/", process.size(), " ", process.host()));
  if (process.rank() != launched.rank || process.size() != launched.size) {
    throw ConfigError(Concat("MPI says rank ", process.rank(), " of ", process.size(), ", the launcher's environment said ", launched.rank,
                             " of ", launched.size, ": the launcher and the MPI library do not fit together (srun needs --mpi=pmix)"));
  }
  try {
    switch (role) {
      case Role::kOrchestrator:
        return RunOrchestrator(experiment, layout, arguments, &process);
      case Role::kLearner:
        return RunLearner(experiment, layout, &process);
      default:
        return RunWorkerRank(experiment, role, &process, spawner.get());
    }
  } catch (const ConfigError& error) {
    std::fprintf(stderr, "temper: %s\n", error.what());
    process.Abort(kExitConfig);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "temper: error: %s\n", error.what());
    LogFileLine(LogLevel::kError, Concat(error.what(), ", exiting rc=", kExitRetry));
    spawner.reset();
    process.Abort(kExitRetry);
  }
}

}  // namespace temper

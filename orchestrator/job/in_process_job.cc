#include "orchestrator/job/in_process_job.h"

#include <memory>
#include <vector>

#include <c10/core/InferenceMode.h>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/bus/in_process.h"
#include "cluster/collectives/communicator.h"
#include "cluster/host/cores.h"
#include "cluster/host/host_name.h"
#include "cluster/host/stop_signals.h"
#include "orchestrator/config/derived.h"
#include "orchestrator/job/endpoints.h"
#include "policy/kernels/compute_device.h"
#include "policy/kernels/torch_version.h"
#include "record/run_paths.h"
#include "workers/learner_process.h"
#include "workers/learner_worker.h"
#include "workers/reward_worker.h"
#include "workers/rollout_worker.h"

namespace temper {
namespace {

constexpr auto kDrainDeadline = std::chrono::seconds(10);

ClusterConfig OfOneLearner(ClusterConfig cluster) {
  if (cluster.learners > 1) {
    throw ConfigError(
        Concat("cluster.learners: ", cluster.learners,
               ", but --in-process has one thread for all roles, and learners wait for each other; use mpirun or set it to 1"));
  }
  return cluster;
}

// While one computes nobody else is heard of, which must not look like a death.
InProcessBus::Options BusOf(const ClusterConfig& cluster) {
  const BusOptions options = BusOptionsOf(cluster, {}, 0, 1);
  return {.rules = {.lease = 0, .peer_timeout = 0, .max_attempts = options.rules.max_attempts}, .heartbeat = options.heartbeat};
}

LearnerWorkerOptions LearnerOf(const Experiment& experiment) {
  LearnerWorkerOptions options;
  options.device = ComputeDevice(experiment.base.cluster.device, 0);
  options.learner = OnDevice(LearnerOptionsOf(experiment.base, 1), options.device);
  options.weight_folder = WeightFolderOf(experiment.base.cluster);
  options.keep_versions = VersionsToKeep(experiment);
  return options;
}

// A worker with all that its process would have.
class Place {
 public:
  Place(InProcessBus* bus, const Experiment& experiment, const PeerRole& role, int rank)
      : client_(bus->Connect(role, role.role == Role::kLearner ? kLearnerCapacity : WorkerCapacity(role.role, experiment.base.rollout))),
        telemetry_(rank, experiment.base.monitor.cluster_log_s > 0),
        metrics_(EndpointOf(experiment.base, ToString(role.role), rank, LocalHostName())) {
    if (telemetry_.on()) client_->SetReporter([this] { return telemetry_.Report(client_->clock()).Encode(); });
    const std::string welcome = client_->Register(std::chrono::milliseconds(0));
    if (role.role == Role::kLearner) {
      MakeLearner(LearnerOf(experiment));
    } else if (role.role == Role::kRollout) {
      MakeRollout(welcome);
    } else {
      reward_ = std::make_unique<RewardWorker>(client_.get(), &telemetry_, &metrics_, welcome);
    }
  }

  // False when the worker has left.
  bool Turn() {
    if (RunOnce()) return true;
    client_->Leave(std::chrono::milliseconds(0));
    return false;
  }

 private:
  void MakeLearner(const LearnerWorkerOptions& options) {
    communicator_ = MakeSingleCommunicator();
    learner_ = std::make_unique<LearnerWorker>(client_.get(), communicator_.get(), &telemetry_, &metrics_, options);
  }

  void MakeRollout(const std::string& welcome) {
    const c10::InferenceMode inference;
    // As many workers as cores: its share of the threads is one, like everybody's.
    rollout_ = std::make_unique<RolloutWorker>(client_.get(), &telemetry_, &metrics_, welcome, /*local_rank=*/0, UsableCores());
  }

  bool RunOnce() {
    if (learner_) return learner_->RunOnce();
    if (reward_) return reward_->RunOnce();
    const c10::InferenceMode inference;
    return rollout_->RunOnce();
  }

  std::unique_ptr<BusClient> client_;
  Telemetry telemetry_;
  MetricsEndpoint metrics_;
  std::unique_ptr<Communicator> communicator_;
  std::unique_ptr<LearnerWorker> learner_;  // one of the three
  std::unique_ptr<RolloutWorker> rollout_;
  std::unique_ptr<RewardWorker> reward_;
};

// Everybody but the orchestrator, in the order of ranks, which is the order of turns.
std::vector<std::unique_ptr<Place>> MakePlaces(InProcessBus* bus, const Experiment& experiment, const RoleLayout& layout) {
  std::vector<std::unique_ptr<Place>> places;
  for (int rank = 1; rank < layout.num_ranks(); ++rank) {
    places.push_back(std::make_unique<Place>(bus, experiment, layout.RoleOf(rank), rank));
    bus->AddWorker([place = places.back().get()] { return place->Turn(); });
  }
  return places;
}

// What goes wrong is told to the run's status and thrown on.
void Prepare(Job* job, InProcessBus* bus, ClusterMonitor* monitor) {
  try {
    job->Prepare();
    job->Welcome(bus);
  } catch (const std::exception& error) {
    monitor->Finish("failed", error.what());
    throw;
  }
}

}  // namespace

JobEnd RunInProcess(const Experiment& experiment, const std::string& resume) {
  StopAtStopSignal();
  SetComputeThreads(1);
  const ClusterConfig cluster = OfOneLearner(experiment.base.cluster);
  const RoleLayout layout(cluster, RoleLayout::RanksFor(cluster));
  const JobIdentity identity = OpenRunFolder(experiment, resume);
  OpenLog({.file = AttemptLogs(identity.attempt_logs).Rank(ToString(Role::kOrchestrator), 0)});
  ClusterMonitor monitor;
  monitor.Open(MonitorOf(experiment, identity, "in-process"));
  InProcessBus bus(BusOf(cluster));
  JobBus job_bus(cluster, &bus, &monitor, layout.num_learners());
  Job job(experiment, layout, identity, &monitor);
  const std::vector<std::string> hosts(static_cast<size_t>(layout.num_ranks()), LocalHostName());
  const TargetsFile targets(experiment.base, layout, hosts);
  Prepare(&job, &bus, &monitor);
  PrintStart(experiment, layout, identity, hosts, &job);
  const auto places = MakePlaces(&bus, experiment, layout);
  const int exit_code = RunJob(layout, &job, &job_bus, &monitor);
  job_bus.Drain(kDrainDeadline);
  return {exit_code, job.run_folder(), static_cast<int64_t>(identity.epoch)};
}

}  // namespace temper

#include "orchestrator/job/orchestrator_process.h"

#include <cstdio>
#include <functional>
#include <memory>

#include "cluster/base/log.h"
#include "cluster/collectives/versions.h"
#include "cluster/host/host_name.h"
#include "cluster/host/stop_signals.h"
#include "orchestrator/job/endpoints.h"
#include "orchestrator/job/job.h"
#include "orchestrator/job/job_start.h"
#include "policy/kernels/torch_version.h"
#include "record/provenance.h"
#include "record/rendezvous.h"

namespace temper {
namespace {

using std::chrono::milliseconds;

constexpr auto kDrainDeadline = std::chrono::seconds(10);
constexpr auto kDrainSlice = milliseconds(20);

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

// What went wrong in a part of the start, and the exit code it calls for.
struct StartFailure {
  int exit_code = kExitDone;
  std::string message;  // "" = nothing did
};

// Runs the part. What goes wrong is printed here and returned for the other ranks.
StartFailure TryToStart(const std::function<void()>& part) {
  const auto failure = [](int code, const char* prefix, const std::exception& error) {
    std::fprintf(stderr, "temper: %s%s\n", prefix, error.what());
    return StartFailure{code, error.what()};
  };
  try {
    part();
  } catch (const ConfigError& error) {
    return failure(kExitConfig, "", error);
  } catch (const std::exception& error) {
    return failure(kExitRetry, "error: ", error);
  }
  return {};
}

// Rank 0 in three acts: it opens the job and tells the other ranks where the bus is, so that workers start while the data is read; it
// prepares the job and tells them whether it can begin; it runs the job and waits for all to leave.
class OrchestratorProcess {
 public:
  OrchestratorProcess(const Experiment& experiment, const RoleLayout& layout, const std::string& resume, Process* process)
      : experiment_(experiment),
        layout_(layout),
        resume_(resume),
        process_(process),
        start_deadline_(Milliseconds(experiment.base.cluster.start_timeout_s)) {}

  JobEnd Run() {
    const StartFailure unopened = TryToStart([&] { Open(); });
    start_.error = unopened.message;
    process_->BroadcastText(start_.Encode(), start_deadline_);
    if (!unopened.message.empty()) return Leave(unopened);

    const StartFailure unprepared = TryToStart([&] { Prepare(); });
    if (!unprepared.message.empty()) bus_->monitor().Finish("failed", unprepared.message);
    process_->BroadcastText(unprepared.message, start_deadline_);
    if (!unprepared.message.empty()) return Leave(unprepared);

    process_->Split(-1, start_deadline_);
    const int exit_code = RunJob();
    RecordEnd(job_->run_folder(), exit_code);
    std::fflush(stdout);
    SendAllAway();
    return {exit_code, job_->run_folder(), static_cast<int64_t>(bus_->server().epoch())};
  }

 private:
  void Open() {
    ClusterConfig cluster = experiment_.base.cluster;
    cluster.endpoint = BusEndpointFor(cluster, *process_);
    const BusKeys keys = IsLoopback(cluster.endpoint) ? BusKeys{} : MakeBusKeys();
    const JobIdentity identity = OpenRunFolder(experiment_, resume_);
    start_.logs = identity.attempt_logs;
    OpenRoleLog(start_, Role::kOrchestrator, *process_);
    bus_ = std::make_unique<JobBus>(cluster, keys, identity.run_id, identity.epoch, layout_.num_learners());
    start_.contact = {bus_->server().endpoint(), identity.run_id, keys.ForClients()};
    rendezvous_ = std::make_unique<RendezvousFile>(identity.run_folder, start_.contact);
    bus_->monitor().Open(MonitorOf(experiment_, identity, start_.contact.endpoint));
    targets_ = std::make_unique<TargetsFile>(experiment_.base, layout_, process_->hosts());
    job_ = std::make_unique<Job>(experiment_, layout_, identity);
  }

  void Prepare() {
    job_->Prepare();
    job_->Welcome(&bus_->server());
    std::printf("temper: %s, epoch %llu%s, %d ranks, run folder %s\n", experiment_.base.run.name.c_str(),
                static_cast<unsigned long long>(bus_->server().epoch()), SlurmAttempt().c_str(), process_->size(),
                job_->run_folder().c_str());
    std::printf("%s", layout_.Table(process_->hosts()).c_str());
    std::fflush(stdout);
  }

  JobEnd Leave(const StartFailure& failure) {
    LeaveAfterFailedStart(process_);
    return {failure.exit_code};
  }

  // From the first worker's registration to the end of the last arm. Returns the exit code; an error is told to the run's status and thrown
  // on.
  int RunJob() {
    ClusterMonitor& monitor = bus_->monitor();
    try {
      bus_->AwaitWorkers(layout_.num_rollout_workers(), layout_.num_reward_workers());
      job_->Run(bus_.get());
      monitor.Finish("done", "");
      return kExitDone;
    } catch (const ExitRequest& request) {
      std::fprintf(stderr, "temper: %s\n", request.what());
      LogFileLine(LogLevel::kWarn, Concat(request.what(), ", exiting rc=", request.exit_code()));
      monitor.Finish(request.exit_code() == kExitPreempted ? "preempted" : "unhealthy", request.what());
      return request.exit_code();
    } catch (const std::exception& error) {
      monitor.Finish("failed", error.what());
      throw;
    }
  }

  // After a stop at the very start a learner may register only now, and must be told as well.
  void SendAllAway() {
    bus_->Drain(kDrainDeadline);
    while (!process_->AllDone()) bus_->Drain(kDrainSlice);
  }

  const Experiment& experiment_;
  const RoleLayout& layout_;
  const std::string& resume_;
  Process* process_;
  const milliseconds start_deadline_;
  StartMessage start_;
  std::unique_ptr<Job> job_;
  std::unique_ptr<JobBus> bus_;
  std::unique_ptr<TargetsFile> targets_;
  std::unique_ptr<RendezvousFile> rendezvous_;
};

}  // namespace

JobEnd RunOrchestrator(const Experiment& experiment, const RoleLayout& layout, const std::string& resume, Process* process) {
  StopAtStopSignal();
  return OrchestratorProcess(experiment, layout, resume, process).Run();
}

}  // namespace temper

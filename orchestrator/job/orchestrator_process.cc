#include "orchestrator/job/orchestrator_process.h"

#include <cstdio>
#include <functional>
#include <memory>

#include "cluster/base/error.h"
#include "cluster/base/printable.h"
#include "cluster/bus/zmq_server.h"
#include "orchestrator/job/endpoints.h"
#include "orchestrator/job/job_run.h"
#include "orchestrator/job/job_start.h"
#include "record/rendezvous.h"

namespace temper {
namespace {

using std::chrono::milliseconds;

constexpr auto kLogDrainDeadline = std::chrono::seconds(10);
constexpr auto kDrainSlice = milliseconds(20);

// What went wrong in a part of the start, and the exit code it calls for.
struct StartFailure {
  int exit_code = kExitDone;
  std::string message;  // "" = nothing did
};

// Runs the part. What goes wrong is printed here and returned for the other ranks.
StartFailure TryToStart(const std::function<void()>& part) {
  const auto failure = [](int code, const char* prefix, const std::exception& error) {
    std::fprintf(stderr, "temper: %s%s\n", prefix, PrintableText(error.what()).c_str());
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
    if (!unprepared.message.empty()) monitor_.Finish("failed", unprepared.message);
    process_->BroadcastText(unprepared.message, start_deadline_);
    if (!unprepared.message.empty()) return Leave(unprepared);

    process_->Split(-1, start_deadline_);
    const int exit_code = RunJob(layout_, job_.get(), bus_.get(), &monitor_);
    SendAllAway();
    return {exit_code, job_->run_folder(), static_cast<int64_t>(identity_.epoch)};
  }

 private:
  void Open() {
    ClusterConfig cluster = experiment_.base.cluster;
    cluster.endpoint = BusEndpointFor(cluster, *process_);
    const BusKeys keys = MakeBusKeys();  // on loopback too: other users of the host reach that
    identity_ = OpenRunFolder(experiment_, resume_);
    start_.logs = identity_.attempt_logs;
    OpenRoleLog(start_, Role::kOrchestrator, *process_);
    server_ = std::make_unique<ZmqServer>(cluster.endpoint, BusOptionsOf(cluster, keys, identity_.run_id, identity_.epoch));
    bus_ = std::make_unique<JobBus>(cluster, server_.get(), &monitor_, layout_.num_learners());
    start_.contact = {server_->endpoint(), identity_.run_id, keys.ForClients()};
    rendezvous_ = std::make_unique<RendezvousFile>(identity_.run_folder, start_.contact);
    monitor_.Open(MonitorOf(experiment_, identity_, start_.contact.endpoint));
    targets_ = std::make_unique<TargetsFile>(experiment_.base, layout_, process_->hosts());
    job_ = std::make_unique<Job>(experiment_, layout_, identity_, &monitor_);
  }

  void Prepare() {
    job_->Prepare();
    job_->Welcome(server_.get());
    PrintStart(experiment_, layout_, identity_, process_->hosts(), job_.get());
  }

  JobEnd Leave(const StartFailure& failure) {
    LeaveAfterFailedStart(process_);
    return {failure.exit_code};
  }

  // After a stop at the very start a learner may register only now, and must be told as well.
  void SendAllAway() {
    bus_->Drain(kLogDrainDeadline);
    while (!process_->AllDone()) bus_->Drain(kDrainSlice);
  }

  const Experiment& experiment_;
  const RoleLayout& layout_;
  const std::string& resume_;
  Process* process_;
  const milliseconds start_deadline_;
  StartMessage start_;
  JobIdentity identity_;
  ClusterMonitor monitor_;
  std::unique_ptr<ZmqServer> server_;
  std::unique_ptr<JobBus> bus_;
  std::unique_ptr<Job> job_;
  std::unique_ptr<TargetsFile> targets_;
  std::unique_ptr<RendezvousFile> rendezvous_;
};

}  // namespace

JobEnd RunOrchestrator(const Experiment& experiment, const RoleLayout& layout, const std::string& resume, Process* process) {
  return OrchestratorProcess(experiment, layout, resume, process).Run();
}

}  // namespace temper

#include "workers/learner_process.h"

#include <memory>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/collectives/choose.h"
#include "cluster/telemetry/telemetry.h"
#include "policy/kernels/torch_version.h"
#include "workers/learner_worker.h"

namespace temper {
namespace {

constexpr auto kLeaveDeadline = std::chrono::seconds(5);

ZmqClient::Options BusOptionsOf(const LearnerProcessOptions& options) {
  return {.endpoint = options.contact.endpoint,
          .role = {Role::kLearner, options.index},
          .capacity = kLearnerCapacity,
          .run_id = options.contact.run_id,
          .heartbeat = options.heartbeat,
          .silence = ZmqClient::SilenceOf(options.heartbeat),
          .keys = options.contact.keys};
}

std::unique_ptr<Communicator> JoinLearners(const LearnerProcessOptions& options, const at::Device& device, Process* process) {
  const bool own_gpu = device.is_cuda() && options.learners_here <= NumComputeGpus();
  return MakeChosenCommunicator(options.backend, process->Split(0, options.collective_deadline), options.one_host,
                                own_gpu ? device.index() : -1, options.collective_deadline);
}

LearnerWorkerOptions WorkerOptionsOf(const LearnerProcessOptions& options, const at::Device& device) {
  return {.learner = OnDevice(options.learner, device),
          .device = device,
          .weight_folder = options.weight_folder,
          .keep_versions = options.keep_versions};
}

}  // namespace

LearnerOptions OnDevice(LearnerOptions options, c10::Device device) {
  if (!device.is_cpu()) options.threads = 1;
  return options;
}

void RunLearnerProcess(const LearnerProcessOptions& options, Process* process) {
  SetComputeThreads(1);
  const at::Device device = ComputeDevice(options.device, process->local_rank());
  const int64_t threads = OnDevice(options.learner, device).threads;
  TEMPER_LOG(Info, "computing on ", device.str(), " with ", threads, threads == 1 ? " thread" : " threads",
             " (cluster.learner_threads: ", options.asked_threads, ")");
  const auto communicator = JoinLearners(options, device, process);
  MetricsEndpoint metrics(options.endpoint);
  ZmqClient bus(BusOptionsOf(options));
  Telemetry telemetry(process->rank(), options.telemetry);
  if (telemetry.on()) bus.SetReporter([&] { return telemetry.Report(bus.clock()).Encode(); });
  bus.Register(options.register_deadline);
  {
    LearnerWorker worker(&bus, communicator.get(), &telemetry, &metrics, WorkerOptionsOf(options, device));
    while (worker.RunOnce()) {
    }
    bus.Leave(kLeaveDeadline);
  }
  process->AwaitAll();
}

}  // namespace temper

#include <cmath>

#include <c10/core/InferenceMode.h>
#include <signal.h>

#include "cluster/bus.h"
#include "cluster/error.h"
#include "cluster/log.h"
#include "cluster/monitor/metrics_endpoint.h"
#include "cluster/telemetry/telemetry.h"
#include "cluster/weight_store.h"
#include "orchestrator/cli.h"
#include "policy/torch_version.h"
#include "workers/reward_worker.h"
#include "workers/rollout_worker.h"

namespace temper {
namespace {

constexpr auto kRegisterDeadline = std::chrono::seconds(60);
constexpr auto kLeaveDeadline = std::chrono::seconds(5);
constexpr auto kGiveUpAfter = std::chrono::minutes(10);

// Until the orchestrator asks to leave, or was silent for too long.
template <typename Worker>
void Serve(Worker* worker, BusClient* bus) {
  while (worker->RunOnce()) {
    TEMPER_CHECK(bus->silent_for() < kGiveUpAfter, "the orchestrator was silent for ", kGiveUpAfter.count(), " minutes");
  }
  bus->Leave(kLeaveDeadline);
}

}  // namespace

int WorkerCommand(const WorkerArguments& arguments) {
  SetErrorContext(Concat(arguments.role, " worker ", LocalHostName()));
  if (!arguments.log.empty()) OpenLog({.file = arguments.log});
  SetComputeThreads(1);
  MetricsEndpoint metrics({.address = arguments.metrics_address,
                           .port = arguments.metrics_port,
                           .labels = {{"run", arguments.run_name},
                                      {"role", arguments.role},
                                      {"rank", arguments.rank < 0 ? "joined" : Concat(arguments.rank)},
                                      {"host", LocalHostName()}}});
  BusClient bus({.endpoint = arguments.connect,
                 .role = arguments.role,
                 .capacity = arguments.capacity,
                 .run_id = arguments.run_id,
                 .heartbeat = std::chrono::milliseconds(std::max<int64_t>(1, std::llround(arguments.heartbeat_s * 1000)))});
  Telemetry telemetry(arguments.rank, arguments.telemetry);
  if (arguments.telemetry) bus.SetReporter([&] { return telemetry.Report(bus.clock()).Encode(); });
  const std::string welcome = bus.Register(kRegisterDeadline);
  TEMPER_LOG(Info, "registered at ", arguments.connect);
  try {
    if (arguments.role == "reward") {
      RewardWorker worker(&bus, &telemetry, &metrics, welcome);
      Serve(&worker, &bus);
    } else {
      const c10::InferenceMode inference;
      RolloutWorker worker(&bus, &telemetry, &metrics, welcome, arguments.local_rank);
      Serve(&worker, &bus);
    }
  } catch (const std::exception& error) {
    TEMPER_LOG(Error, error.what());
    throw;
  }
  return kExitDone;
}

}  // namespace temper

// temper worker: a rollout or reward worker, started by its rank or by hand to join a job.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>
#include <c10/core/InferenceMode.h>
#include <signal.h>

#include "cli/commands.h"
#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/host/host_name.h"
#include "cluster/metrics/metrics_endpoint.h"
#include "cluster/telemetry/telemetry.h"
#include "policy/kernels/torch_version.h"
#include "record/rendezvous.h"
#include "workers/reward_worker.h"
#include "workers/rollout_worker.h"

namespace temper {
namespace {

struct WorkerArguments {
  std::string connect;  // a run folder, or an endpoint
  std::string role;     // rollout | reward
  uint64_t run_id = 0;  // with an endpoint
  int64_t capacity = 4;
  int local_rank = 0;  // of the rank it belongs to, on its host: picks the GPU
  std::string log;
  int workers_here = 1;  // rollout workers of its host, which share the cores
  int rank = -1;         // that started it; -1 = joined by hand
  double heartbeat_s = 1;
  bool telemetry = true;  // tells the orchestrator what it does
  std::string run_name;   // labels of the Prometheus endpoint
  std::string metrics_address = "127.0.0.1";
  int metrics_port = 0;  // 0 = no endpoint
};

constexpr auto kRegisterDeadline = std::chrono::seconds(60);
constexpr auto kLookAgain = std::chrono::milliseconds(200);
constexpr auto kLeaveDeadline = std::chrono::seconds(5);
constexpr auto kGiveUpAfter = std::chrono::minutes(10);

// Until the orchestrator asks to leave, or was silent for too long.
template <typename Worker>
void Serve(Worker* worker, ZmqClient* bus) {
  while (worker->RunOnce()) {
    TEMPER_CHECK(bus->silent_for() < kGiveUpAfter, "the orchestrator was silent for ", kGiveUpAfter.count(), " minutes");
  }
  bus->Leave(kLeaveDeadline);
}

// Of the job in the folder, which may be about to start.
BusContact AwaitJob(const std::string& run_folder) {
  if (!std::filesystem::exists(run_folder)) {
    throw ConfigError(Concat("--connect ", run_folder, ": there is no such run folder; a job's is <run.dir>/<run.name>"));
  }
  const Stopwatch waited;
  for (bool told = false; waited.Seconds() < std::chrono::duration<double>(kRegisterDeadline).count();) {
    if (const auto contact = ReadRendezvous(run_folder)) return *contact;
    if (!std::exchange(told, true)) {
      std::fprintf(stderr, "temper: waiting up to %lld s for a job to start in %s (its rendezvous.json)\n",
                   static_cast<long long>(kRegisterDeadline.count()), run_folder.c_str());
    }
    std::this_thread::sleep_for(kLookAgain);
  }
  throw ConfigError(
      Concat("--connect ", run_folder, ": no job runs in this folder (for ", kRegisterDeadline.count(), " s no rendezvous.json)"));
}

// By the run folder, or by the endpoint with the keys in the environment.
BusContact ContactOf(const WorkerArguments& arguments) {
  if (arguments.connect.find("://") == std::string::npos) return AwaitJob(arguments.connect);
  if (arguments.run_id == 0)
    throw ConfigError(Concat("--connect ", arguments.connect, ": an endpoint needs --run-id too; a run folder does not"));
  const char* keys = std::getenv(kBusKeysVariable);
  return {arguments.connect, arguments.run_id, BusKeys::Decode(keys == nullptr ? "" : keys, kBusKeysVariable)};
}

ZmqClient::Options OptionsOf(const WorkerArguments& arguments, const BusContact& contact) {
  const std::chrono::milliseconds heartbeat(std::max<int64_t>(1, std::llround(arguments.heartbeat_s * 1000)));
  ZmqClient::Options options{.endpoint = contact.endpoint,
                             .role = ParsePeerRole(arguments.role).value(),
                             .capacity = arguments.capacity,
                             .run_id = contact.run_id,
                             .heartbeat = heartbeat,
                             .keys = contact.keys};
  options.silence = std::max(options.silence, 5 * heartbeat);  // a server that is well is heard once a heartbeat
  // A worker that joined stays when the job starts anew, elsewhere perhaps.
  if (arguments.connect.find("://") == std::string::npos)
    options.find_again = [folder = arguments.connect] { return ReadRendezvous(folder); };
  return options;
}

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
  const BusContact contact = ContactOf(arguments);
  const ZmqClient::Options options = OptionsOf(arguments, contact);
  ZmqClient bus(options);
  Telemetry telemetry(arguments.rank, arguments.telemetry);
  if (arguments.telemetry) bus.SetReporter([&] { return telemetry.Report(bus.clock()).Encode(); });
  const std::string welcome = bus.Register(kRegisterDeadline);
  TEMPER_LOG(Info, "registered at ", contact.endpoint);
  try {
    if (options.role == Role::kReward) {
      RewardWorker worker(&bus, &telemetry, &metrics, welcome);
      Serve(&worker, &bus);
    } else {
      const c10::InferenceMode inference;
      RolloutWorker worker(&bus, &telemetry, &metrics, welcome, arguments.local_rank, arguments.workers_here);
      Serve(&worker, &bus);
    }
  } catch (const std::exception& error) {
    TEMPER_LOG(Error, error.what());
    throw;
  }
  return kExitDone;
}

}  // namespace

void AddWorkerCommand(CLI::App* app, int* exit_code) {
  const auto arguments = std::make_shared<WorkerArguments>();
  auto* command = app->add_subcommand("worker", "a rollout or reward worker; started by its rank, or by hand to join a job");
  command->add_option("--connect", arguments->connect, "folder of a running job, or the endpoint of its bus")->required();
  command->add_option("--role", arguments->role, "rollout or reward")
      ->required()
      ->check(CLI::IsMember({ToString(Role::kRollout), ToString(Role::kReward)}));
  command->add_option("--run-id", arguments->run_id, "the run's id, with an endpoint");
  command->add_option("--capacity", arguments->capacity, "groups held at a time");
  command->add_option("--local-rank", arguments->local_rank, "picks the GPU: this number modulo the visible ones")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--workers-here", arguments->workers_here, "rollout workers of this host, which share its cores (default 1)")
      ->check(CLI::PositiveNumber);
  command->add_option("--log", arguments->log, "log file");
  command->add_option("--rank", arguments->rank, "the rank that starts it");
  command->add_option("--heartbeat-s", arguments->heartbeat_s, "interval of its heartbeats (default 1)")->check(CLI::PositiveNumber);
  command->add_flag("!--no-telemetry", arguments->telemetry, "tell the orchestrator nothing but that it lives");
  command->add_option("--metrics-port", arguments->metrics_port, "port of its Prometheus endpoint (default: none)");
  command->add_option("--metrics-address", arguments->metrics_address, "address of its Prometheus endpoint");
  command->add_option("--run-name", arguments->run_name, "label run at the endpoint");
  command->callback([arguments, exit_code] { *exit_code = WorkerCommand(*arguments); });
}

}  // namespace temper

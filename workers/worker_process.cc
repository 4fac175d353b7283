#include "workers/worker_process.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include <c10/core/InferenceMode.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/bus/zmq_client.h"
#include "cluster/host/host_name.h"
#include "cluster/host/pulse.h"
#include "cluster/host/stack_dump.h"
#include "cluster/metrics/metrics_endpoint.h"
#include "cluster/telemetry/telemetry.h"
#include "policy/kernels/torch_version.h"
#include "record/rendezvous.h"
#include "workers/reward_worker.h"
#include "workers/rollout_worker.h"

namespace temper {
namespace {

constexpr auto kRegisterDeadline = std::chrono::seconds(60);
constexpr auto kLookAgain = std::chrono::milliseconds(200);
constexpr auto kWorkerLeaveDeadline = std::chrono::seconds(5);
constexpr auto kGiveUpAfter = std::chrono::minutes(10);

// Lists the options once; Encode and Decode walk the same list.
template <typename Options, typename Visit>
void EachOption(Options& o, const Visit& visit) {
  visit("connect", o.connect);
  visit("role", o.role);
  visit("run_id", o.run_id);
  visit("capacity", o.capacity);
  visit("local_rank", o.local_rank);
  visit("workers_here", o.workers_here);
  visit("rank", o.rank);
  visit("heartbeat_s", o.heartbeat_s);
  visit("telemetry", o.telemetry);
  visit("log", o.log);
  visit("run_name", o.run_name);
  visit("metrics_address", o.metrics_address);
  visit("metrics_port", o.metrics_port);
}

PeerRole RoleOf(const WorkerOptions& options) {
  const auto role = ParsePeerRole(options.role);
  TEMPER_CHECK(role && role->role != Role::kLearner, "role '", options.role, "' is not a worker's; expected rollout or reward");
  return *role;
}

bool IsFolder(const std::string& connect) { return connect.find("://") == std::string::npos; }

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

BusContact ContactOf(const WorkerOptions& options) {
  if (IsFolder(options.connect)) return AwaitJob(options.connect);
  const char* keys = std::getenv(kBusKeysVariable);
  if (options.run_id == 0 || keys == nullptr) {
    throw ConfigError(Concat("--connect ", options.connect,
                             ": an endpoint needs the run_id and the keys of the job's rendezvous.json in the ", "environment, as ",
                             kRunIdVariable, " and ", kBusKeysVariable, "; a run folder or a copy of the file does not"));
  }
  return {options.connect, options.run_id, BusKeys::Decode(keys, kBusKeysVariable)};
}

ZmqClient::Options BusOptionsOf(const WorkerOptions& options, const BusContact& contact, Pulse* pulse) {
  const std::chrono::milliseconds heartbeat(std::max<int64_t>(1, std::llround(options.heartbeat_s * 1000)));
  ZmqClient::Options bus{.endpoint = contact.endpoint,
                         .role = RoleOf(options),
                         .capacity = options.capacity,
                         .run_id = contact.run_id,
                         .heartbeat = heartbeat,
                         .keys = contact.keys};
  bus.silence = ZmqClient::SilenceOf(heartbeat);
  bus.alive = [pulse] { pulse->Beat(); };
  // A worker that joined stays when the job starts again, elsewhere perhaps.
  if (IsFolder(options.connect)) bus.find_again = [folder = options.connect] { return ReadRendezvous(folder); };
  return bus;
}

EndpointOptions EndpointOf(const WorkerOptions& options) {
  return {.address = options.metrics_address,
          .port = options.metrics_port,
          .labels = {{"run", options.run_name},
                     {"role", options.role},
                     {"rank", options.rank < 0 ? "joined" : Concat(options.rank)},
                     {"host", LocalHostName()}}};
}

// Until the orchestrator asks to leave, or was silent for too long. A worker that is sent away did not end as asked: its slot is down, and
// another one would do no better.
template <typename Worker>
void Serve(Worker* worker, BusClient* bus) {
  while (worker->RunOnce()) {
    TEMPER_CHECK(bus->silent_for() < kGiveUpAfter, "the orchestrator was silent for ", kGiveUpAfter.count(), " minutes");
  }
  bus->Leave(kWorkerLeaveDeadline);
  if (!bus->sent_away().empty()) throw ConfigError(Concat("the orchestrator sent this worker away: ", bus->sent_away()));
}

void ServeRole(const WorkerOptions& options, const std::string& welcome, BusClient* bus, Telemetry* telemetry, MetricsEndpoint* metrics) {
  if (RoleOf(options) == Role::kReward) {
    RewardWorker worker(bus, telemetry, metrics, welcome);
    return Serve(&worker, bus);
  }
  const c10::InferenceMode inference;
  RolloutWorker worker(bus, telemetry, metrics, welcome, options.local_rank, options.workers_here);
  Serve(&worker, bus);
}

void JoinAndServe(const WorkerOptions& options) {
  SetComputeThreads(1);
  Pulse pulse = Pulse::Inherited();
  MetricsEndpoint metrics(EndpointOf(options));
  const BusContact contact = ContactOf(options);
  ZmqClient bus(BusOptionsOf(options, contact, &pulse));
  Telemetry telemetry(options.rank, options.telemetry);
  if (options.telemetry) bus.SetReporter([&] { return telemetry.Report(bus.clock()).Encode(); });
  const std::string welcome = bus.Register(kRegisterDeadline);
  TEMPER_LOG(Info, "registered at ", contact.endpoint);
  pulse.Rest();  // while models and graders are made
  ServeRole(options, welcome, &bus, &telemetry, &metrics);
}

}  // namespace

std::string WorkerOptions::Encode() const {
  nlohmann::json json;
  EachOption(*this, [&](const char* name, const auto& value) { json[name] = value; });
  return json.dump();
}

WorkerOptions WorkerOptions::Decode(const std::string& text) {
  WorkerOptions options;
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    EachOption(options, [&](const char* name, auto& value) { json.at(name).get_to(value); });
  } catch (const nlohmann::json::exception& error) {
    throw Error(__FILE__, __LINE__, Concat(kWorkerOptionsVariable, " is malformed: ", error.what()));
  }
  return options;
}

uint64_t RunIdFromEnvironment() {
  const char* text = std::getenv(kRunIdVariable);
  if (text == nullptr) return 0;
  uint64_t id = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, failed] = std::from_chars(text, end, id);
  if (failed != std::errc() || stop != end) throw ConfigError(Concat(kRunIdVariable, ": expected the run_id of a rendezvous.json"));
  return id;
}

void RunWorker(const WorkerOptions& options) {
  SetErrorContext(Concat(options.role, " worker ", LocalHostName()));
  if (!options.log.empty()) {
    OpenLog({.file = options.log});
    DumpStackOnCrash(options.log);
    TEMPER_LOG(Info, "process ", getpid(), " begins");
  }
  try {
    JoinAndServe(options);
  } catch (const std::exception& error) {
    LogFileLine(LogLevel::kError, error.what());  // who started it prints it
    throw;
  }
}

}  // namespace temper

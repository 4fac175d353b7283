// temper worker: a rollout or reward worker, started by its rank or by hand to join a job.
#include <cstdlib>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/role.h"
#include "workers/worker_process.h"

namespace temper {
namespace {

void BindWorker(CLI::App* command, WorkerOptions* options) {
  command->add_option("--connect", options->connect, "folder of a running job, a copy of its rendezvous.json, or the endpoint of its bus")
      ->required();
  command->add_option("--role", options->role, "rollout or reward")
      ->required()
      ->check(CLI::IsMember({ToString(Role::kRollout), ToString(Role::kReward)}));
  command->add_option("--capacity", options->capacity, "groups held at a time");
  command->add_option("--local-rank", options->local_rank, "picks the GPU: this number modulo the visible ones")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--workers-here", options->workers_here, "rollout workers of this host, which share its cores (default 1)")
      ->check(CLI::PositiveNumber);
  command->add_option("--log", options->log, "log file");
  command->add_option("--heartbeat-s", options->heartbeat_s, "interval of its heartbeats (default 1)")->check(CLI::PositiveNumber);
  command->add_flag("!--no-telemetry", options->telemetry, "tell the orchestrator nothing but that it lives");
  command->add_option("--metrics-port", options->metrics_port, "port of its Prometheus endpoint (default: none)");
  command->add_option("--metrics-address", options->metrics_address, "address of its Prometheus endpoint");
  command->add_option("--run-name", options->run_name, "label run at the endpoint");
  AddExamples(command, {{"temper worker --connect runs/quickstart --role rollout", "one more rollout worker for a job that runs"}});
}

// A worker that its rank started has all options from it; its command line is for people.
int WorkerCommand(const WorkerOptions& given) {
  const char* from_rank = std::getenv(kWorkerOptionsVariable);
  WorkerOptions options = from_rank == nullptr ? given : WorkerOptions::Decode(from_rank);
  if (from_rank == nullptr) options.run_id = RunIdFromEnvironment();
  RunWorker(options);
  return kExitDone;
}

}  // namespace

void AddWorkerCommand(const CommandContext& context) {
  AddCommand<WorkerOptions>(context, "worker", "a rollout or reward worker; started by its rank, or by hand to join a job", BindWorker,
                            WorkerCommand);
}

}  // namespace temper

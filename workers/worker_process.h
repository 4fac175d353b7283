#pragma once

#include <cstdint>
#include <string>

namespace temper {

// The life of a rollout or reward worker: a process beside its rank, or one that joins a running job by hand.
struct WorkerOptions {
  std::string connect;  // a run folder, or the endpoint of a bus
  std::string role;     // rollout | reward
  uint64_t run_id = 0;  // with an endpoint
  int64_t capacity = 4;
  int local_rank = 0;    // of the rank it belongs to, on its host: picks the GPU
  int workers_here = 1;  // rollout workers of its host, which share the cores
  int rank = -1;         // that started it; -1 = joined by hand
  double heartbeat_s = 1;
  bool telemetry = true;  // tells the orchestrator what it does
  std::string log;        // file; "" = none
  std::string run_name;   // labels of the Prometheus endpoint
  std::string metrics_address = "127.0.0.1";
  int metrics_port = 0;  // 0 = no endpoint

  // As one line of text, and back. Decode throws Error on anything malformed.
  std::string Encode() const;
  static WorkerOptions Decode(const std::string& text);
};

// The variable of the environment in which a rank hands its worker the options.
inline constexpr char kWorkerOptionsVariable[] = "TEMPER_WORKER_OPTIONS";

// The variable in which one who joins by an endpoint gives the run's id: everybody can see a command line. 0 where it is not set. Throws
// ConfigError when it is no number.
inline constexpr char kRunIdVariable[] = "TEMPER_RUN_ID";
uint64_t RunIdFromEnvironment();

// Registers with the orchestrator and works until it asks to leave. The keys of an endpoint are taken from the environment
// (kBusKeysVariable). Throws ConfigError when there is no job to join, Error when the orchestrator was silent for ten minutes.
void RunWorker(const WorkerOptions& options);

}  // namespace temper

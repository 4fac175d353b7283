#pragma once

#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "cluster/bus/bus.h"
#include "cluster/metrics/metrics_endpoint.h"
#include "cluster/telemetry/telemetry.h"
#include "workers/wire.h"

namespace temper {

class GenerationEngine;  // rollout/engine/generation_engine.h
class Tokenizer;         // policy/tokenizer/tokenizer.h
class Transformer;       // policy/model/transformer.h

// Samples completions. One loop over the bus. It takes group tasks within its credit, decodes one
// token for all of them per turn and returns groups as they become complete. It looks for new
// weights between decode steps. Holds no state that matters: a killed worker's tasks go to another,
// which draws the same tokens. A task that it cannot do is answered with the error, and the worker
// goes on. Throws Error when weights do not have the announced hash.
class RolloutWorker {
 public:
  // bus, telemetry and metrics are borrowed; `welcome` is the answer to the registration. `local_rank` picks the GPU where the workers
  // compute on GPUs. `workers_here`: rollout workers of this host, which share its cores: of the threads that the welcome asks for this one
  // takes no more than its share, at least one.
  RolloutWorker(BusClient* bus, Telemetry* telemetry, MetricsEndpoint* metrics, const std::string& welcome, int local_rank,
                int workers_here = 1);
  ~RolloutWorker();

  // One turn; false when the orchestrator asked to leave and everything is delivered.
  bool RunOnce();
  int64_t version() const { return loaded_.version; }  // of the weights the last turn drew with

 private:
  struct Pending {
    TaskId id;
    RolloutTask task;
  };
  bool Holds(TaskId id) const;
  void Receive();
  void Admit();
  void Draw();
  void Load(const WeightRef& ref);
  // Into `out`. What is gone or damaged is asked for again for a while.
  void Fetch(const WeightRef& ref, std::span<char> out);
  std::string FetchChunk(const std::string& request);  // over the bus
  void Return(TrajectoryGroup group);
  void Refuse(TaskId id, const std::string& why, bool user_error);
  void ShowProgress(int64_t more);  // tokens drawn or weight chunks received, so that the leases of what is held do not run out
  void Show() const;                // at the endpoint

  BusClient* bus_;
  Telemetry* telemetry_;
  MetricsEndpoint* metrics_;
  RolloutWelcome welcome_;
  std::unique_ptr<Transformer> model_;
  std::unique_ptr<Tokenizer> tokenizer_;  // null unless tasks may have stop strings
  std::unique_ptr<GenerationEngine> engine_;
  WeightRef loaded_;
  int64_t progress_ = 0;
  int64_t step_ = -1;  // the newest admitted task is for
  std::deque<Pending> pending_;
  struct Running {
    TaskId id;
    double since;
  };
  std::map<uint64_t, Running> running_;  // by group id
};

}  // namespace temper

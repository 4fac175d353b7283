#pragma once

#include <memory>
#include <string>

#include "cluster/bus/bus.h"
#include "cluster/collectives/communicator.h"
#include "cluster/metrics/metrics_endpoint.h"
#include "cluster/telemetry/telemetry.h"
#include "cluster/weights/weight_store.h"
#include "learner/learner.h"
#include "policy/formats/hf_checkpoint.h"
#include "workers/learner_task.h"
#include "workers/wire.h"

namespace temper {

struct LearnerWorkerOptions {
  LearnerOptions learner;
  at::Device device = at::kCPU;  // where the model and all of its training are
  std::string weight_folder;     // where versions are published (shared memory)
  int64_t keep_versions = 4;
};

// Carries out the orchestrator's orders in their sequence, together with the other learners. A failed order is answered with its error
// (a peer waiting in a collective then runs into its deadline). Orders have rising ids, and each is carried out once: one that comes again,
// because its answer was lost, is answered with the same result.
class LearnerWorker {
 public:
  // bus, communicator, telemetry and metrics are borrowed.
  LearnerWorker(BusClient* bus, Communicator* communicator, Telemetry* telemetry, MetricsEndpoint* metrics,
                const LearnerWorkerOptions& options);
  ~LearnerWorker();

  // One turn; false when the orchestrator asked to leave.
  bool RunOnce();

 private:
  LearnerResult Answer(const BusTask& order);
  LearnerResult Do(const LearnerTask& task);
  void CarryOut(const InitializeOrder& order, UpdateReport* report);
  void CarryOut(const LoadModelOrder& order, UpdateReport* report);
  void CarryOut(const LoadAdapterOrder& order, UpdateReport* report);
  void CarryOut(const BeginStageOrder& order, UpdateReport* report);
  void CarryOut(const SftOrder& order, UpdateReport* report);
  void CarryOut(const RlOrder& order, UpdateReport* report);
  void CarryOut(const ScoreOrder& order, UpdateReport* report);
  void CarryOut(const PublishOrder& order, UpdateReport* report);
  void CarryOut(const SaveOrder& order, UpdateReport* report);
  void CarryOut(const LoadOrder& order, UpdateReport* report);
  void CarryOut(const ExportOrder& order, UpdateReport* report);
  Learner& learner() const;  // throws Error before there is a model
  void Publish(int64_t version, LearnerResult* result);
  // A worker found a published version missing (WeightChunkRequest). What cannot be written again is logged.
  void PublishAgain(const std::string& request);
  void Show(const UpdateReport& report) const;  // at the endpoint
  void Adopt(Transformer model);

  BusClient* bus_;
  Communicator* communicator_;
  Telemetry* telemetry_;
  MetricsEndpoint* metrics_;
  LearnerWorkerOptions options_;
  std::unique_ptr<Transformer> model_;
  std::unique_ptr<Learner> learner_;
  CompanionFiles companions_;                   // of the folder loaded; rank 0 only
  std::unique_ptr<WeightPublisher> publisher_;  // rank 0 only
  uint64_t done_ = 0;
  TaskId last_order_ = 0;
  std::string last_result_;
};

}  // namespace temper

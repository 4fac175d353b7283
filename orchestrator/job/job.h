#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"
#include "orchestrator/data/data_store.h"
#include "orchestrator/flow/job_bus.h"
#include "orchestrator/stages/stage.h"
#include "orchestrator/stages/stage_metrics.h"
#include "record/run_lock.h"

namespace temper {

// What the orchestrator of one incarnation of a job knows about itself.
struct JobIdentity {
  std::string run_folder;     // <run.dir>/<run.name>
  uint64_t run_id = 0;        // of this incarnation
  uint64_t epoch = 1;         // incarnations of this run so far
  std::string attempt_logs;   // logs/attempt_<epoch> of the run folder
  std::string resume_folder;  // --resume DIR, canonical
  std::shared_ptr<const RunLock> lock;
};

// Makes the run folder (or finds it again), locks it and takes the next epoch, on disk before it returns. resume: auto | never | a
// checkpoint's folder. With never an existing folder is renamed to <name>.old-<n>. Throws ConfigError when the folder cannot be used.
JobIdentity OpenRunFolder(const Experiment& experiment, const std::string& resume);

// Renames the folder to <folder>.old-<n>.
void SetAside(const std::string& folder);

// What the learner will not be able to write, nobody needs to wait for. ConfigError.
void CheckWeightFolder(const std::string& folder);

// The whole experiment, from rank 0's point of view: data, shared SFT, every arm's RL, evaluations. Views of the run are made from its
// record, by who runs the job. The bus must have all its workers registered once Prepare has set what they are welcomed with.
class Job {
 public:
  // monitor: borrowed.
  Job(const Experiment& experiment, const RoleLayout& layout, const JobIdentity& identity, ClusterMonitor* monitor);

  // Loads everything that can be wrong with the input, before any worker starts. ConfigError.
  void Prepare();
  // Sets the welcomes of the workers.
  void Welcome(BusServer* server) const;
  // Trains and evaluates all arms; the run's record is complete when it returns. Prints where the policies of arms are that are only
  // fine-tuned: there is nothing to report on them.
  void Run(JobBus* bus);
  const std::string& run_folder() const { return identity_.run_folder; }

 private:
  struct ArmState {
    const Arm* arm = nullptr;
    DataStore data;
    std::string folder;
    std::string start_weights;
  };
  void WriteRunJson() const;
  StageContext ContextOf(const ArmState& arm, JobBus* bus, const std::string& stage, const std::string& folder);
  // Trains or finds the policy RL starts from, once for the arms that share it, and evaluates it for all of them.
  void MakeStart(size_t first, JobBus* bus);
  void EvaluateStart(const StageContext& context, const std::vector<ArmState*>& sharing, JobBus* bus);
  void FinishArm(ArmState* arm, JobBus* bus);
  void EvaluateInto(const std::vector<ArmState*>& arms, const WeightRef& weights, const std::string& subfolder, JobBus* bus);

  const Experiment& experiment_;
  RoleLayout layout_;
  JobIdentity identity_;
  ClusterMonitor* monitor_;
  PolicySpec spec_;
  std::vector<ArmState> arms_;
  JobMetrics metrics_;
};

}  // namespace temper

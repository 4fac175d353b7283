#pragma once

#include <string>
#include <vector>

#include "orchestrator/config/experiment_config.h"
#include "orchestrator/config/role_layout.h"
#include "orchestrator/data/data_store.h"
#include "orchestrator/flow/job_bus.h"
#include "orchestrator/job/run_folder.h"
#include "orchestrator/stages/stage.h"
#include "orchestrator/stages/stage_metrics.h"
#include "record/run_json.h"
#include "record/run_paths.h"

namespace temper {

// The whole experiment, from rank 0's point of view: data, shared SFT, every arm's RL, evaluations. Views of the run are made from its
// record, by who runs the job. The bus must have all its workers registered once Prepare has set what they are welcomed with.
class Job {
 public:
  // monitor: borrowed.
  Job(const Experiment& experiment, const RoleLayout& layout, const JobIdentity& identity, ClusterMonitor* monitor);

  // Loads everything that can be wrong with the input, before any worker starts. ConfigError.
  void Prepare();
  // What was read for each arm (DataText), and what of the run an earlier start has done: lines for the terminal. After Prepare.
  std::string StartText();
  // Sets the welcomes of the workers.
  void Welcome(BusServer* server) const;
  // Trains and evaluates all arms; the run's record is complete when it returns. Prints where the policies of arms are that are only
  // fine-tuned: there is nothing to report on them.
  void Run(JobBus* bus);
  const std::string& run_folder() const { return paths_.folder(); }

 private:
  struct ArmState {
    const Arm* arm = nullptr;
    ArmPaths paths;
    DataStore data;
    std::string start_weights;
  };
  RunDescription Description() const;
  StageContext ContextOf(const ArmState& arm, JobBus* bus, const std::string& stage, const StagePaths& paths);
  // Arms from `first` on with the same settings up to the start of RL.
  std::vector<ArmState*> SharingStart(size_t first);
  // Of arms that share a start those that evaluate it, together where one sampling serves them.
  static std::vector<std::vector<ArmState*>> EvaluatedAlike(const std::vector<ArmState*>& sharing);
  // A stage of the job, of the arm and of those that share it.
  struct Part {
    const ArmState* arm;
    std::string stage;  // sft | eval | rl
    StagePaths paths;   // where the policy is that it makes or evaluates
    EvalTime time;      // before RL or after it
  };
  // What Run will do, in its order.
  std::vector<Part> Parts();
  std::vector<PlannedStage> Plan();
  // Whether the folder holds the stage's result; of evaluations, which are checked when their turn comes, whether it seems to.
  static bool IsDone(const Part& part);
  std::string DataLines() const;
  // "SFT (150 steps), evaluation of a": what the folder holds the result of; "" = nothing.
  std::string DoneBefore();
  // Where the policy that RL of these arms starts from is kept.
  StagePaths StartPaths(const std::vector<ArmState*>& sharing) const;
  // Trains or finds the policy RL starts from, once for the arms that share it, and evaluates it for all of them.
  void MakeStart(size_t first, JobBus* bus);
  void EvaluateStart(const StageContext& context, const std::vector<ArmState*>& sharing, JobBus* bus);
  void FinishArm(ArmState* arm, JobBus* bus);
  void EvaluateInto(const std::vector<ArmState*>& arms, const WeightRef& weights, EvalTime time, JobBus* bus);

  // The learners' model: policy.path, or with policy.mode_tokens its copy in the run folder.
  void StartFromGrownModel();

  Experiment experiment_;  // of its own: policy.path may become a folder of the run
  RoleLayout layout_;
  JobIdentity identity_;
  ClusterMonitor* monitor_;
  RunPaths paths_;
  PolicySpec spec_;
  std::vector<ArmState> arms_;
  JobMetrics metrics_;
};

}  // namespace temper

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace temper {

// Every path of what a run leaves on disk: no other file of the project spells one. The functions only put names together; none looks at
// the disk. Folders are as given, relative or absolute; from "" come paths as seen from inside the folder. Each kind of folder is a type of
// its own that takes one name at a time, so that run, arm, set and step cannot be swapped.

// <run>/logs/attempt_<N>/: the logs of one start of a job.
class AttemptLogs {
 public:
  explicit AttemptLogs(std::string folder) : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }
  std::string Role(const std::string& role) const;              // folder of the logs of a role's processes
  std::string Rank(const std::string& role, int rank) const;    // of an MPI rank
  std::string Worker(const std::string& role, int rank) const;  // of the worker that the rank started

 private:
  std::string folder_;
};

// Samples and their description, a pair of files for each evaluation set (record/eval_files.h).
class EvalPaths {
 public:
  explicit EvalPaths(std::string folder) : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }
  std::string Samples(const std::string& set) const;
  std::string Meta(const std::string& set) const;
  std::string AnswerScores() const;                     // record/eval_files.h
  std::string GateSweep(const std::string& set) const;  // record/gate_sweep_file.h
  // Names of the sets whose samples are there, sorted; none where the folder is not there. The one function here that looks.
  std::vector<std::string> Sets() const;

 private:
  std::string folder_;
};

// The folder of a step among checkpoints and weights: step_12. Nothing for another name, or for one
// of more than 18 digits.
std::string StepFolder(int64_t step);
std::optional<int64_t> StepOfFolder(const std::string& name);

// <run>/<arm>/ for RL, <run>/sft/ or <run>/<arm>/sft/ for supervised fine-tuning.
class StagePaths {
 public:
  explicit StagePaths(std::string folder = "") : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }

  std::string Metrics() const;      // record/metrics_file.h
  std::string EvalMetrics() const;  // the same format, a row for each evaluated set
  std::string Checkpoints() const;  // folder, record/checkpoint.h
  // Hugging Face folders: of the policy after `step` steps, and of the one that a run without SFT starts from.
  std::string Weights(int64_t step) const;
  std::string StartWeights() const;
  std::string BestWeights(int64_t step) const;  // the same of the step whose figure was best (eval.best)
  std::string BestFolder() const;               // folder of those
  std::string BestJson() const;                 // record/best_file.h
  std::string Promotion() const;                // record/release/promotion.h
  std::string JournalFolder() const;
  std::string Journal() const;                  // record/journal.h
  std::string DamagedJournal(int n) const;      // the n-th one that was set aside
  std::string Audit() const;                    // record/audit_file.h
  std::string Gold() const;                     // record/gold_file.h
  std::string AuditManifest() const;            // record/audit_manifest.h
  std::string Traces() const;                   // folder
  std::string Transcripts(int64_t step) const;  // record/transcripts.h

 private:
  std::string folder_;
};

enum class EvalTime { kStart, kEnd };  // before RL, and of the trained policy

// <run>/<arm>/.
class ArmPaths : public StagePaths {
 public:
  using StagePaths::StagePaths;
  std::string Configs() const;         // folder
  std::string ResolvedConfig() const;  // record/settings.h
  StagePaths Sft() const;              // of an arm that shares it with no other
  EvalPaths Eval(EvalTime time) const;
};

// Where a report was written: a run's folder, a folder of runs, or any other.
class ReportPaths {
 public:
  explicit ReportPaths(std::string folder) : folder_(std::move(folder)) {}
  std::string Html() const;
  std::string Json() const;
  std::string EvalCells() const;
  std::string Comparison() const;  // of several runs

 private:
  std::string folder_;
};

// <run.dir>/<run.name>/.
class RunPaths {
 public:
  explicit RunPaths(std::string folder) : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }

  std::string RunJson() const;     // record/run_json.h
  std::string Status() const;      // record/job_status.h
  std::string Provenance() const;  // record/provenance.h
  std::string Rendezvous() const;  // record/rendezvous.h
  std::string Epoch() const;       // orchestrator/job/run_folder.h
  std::string Lock() const;        // record/run_lock.h; beside the folder, which must not end with / . or ..
  std::string Configs() const;     // folder
  std::string ResolvedConfig() const;
  std::string SourceConfig() const;

  std::string ProcessRows() const;  // record/process_rows.h
  std::string Traces() const;       // folder
  std::string Spans() const;        // record/spans.h
  std::string ChromeTrace() const;  // of temper trace

  StagePaths Sft() const;  // shared by all arms
  ArmPaths Arm(const std::string& arm) const;
  std::string TensorBoard(const StagePaths& stage) const;  // folder; the stage must be one of this run
  std::string World(const std::string& variant) const;     // folder: the built-in world's files
  std::string GrownModel() const;                          // folder: the policy's model with policy.mode_tokens
  ReportPaths Report() const { return ReportPaths(folder_); }

  std::string Logs() const;               // folder
  std::string MonitorCommandLog() const;  // output of monitor.command, of all attempts
  std::string LatestLogs() const;         // link to the newest attempt's folder
  AttemptLogs Attempt(uint64_t epoch) const;
  std::string AttemptName(uint64_t epoch) const;  // of the attempt's folder in Logs()
  // Of a Slurm job of the run, and of one of workers that join it; `job` is its number, or %j as sbatch fills it in.
  std::string Slurm() const;  // folder
  std::string SlurmScript() const;
  std::string SlurmLog(const std::string& job) const;
  std::string SlurmWorkersScript() const;
  std::string SlurmWorkersLog(const std::string& job) const;
  std::string SlurmWorkerLogs() const;                        // folder
  std::string SlurmWorkerLog(const std::string& role) const;  // of each task, as srun fills it in

  std::string SetAside(int n) const;  // the folder that --resume never renames this one to

  // What files and folders in a run's folder are called, so that no arm may be called so.
  static const std::vector<std::string>& TakenNames();

 private:
  std::string folder_;
};

// <run.dir>/: a folder of runs.
class RunsPaths {
 public:
  explicit RunsPaths(std::string folder) : folder_(std::move(folder)) {}
  RunPaths Run(const std::string& name) const;
  std::string Index() const;                                    // of temper index
  std::string PrometheusTargets(const std::string& run) const;  // orchestrator/job/endpoints.h

  // What files and folders beside the runs are called, so that no run may be called so.
  static const std::vector<std::string>& TakenNames();

 private:
  std::string folder_;
};

// Whether a run folder of this name is one that --resume never renamed.
bool IsSetAside(const std::string& name);

// The stage of a checkpoint's folder, <stage>/checkpoints/<checkpoint>; "" where it lies in none.
std::string StageOfCheckpoint(const std::string& checkpoint);

}  // namespace temper

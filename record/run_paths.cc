#include "record/run_paths.h"

#include <algorithm>
#include <filesystem>

#include "cluster/base/error.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSamplesEnd = ".jsonl";
constexpr char kCheckpoints[] = "checkpoints";
constexpr char kAside[] = ".old-";
constexpr std::string_view kStep = "step_";
constexpr size_t kMaxStepDigits = 18;  // that an int64_t surely holds

template <typename... Parts>
std::string In(const std::string& folder, const Parts&... parts) {
  return Concat(folder, folder.empty() || folder.back() == '/' ? "" : "/", parts...);
}

// The first name of each path.
std::vector<std::string> FirstFolders(std::vector<std::string> paths) {
  for (std::string& path : paths) path = path.substr(0, path.find('/'));
  return paths;
}

}  // namespace

std::string AttemptLogs::Role(const std::string& role) const { return In(folder_, role); }
std::string AttemptLogs::Rank(const std::string& role, int rank) const { return In(folder_, role, "/rank_", rank, ".log"); }
std::string AttemptLogs::Worker(const std::string& role, int rank) const { return In(folder_, role, "/rank_", rank, "_worker.log"); }

std::string EvalPaths::Samples(const std::string& set) const { return In(folder_, set, kSamplesEnd); }
std::string EvalPaths::Meta(const std::string& set) const { return In(folder_, set, ".meta.json"); }
std::string EvalPaths::GateSweep(const std::string& set) const { return In(folder_, set, ".gate_sweep.json"); }

std::string EvalPaths::AnswerScores() const { return In(folder_, "answer_scores", ".json"); }

std::vector<std::string> EvalPaths::Sets() const {
  std::vector<std::string> sets;
  if (!fs::is_directory(folder_)) return sets;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() == kSamplesEnd) sets.push_back(entry.path().stem().string());
  }
  std::sort(sets.begin(), sets.end());
  return sets;
}

std::string StepFolder(int64_t step) { return Concat(kStep, step); }

std::optional<int64_t> StepOfFolder(const std::string& name) {
  if (!name.starts_with(kStep)) return std::nullopt;
  const std::string digits = name.substr(kStep.size());
  if (digits.empty() || digits.size() > kMaxStepDigits || digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoll(digits);
}

std::string StagePaths::Metrics() const { return In(folder_, "metrics.jsonl"); }
std::string StagePaths::EvalMetrics() const { return In(folder_, "eval_metrics.jsonl"); }
std::string StagePaths::Checkpoints() const { return In(folder_, kCheckpoints); }
std::string StagePaths::Weights(int64_t step) const { return In(folder_, "weights/", StepFolder(step)); }
std::string StagePaths::StartWeights() const { return In(folder_, "weights/start"); }
std::string StagePaths::BestFolder() const { return In(folder_, "best"); }
std::string StagePaths::BestWeights(int64_t step) const { return In(BestFolder(), "step_", step); }
std::string StagePaths::BestJson() const { return In(folder_, "best.json"); }
std::string StagePaths::Promotion() const { return In(folder_, "promotion.json"); }
std::string StagePaths::JournalFolder() const { return In(folder_, "journal"); }
std::string StagePaths::Journal() const { return In(JournalFolder(), "journal.bin"); }
std::string StagePaths::DamagedJournal(int n) const { return In(JournalFolder(), "journal.damaged-", n, ".bin"); }
std::string StagePaths::Audit() const { return In(folder_, "audit.jsonl"); }
std::string StagePaths::Gold() const { return In(folder_, "gold.jsonl"); }
std::string StagePaths::AuditManifest() const { return In(folder_, "audit_manifest.json"); }
std::string StagePaths::Traces() const { return In(folder_, "traces"); }
std::string StagePaths::Transcripts(int64_t step) const { return In(Traces(), StepFolder(step), ".jsonl"); }

std::string ArmPaths::Configs() const { return In(folder(), "configs"); }
std::string ArmPaths::ResolvedConfig() const { return In(Configs(), "resolved.yaml"); }
StagePaths ArmPaths::Sft() const { return StagePaths(In(folder(), "sft")); }
EvalPaths ArmPaths::Eval(EvalTime time) const { return EvalPaths(In(folder(), time == EvalTime::kStart ? "eval/start" : "eval")); }

std::string ReportPaths::Html() const { return In(folder_, "report.html"); }
std::string ReportPaths::Json() const { return In(folder_, "report.json"); }
std::string ReportPaths::EvalCells() const { return In(folder_, "eval_cells.csv"); }
std::string ReportPaths::Comparison() const { return In(folder_, "comparison.csv"); }

std::string RunPaths::RunJson() const { return In(folder_, "run.json"); }
std::string RunPaths::Status() const { return In(folder_, "status.json"); }
std::string RunPaths::Provenance() const { return In(folder_, "provenance.json"); }
std::string RunPaths::Rendezvous() const { return In(folder_, "rendezvous.json"); }
std::string RunPaths::Epoch() const { return In(folder_, "epoch"); }
std::string RunPaths::Configs() const { return In(folder_, "configs"); }
std::string RunPaths::ResolvedConfig() const { return In(Configs(), "resolved.yaml"); }
std::string RunPaths::SourceConfig() const { return In(Configs(), "source.yaml"); }
std::string RunPaths::ProcessRows() const { return In(folder_, "cluster.jsonl"); }
std::string RunPaths::Traces() const { return In(folder_, "traces"); }
std::string RunPaths::Spans() const { return In(Traces(), "spans.jsonl"); }
std::string RunPaths::ChromeTrace() const { return In(Traces(), "trace.json"); }
StagePaths RunPaths::Sft() const { return StagePaths(In(folder_, "sft")); }
ArmPaths RunPaths::Arm(const std::string& arm) const { return ArmPaths(In(folder_, arm)); }
std::string RunPaths::World(const std::string& variant) const { return In(folder_, "data/world_", variant); }
std::string RunPaths::GrownModel() const { return In(folder_, "data/grown_model"); }
std::string RunPaths::Logs() const { return In(folder_, "logs"); }
std::string RunPaths::MonitorCommandLog() const { return In(Logs(), "monitor_command.log"); }
std::string RunPaths::LatestLogs() const { return In(Logs(), "latest"); }
std::string RunPaths::AttemptName(uint64_t epoch) const { return Concat("attempt_", epoch); }
AttemptLogs RunPaths::Attempt(uint64_t epoch) const { return AttemptLogs(In(Logs(), AttemptName(epoch))); }
std::string RunPaths::Slurm() const { return In(folder_, "slurm"); }
std::string RunPaths::SlurmScript() const { return In(Slurm(), "train.sbatch"); }
std::string RunPaths::SlurmLog(const std::string& job) const { return In(Logs(), "slurm-", job, ".log"); }
std::string RunPaths::SlurmWorkersScript() const { return In(Slurm(), "workers.sbatch"); }
std::string RunPaths::SlurmWorkersLog(const std::string& job) const { return In(Logs(), "workers-", job, ".log"); }
std::string RunPaths::SlurmWorkerLogs() const { return In(Logs(), "workers"); }
std::string RunPaths::SlurmWorkerLog(const std::string& role) const { return In(SlurmWorkerLogs(), "slurm-%j-", role, "-%t.log"); }
std::string RunPaths::SetAside(int n) const { return Concat(folder_, kAside, n); }

std::string RunPaths::Lock() const {
  const fs::path folder(folder_);
  return folder.parent_path() / Concat(".", folder.filename().string(), ".lock");
}

std::string RunPaths::TensorBoard(const StagePaths& stage) const {
  return In(folder_, "tb/", fs::path(stage.folder()).lexically_relative(folder_).string());
}

const std::vector<std::string>& RunPaths::TakenNames() {
  static const std::vector<std::string> kNames = [] {
    const RunPaths run("");
    return FirstFolders({run.Sft().folder(), run.World(""), run.Logs(), run.Configs(), run.TensorBoard(run.Sft()), run.Traces(),
                         run.Slurm(), run.RunJson(), run.Provenance(), run.Status(), run.Epoch(), run.ProcessRows(), run.Rendezvous(),
                         run.Report().Html(), run.Report().Json(), run.Report().EvalCells(), run.Report().Comparison()});
  }();
  return kNames;
}

const std::vector<std::string>& RunsPaths::TakenNames() {
  static const std::vector<std::string> kNames = [] {
    const ReportPaths report("");
    return FirstFolders({RunsPaths("").Index(), RunsPaths("").PrometheusTargets(""), report.Html(), report.Json(), report.EvalCells(),
                         report.Comparison()});
  }();
  return kNames;
}

RunPaths RunsPaths::Run(const std::string& name) const { return RunPaths(In(folder_, name)); }
std::string RunsPaths::Index() const { return In(folder_, "index.html"); }
std::string RunsPaths::PrometheusTargets(const std::string& run) const { return In(folder_, "prometheus_targets/", run, ".json"); }

bool IsSetAside(const std::string& name) { return name.find(kAside) != std::string::npos; }

std::string StageOfCheckpoint(const std::string& checkpoint) {
  const fs::path folder = fs::path(checkpoint).parent_path();
  return folder.filename() == kCheckpoints ? folder.parent_path().string() : "";
}

}  // namespace temper

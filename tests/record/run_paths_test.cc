#include "record/run_paths.h"

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(RunPaths, NamesEveryFileOfARun) {
  const RunPaths run("runs/quick");
  EXPECT_EQ(run.RunJson(), "runs/quick/run.json");
  EXPECT_EQ(run.Status(), "runs/quick/status.json");
  EXPECT_EQ(run.Provenance(), "runs/quick/provenance.json");
  EXPECT_EQ(run.Rendezvous(), "runs/quick/rendezvous.json");
  EXPECT_EQ(run.Epoch(), "runs/quick/epoch");
  EXPECT_EQ(run.Lock(), "runs/.quick.lock");
  EXPECT_EQ(run.ResolvedConfig(), "runs/quick/configs/resolved.yaml");
  EXPECT_EQ(run.SourceConfig(), "runs/quick/configs/source.yaml");
  EXPECT_EQ(run.ProcessRows(), "runs/quick/cluster.jsonl");
  EXPECT_EQ(run.Spans(), "runs/quick/traces/spans.jsonl");
  EXPECT_EQ(run.ChromeTrace(), "runs/quick/traces/trace.json");
  EXPECT_EQ(run.World("seed1_2"), "runs/quick/data/world_seed1_2");
  EXPECT_EQ(run.LatestLogs(), "runs/quick/logs/latest");
  EXPECT_EQ(run.SetAside(2), "runs/quick.old-2");
  EXPECT_TRUE(IsSetAside("quick.old-2"));
  EXPECT_FALSE(IsSetAside("quick_old"));
}

TEST(RunPaths, NamesTheFilesOfAnArmAndOfAStage) {
  const RunPaths run("r");
  const ArmPaths arm = run.Arm("main");
  EXPECT_EQ(arm.Metrics(), "r/main/metrics.jsonl");
  EXPECT_EQ(arm.EvalMetrics(), "r/main/eval_metrics.jsonl");
  EXPECT_EQ(arm.ResolvedConfig(), "r/main/configs/resolved.yaml");
  EXPECT_EQ(arm.Checkpoints(), "r/main/checkpoints");
  EXPECT_EQ(arm.Journal(), "r/main/journal/journal.bin");
  EXPECT_EQ(arm.Audit(), "r/main/audit.jsonl");
  EXPECT_EQ(arm.Transcripts(7), "r/main/traces/step_7.jsonl");
  EXPECT_EQ(arm.Weights(80), "r/main/weights/step_80");
  EXPECT_EQ(arm.StartWeights(), "r/main/weights/start");
  EXPECT_EQ(arm.BestWeights(6), "r/main/best/step_6");
  EXPECT_EQ(arm.BestJson(), "r/main/best.json");
  EXPECT_EQ(arm.Eval(EvalTime::kStart).Samples("dev"), "r/main/eval/start/dev.jsonl");
  EXPECT_EQ(arm.Eval(EvalTime::kEnd).Meta("dev"), "r/main/eval/dev.meta.json");
  EXPECT_EQ(run.Sft().Metrics(), "r/sft/metrics.jsonl");
  EXPECT_EQ(arm.Sft().Metrics(), "r/main/sft/metrics.jsonl");
  EXPECT_EQ(run.TensorBoard(run.Sft()), "r/tb/sft");
  EXPECT_EQ(run.TensorBoard(arm.Sft()), "r/tb/main/sft");
}

TEST(RunPaths, NamesLogsReportsAndWhatLiesBesideRuns) {
  const AttemptLogs logs = RunPaths("r").Attempt(3);
  EXPECT_EQ(logs.folder(), "r/logs/attempt_3");
  EXPECT_EQ(logs.Rank("learner", 1), "r/logs/attempt_3/learner/rank_1.log");
  EXPECT_EQ(logs.Worker("rollout", 2), "r/logs/attempt_3/rollout/rank_2_worker.log");
  EXPECT_EQ(RunPaths("r").SlurmScript(), "r/slurm/train.sbatch");
  EXPECT_EQ(RunPaths("r").SlurmLog("17"), "r/logs/slurm-17.log");
  EXPECT_EQ(RunPaths("r").SlurmWorkersLog("%j"), "r/logs/workers-%j.log");
  EXPECT_EQ(RunPaths("r").SlurmWorkerLog("reward"), "r/logs/workers/slurm-%j-reward-%t.log");
  EXPECT_EQ(ReportPaths("out").Html(), "out/report.html");
  const RunsPaths runs("runs");
  EXPECT_EQ(runs.Run("a").folder(), "runs/a");
  EXPECT_EQ(runs.Index(), "runs/index.html");
  EXPECT_EQ(runs.PrometheusTargets("a"), "runs/prometheus_targets/a.json");
}

TEST(RunPaths, AFolderMayEndWithASlashAndNoFolderGivesPathsWithin) {
  EXPECT_EQ(RunPaths("runs/a/").RunJson(), "runs/a/run.json");
  EXPECT_EQ(RunPaths("/").RunJson(), "/run.json");
  EXPECT_EQ(RunPaths("").Report().Html(), "report.html");
  EXPECT_EQ(RunPaths("").LatestLogs(), "logs/latest");
}

TEST(RunPaths, AStageIsFoundAgainByItsCheckpoint) {
  EXPECT_EQ(StageOfCheckpoint("/runs/a/sft/checkpoints/step_3"), "/runs/a/sft");
  EXPECT_EQ(StageOfCheckpoint("/runs/a/sft/copies/step_3"), "");
}

TEST(RunPaths, TheSetsOfAnEvaluationAreThoseWithSamples) {
  const TempFolder folder;
  const EvalPaths eval = ArmPaths(folder.path()).Eval(EvalTime::kEnd);
  EXPECT_THAT(eval.Sets(), IsEmpty());
  fs::create_directories(ArmPaths(folder.path()).Eval(EvalTime::kStart).folder());
  for (const std::string& path : {eval.Samples("b"), eval.Samples("a"), eval.Meta("c")}) WriteBytes(path, "");
  EXPECT_THAT(eval.Sets(), ElementsAre("a", "b"));
}

// Every text in quotes of C++ code; comments and #include lines have none.
std::vector<std::string> LiteralsOf(const std::string& code) {
  static const std::regex kToken(R"re(//[^\n]*|#include[^\n]*|"((?:[^"\\\n]|\\.)*)"|'(?:[^'\\\n]|\\.)')re");
  std::vector<std::string> literals;
  for (auto token = std::sregex_iterator(code.begin(), code.end(), kToken); token != std::sregex_iterator(); ++token) {
    if ((*token)[1].matched) literals.push_back((*token)[1]);
  }
  return literals;
}

// Whether a text spells a path of the run folder: it is one file's name, perhaps with folders before it, or it continues a folder's path.
// Sentences may name files.
bool SpellsAPath(const std::string& text) {
  static const std::regex kFile(
      R"re((\S*/)?(run\.json|(eval_)?metrics\.jsonl|cluster\.jsonl|spans\.jsonl|audit\.jsonl|journal\.bin|status\.json|rendezvous\.json|)re"
      R"re(provenance\.json|resolved\.yaml|source\.yaml|report\.(html|json)|eval_cells\.csv|comparison\.csv|trace\.json|\.meta\.json))re");
  static const std::regex kWithin(
      R"re((\S*%s|\S*\.\.)?/(configs|traces|logs|journal|checkpoints|weights|eval|tb|slurm|data|sft|epoch|prometheus_targets|report)\b.*)re");
  return std::regex_match(text, kFile) || std::regex_match(text, kWithin);
}

TEST(RunPaths, TheSearchForPathsFindsThem) {
  for (const char* path : {"run.json", "/metrics.jsonl", "traces/spans.jsonl", "/weights/step_", "/eval", "%s/logs/latest", "/epoch"})
    EXPECT_TRUE(SpellsAPath(path)) << path;
  for (const char* other : {"eval", "a run's folder has a run.json", "weights/", "/dev/shm", "timing_s/checkpoint", "eval/<set>/safe_rate"})
    EXPECT_FALSE(SpellsAPath(other)) << other;
  EXPECT_THAT(LiteralsOf("#include \"a.h\"\nf(\"x\\\"y\", '\"');  // \"no\"\ng(\"z\");"), ElementsAre("x\\\"y", "z"));
}

// Nobody else may spell a path of the run folder: a file that is renamed is renamed here, and every reader follows.
TEST(RunPaths, NoOtherSourceSpellsAPathOfTheRunFolder) {
  // Files of the same name in other folders: what temper export and its importer scripts write and read.
  const std::set<std::string> kOwnFiles = {"views/export/metrics_export.cc: metrics.jsonl",
                                           "views/export/metrics_importers.cc: metrics.jsonl"};
  std::vector<std::string> found;
  for (const char* room :
       {"cli", "evaluation", "learner", "orchestrator", "policy", "record", "reward", "rollout", "serve", "views", "workers", "world"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(TEMPER_SOURCE_DIR) / room)) {
      const std::string name = fs::relative(entry.path(), TEMPER_SOURCE_DIR).string();
      if ((entry.path().extension() != ".cc" && entry.path().extension() != ".h") || name.starts_with("record/run_paths.")) continue;
      for (const std::string& literal : LiteralsOf(ReadBytes(entry.path()))) {
        const std::string line = name + ": " + literal;
        if (SpellsAPath(literal) && !kOwnFiles.contains(line)) found.push_back(line);
      }
    }
  }
  EXPECT_THAT(found, IsEmpty()) << "use record/run_paths.h";
}

TEST(StepFolder, IsReadBackAndNothingElseIs) {
  EXPECT_EQ(StepOfFolder(StepFolder(12)), 12);
  EXPECT_EQ(StepOfFolder("step_999999999999999999"), 999999999999999999);
  for (const char* name : {"step_", "step_x", "step_1a", "step_-1", "steps", "tmp_step_7", "step_1000000000000000000"})
    EXPECT_EQ(StepOfFolder(name), std::nullopt) << name;
}

}  // namespace
}  // namespace temper

// python/temper_runs over a run folder that Temper's own writers have written.
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "cluster/base/error.h"
#include "record/audit_file.h"
#include "record/audit_record.h"
#include "record/eval_files.h"
#include "record/metrics_file.h"
#include "record/run_json.h"
#include "record/run_paths.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

constexpr double kTime = 1795244400;  // 2026-11-21T07:00:00Z

void WriteMetrics(const std::string& path, const std::string& stage, int64_t step, double reward) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  StepRow row{.stage = stage, .step = step, .time = kTime};
  row.values["reward/mean"] = reward;
  ASSERT_EQ(MetricsFile(path, stage, step - 1).Write(row), "");
}

// A row for each set, as an evaluation writes them.
void WriteEvalMetrics(const std::string& path) {
  MetricsFile file(path, "eval", 0);
  for (const auto& [set, safety] : {std::pair{"dev", 0.5}, std::pair{"past_tense", 0.25}}) {
    StepRow row{.stage = "eval", .step = 2, .time = kTime};
    row.values[Concat("eval/", set, "/safety_mean")] = safety;
    ASSERT_EQ(file.Write(row), "");
  }
}

EvalSample Sample(const std::string& id, Severity severity, double safety) {
  EvalSample sample;
  sample.prompt_id = id;
  sample.intent = "benign";
  sample.response = "an answer\nof two lines";
  sample.grade.severity = severity;
  sample.grade.safety = safety;
  return sample;
}

void WriteEvaluation(const EvalPaths& paths, const std::vector<EvalSample>& samples, const std::vector<double>& rewards) {
  std::filesystem::create_directories(paths.folder());
  WriteEvalSamples(paths.Samples("dev"), samples);
  WriteEvalMeta(paths.Meta("dev"), {.weight_version = 2, .weight_hash = "ab", .samples_hash = "", .rewards = rewards});
}

void WriteAudit(const std::string& path) {
  AuditRecord used;
  used.step = 1;
  used.prompt_id = "p0";
  used.parts.usable = true;
  used.parts.reward = 0.5;
  used.parts.costs = {0.75};
  used.constraint_names = {"harm"};
  used.advantage = -1.5;
  AuditRecord failed;
  failed.step = 1;
  failed.prompt_id = "p0";
  failed.sample = 1;
  failed.grade.outcome = GradeOutcome::kTimeout;
  SinkFailures failures;
  AuditFile(path, 0, &failures).Write(AuditRecordToJson(used) + "\n" + AuditRecordToJson(failed) + "\n");
}

TEST(PythonReader, ReadsWhatARunLeaves) {
  const TempFolder folder;
  const RunPaths run(folder / "run");
  std::filesystem::create_directories(run.folder());
  RunDescription description;
  description.name = "written";
  description.seed = 7;
  description.arms = {{"one"}, {"two"}};
  WriteRunDescription(run.folder(), description);
  WriteMetrics(run.Sft().Metrics(), "sft", 1, 0);
  WriteMetrics(run.Arm("one").Metrics(), "rl", 1, 0.25);
  WriteMetrics(run.Arm("one").Metrics(), "rl", 2, std::nan(""));
  WriteEvalMetrics(run.Arm("one").EvalMetrics());
  WriteMetrics(run.Arm("two").Metrics(), "rl", 1, 1);
  WriteEvaluation(run.Arm("one").Eval(EvalTime::kStart), {Sample("p0", Severity::kNone, 1)}, {1});
  WriteEvaluation(run.Arm("one").Eval(EvalTime::kEnd), {Sample("p0", Severity::kModerate, 0.2), Sample("p1", Severity::kNone, 1)},
                  {0.125, std::nan("")});
  WriteAudit(run.Arm("one").Audit());

  const std::string command =
      Concat("cd ", TEMPER_SOURCE_DIR, "/tests/python && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=", TEMPER_SOURCE_DIR,
             "/python TEMPER_RUN=", run.folder(), " python3 -m unittest temper_runs_checks > ", folder / "said", " 2>&1");
  EXPECT_EQ(std::system(command.c_str()), 0) << ReadBytes(folder / "said");
  EXPECT_NE(ReadBytes(folder / "said").find("Ran 12 tests"), std::string::npos) << ReadBytes(folder / "said");
}

}  // namespace
}  // namespace temper

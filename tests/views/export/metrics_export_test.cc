#include "views/export/metrics_export.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MetricsExportTest : public ::testing::Test {
 protected:
  MetricsExportTest() : run_(folder_ / "r"), out_(folder_ / "out") {
    fs::create_directories(run_ + "/main/configs");
    fs::create_directories(run_ + "/sft");
    fs::create_directories(run_ + "/configs");
    WriteBytes(run_ + "/run.json", "{}");
    const std::string settings =
        "rl:\n  steps: 7\n  lr: 1e-05\nreward:\n  policy_spec: p.yaml\nrun:\n  name: \"7\"\n  deterministic: true\nstages: [sft, rl]\n"
        "data:\n  eval: {a: b.csv}\n";
    WriteBytes(run_ + "/configs/resolved.yaml", settings);
    WriteBytes(run_ + "/main/configs/resolved.yaml", settings);
    WriteBytes(run_ + "/sft/metrics.jsonl", R"({"stage":"sft","step":0,"time":"2026-11-21T07:00:00Z","actor/loss":2.5})"
                                            "\n");
    WriteBytes(run_ + "/main/metrics.jsonl",
               R"({"stage":"rl","step":0,"time":"2026-11-21T07:00:10Z","reward/mean":0.1,"actor/loss":1})"
               "\n"
               R"({"stage":"rl","step":1,"time":"2026-11-21T07:00:12Z","reward/mean":null,"nonfinite":["reward/mean"]})"
               "\n"
               R"({"stage":"rl","step":2,"ti)");  // being written
    WriteBytes(run_ + "/main/eval_metrics.jsonl", R"({"stage":"eval","step":1,"time":"2026-11-21T07:00:20Z","eval/dev/safe_rate":0.5})"
                                                  "\n");
  }
  std::vector<json> Lines(const std::string& file) const {
    std::vector<json> lines;
    std::istringstream text(ReadBytes(out_ + "/" + file));
    for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
    return lines;
  }
  std::string ErrorOf(const std::string& run) const {
    try {
      ExportMetrics(run, "csv", out_);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

  TempFolder folder_;
  std::string run_;
  std::string out_;
};

TEST_F(MetricsExportTest, CsvHasAColumnForEachMetricAndALineForEachStep) {
  EXPECT_THAT(ExportMetrics(run_, "csv", out_), HasSubstr("main.csv: 3 steps, 3 metrics\n"));
  EXPECT_EQ(ReadBytes(out_ + "/main.csv"),
            "stage,step,time,actor/loss,eval/dev/safe_rate,reward/mean\n"
            "rl,0,1795244410,1,,0.10000000000000001\n"
            "rl,1,1795244412,,,nan\n"
            "eval,1,1795244420,,0.5,\n");
  EXPECT_EQ(ReadBytes(out_ + "/sft.csv"), "stage,step,time,actor/loss\nsft,0,1795244400,2.5\n");
}

TEST_F(MetricsExportTest, WandbHasItsOwnWordsAndTheSettings) {
  ExportMetrics(run_, "wandb", out_);
  const auto history = Lines("main/history.jsonl");
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[0], json({{"_step", 0}, {"_timestamp", 1795244410}, {"_runtime", 0}, {"reward/mean", 0.1}, {"actor/loss", 1.0}}));
  EXPECT_EQ(history[1].at("reward/mean"), "NaN");
  EXPECT_EQ(history[1].at("_runtime"), 2);
  const json config = json::parse(ReadBytes(out_ + "/main/config.json"));
  EXPECT_EQ(config, json({{"rl.steps", 7},
                          {"rl.lr", 1e-5},
                          {"reward.policy_spec", "p.yaml"},
                          {"run.name", "7"},
                          {"run.deterministic", true},
                          {"stages", {"sft", "rl"}},
                          {"data.eval", {{"a", "b.csv"}}}}));
  EXPECT_EQ(json::parse(ReadBytes(out_ + "/main/summary.json")).at("actor/loss"), 1.0);
  EXPECT_THAT(ReadBytes(out_ + "/import_wandb.py"), HasSubstr("wandb.init"));
}

TEST_F(MetricsExportTest, NoRowOfWandbIsOfATimeBeforeTheRun) {
  WriteBytes(run_ + "/main/eval_metrics.jsonl", R"({"stage":"eval","step":0,"time":"2026-11-21T06:59:20Z","eval/dev/safe_rate":0.5})"
                                                "\n");
  ExportMetrics(run_, "wandb", out_);
  std::vector<int64_t> runtimes;
  for (const json& line : Lines("main/history.jsonl")) runtimes.push_back(line.at("_runtime"));
  EXPECT_THAT(runtimes, ElementsAre(0, 50, 52)) << "the evaluation before RL is the first";
}

TEST_F(MetricsExportTest, MlflowHasAValueALine) {
  ExportMetrics(run_, "mlflow", out_);
  EXPECT_THAT(Lines("main/metrics.jsonl"),
              ElementsAre(json({{"key", "actor/loss"}, {"value", 1.0}, {"timestamp", 1795244410000}, {"step", 0}}),
                          json({{"key", "reward/mean"}, {"value", 0.1}, {"timestamp", 1795244410000}, {"step", 0}}),
                          json({{"key", "eval/dev/safe_rate"}, {"value", 0.5}, {"timestamp", 1795244420000}, {"step", 1}})));
  EXPECT_EQ(json::parse(ReadBytes(out_ + "/sft/tags.json")).at("mlflow.runName"), "r/sft");
  EXPECT_EQ(json::parse(ReadBytes(out_ + "/sft/params.json")).at("rl.steps"), "7");
}

TEST_F(MetricsExportTest, SaysWhatIsWrongWithTheRun) {
  EXPECT_THAT(ErrorOf(folder_ / "nowhere"), HasSubstr("no run.json there"));
  WriteBytes(run_ + "/main/metrics.jsonl", "{\"stage\":\"rl\",\"step\":0}\n");
  EXPECT_THAT(ErrorOf(run_), HasSubstr("metrics.jsonl:1: not a row of metrics"));
  WriteBytes(run_ + "/main/metrics.jsonl", "{\"stage\":\"rl\",\"step\":0,\"time\":\"today\"}\n");
  EXPECT_THAT(ErrorOf(run_), HasSubstr("metrics.jsonl:1: \"today\" is not a time"));
  for (const char* file : {"main/metrics.jsonl", "main/eval_metrics.jsonl", "sft/metrics.jsonl"}) fs::remove(run_ + "/" + file);
  EXPECT_THAT(ErrorOf(run_), HasSubstr("no row of metrics yet"));
}

}  // namespace
}  // namespace temper

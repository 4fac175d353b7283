// Names become files and folders: none may lead out of the run's folder or onto what is there.
#include "orchestrator/config/names.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "orchestrator/config/experiment_config.h"
#include "record/run_paths.h"

namespace temper {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

const std::string kSmoke = std::string(TEMPER_SOURCE_DIR) + "/configs/smoke.yaml";

std::string ProblemOf(const std::vector<std::string>& overrides) {
  try {
    LoadExperiment(kSmoke, overrides);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none";
}

const std::vector<std::string> kBad = {"../../../escape",     "a/b", "/tmp/x",  "..",    ".", ".hidden",
                                       std::string(200, 'x'), "a b", "a\\\\nb", "\u00e4"};

TEST(Names, HaveOneRule) {
  for (const char* name : {"a", "safe_completion", "lr-1e-3", "v1.2", "A", "0"}) EXPECT_TRUE(IsName(name)) << name;
  EXPECT_TRUE(IsName(std::string(64, 'x')));
  for (const std::string& name : kBad) EXPECT_FALSE(IsName(name)) << name;
  for (const std::string& name :
       {std::string(), std::string("a\0b", 3), std::string("a\nb"), std::string("a\x1b[31m"), std::string(65, 'x')})
    EXPECT_FALSE(IsName(name)) << name;
}

TEST(Names, OfArmsAreCheckedWithTheConfig) {
  for (const std::string& name : kBad) {
    EXPECT_THAT(ProblemOf({"arms={a: {}, \"" + name + "\": {rl.steps: 2}}"}), HasSubstr("arms must have names of 1 to 64 characters"))
        << name;
  }
  EXPECT_THAT(ProblemOf({"arms={\"\": {rl.steps: 2}}"}), HasSubstr("arms"));
  EXPECT_EQ(ProblemOf({"arms={a: {}, b-2.c_d: {rl.steps: 2}}"}), "none");
}

TEST(Names, OfArmsAreNotThoseOfTheRunsOwnFiles) {
  const std::vector<std::string>& taken = RunPaths::TakenNames();
  for (const char* name : {"sft", "data", "logs", "configs", "tb", "traces", "slurm", "run.json", "provenance.json", "status.json", "epoch",
                           "cluster.jsonl", "rendezvous.json", "report.html", "report.json", "eval_cells.csv"})
    EXPECT_THAT(taken, Contains(name));
  for (const std::string& name : taken) {
    const std::string problem = "is the name of a file or folder of every run";
    EXPECT_THAT(ProblemOf({"arms={a: {}, " + name + ": {rl.steps: 2}}"}), HasSubstr("\"" + name + "\" " + problem));
    EXPECT_THAT(ProblemOf({"arms={a: {}, " + name + ".tmp: {rl.steps: 2}}"}), HasSubstr(problem));
  }
}

TEST(Names, OfEvaluationSetsAreCheckedWithTheConfig) {
  const std::vector<std::string> files = {"data.source=files", "data.path=p.jsonl"};
  for (const std::string& name : kBad) {
    std::vector<std::string> overrides = files;
    overrides.push_back("data.eval={\"" + name + "\": e.jsonl}");
    EXPECT_THAT(ProblemOf(overrides), HasSubstr("data.eval must have names of 1 to 64 characters")) << name;
  }
}

TEST(Names, OfRunsAreNotThoseOfWhatLiesBesideThem) {
  for (const char* name :
       {"index.html", "prometheus_targets", "report.html", "report.json", "comparison.csv", "eval_cells.csv", "a.old-1"}) {
    EXPECT_THAT(ProblemOf({std::string("run.name=") + name}), HasSubstr("run.name must not be one of ")) << name;
  }
}

}  // namespace
}  // namespace temper

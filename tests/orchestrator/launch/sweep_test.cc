// What runs a config with seeds: and sweep: stands for, and which mistakes are told where.
#include "orchestrator/launch/sweep.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "orchestrator/config/experiment_config.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class SweepTest : public ::testing::Test {
 protected:
  // A config of the smoke run with more in it, and its runs.
  Sweep Expand(const std::string& more, std::vector<std::string> overrides = {}) {
    WriteBytes(folder_ / "study.yaml", "defaults: [\"" TEMPER_SOURCE_DIR "/configs/smoke.yaml\"]\nrun: {name: study, dir: runs}\n" + more);
    overrides_ = overrides;
    return ExpandSweep(path(), overrides);
  }
  std::string ErrorOf(const std::string& more) {
    try {
      Expand(more);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  }
  Experiment Load(const SweepRun& run) {
    std::vector<std::string> all = overrides_;
    all.insert(all.end(), run.overrides.begin(), run.overrides.end());
    return LoadExperiment(path(), all);
  }
  std::string path() const { return folder_ / "study.yaml"; }

  TempFolder folder_;
  std::vector<std::string> overrides_;
};

std::vector<std::string> Names(const Sweep& sweep) {
  std::vector<std::string> names;
  for (const SweepRun& run : sweep.runs) names.push_back(run.name);
  return names;
}

TEST_F(SweepTest, WithoutSeedsOrSweepThereIsNoRunToChoose) {
  const Sweep sweep = Expand("");
  EXPECT_TRUE(sweep.runs.empty());
  EXPECT_EQ(sweep.folder, "runs/study");
  EXPECT_THROW(FindRun(sweep, "0"), ConfigError);
}

TEST_F(SweepTest, SeedsAreRunsWithFoldersOfTheirOwn) {
  const Sweep sweep = Expand("seeds: [1, 12]\n");
  EXPECT_THAT(Names(sweep), ElementsAre("seed_1", "seed_12"));
  EXPECT_EQ(sweep.runs[1].folder, "runs/study/seed_12");
  const Experiment run = Load(sweep.runs[1]);
  EXPECT_EQ(run.base.run.seed, 12);
  EXPECT_EQ(run.base.run.dir + "/" + run.base.run.name, "runs/study/seed_12");
  EXPECT_EQ(run.arms.size(), 2U);
  EXPECT_TRUE(run.base.seeds.empty());
}

TEST_F(SweepTest, AGridIsTheFullProductWithTheLastKeyFastestAndSeedsWithin) {
  const Sweep sweep = Expand("seeds: [1, 2]\nsweep:\n  grid:\n    rl.optimizer.lr: [1e-3, 5e-4]\n    rl.kl.coef: [0, 0.1, 0.2]\n");
  ASSERT_EQ(sweep.runs.size(), 12U);
  EXPECT_EQ(sweep.runs[0].name, "lr_1e-3-coef_0-seed_1");
  EXPECT_EQ(sweep.runs[1].name, "lr_1e-3-coef_0-seed_2");
  EXPECT_EQ(sweep.runs[2].name, "lr_1e-3-coef_0.1-seed_1");
  EXPECT_EQ(sweep.runs[11].name, "lr_5e-4-coef_0.2-seed_2");
  EXPECT_THAT(sweep.runs[11].settings, ElementsAre(Pair("rl.optimizer.lr", "5e-4"), Pair("rl.kl.coef", "0.2"), Pair("run.seed", "2")));
  const Experiment last = Load(sweep.runs[11]);
  for (const Arm& arm : last.arms) {
    EXPECT_EQ(arm.config.rl.optimizer.lr, 5e-4);
    EXPECT_EQ(arm.config.rl.loss.kl_coef, 0.2);
    EXPECT_EQ(arm.config.run.seed, 2);
  }
}

TEST_F(SweepTest, AListFollowsTheGridAndItsEntriesMaySetSeveralKeys) {
  const Sweep sweep = Expand("sweep:\n  grid: {rl.steps: [3]}\n  list:\n    - {rl.steps: 5, rollout.group_size: 8}\n    - {}\n");
  EXPECT_THAT(Names(sweep), ElementsAre("steps_3", "steps_5-group_size_8", "run_2"));
  EXPECT_EQ(Load(sweep.runs[1]).base.rollout.group_size, 8);
  EXPECT_EQ(Load(sweep.runs[2]).base.rl.steps, 4) << "the base itself";
}

TEST_F(SweepTest, NamesTellKeysWithTheSameLastWordApartAndHoldNoSeparators) {
  const Sweep sweep = Expand("sweep:\n  grid:\n    rl.optimizer.lr: [1e-3]\n    sft.optimizer.lr: [2e-3]\n    stages: [[sft, rl], [rl]]\n");
  EXPECT_THAT(Names(sweep), ElementsAre("rl.optimizer.lr_1e-3-sft.optimizer.lr_2e-3-stages_sft_rl",
                                        "rl.optimizer.lr_1e-3-sft.optimizer.lr_2e-3-stages_rl"));
  const Sweep paths = Expand("sweep:\n  grid: {policy.path: [/models/one/small, '']}\n");
  EXPECT_THAT(Names(paths), ElementsAre("path_small", "path_"));
  EXPECT_THAT(Names(Expand("sweep:\n  grid: {data.columns.response: ['be brief', \"" + std::string(80, 'x') + "\"]}\n")),
              ElementsAre("response_be_brief", "run_1"));
}

TEST_F(SweepTest, TheCommandLineMayGiveTheSeedsAndTheGrid) {
  EXPECT_THAT(Names(Expand("", {"seeds=[4,5]", "sweep.grid.rl.steps=[7]"})), ElementsAre("steps_7-seed_4", "steps_7-seed_5"));
  EXPECT_TRUE(Expand("seeds: [1, 2]\n", {"seeds=[]"}).runs.empty());
}

TEST_F(SweepTest, ARunIsFoundByNameOrIndex) {
  const Sweep sweep = Expand("seeds: [7, 0]\n");
  EXPECT_EQ(FindRun(sweep, "seed_0").name, "seed_0");
  EXPECT_EQ(FindRun(sweep, "0").name, "seed_7");
  EXPECT_EQ(FindRun(sweep, "1").name, "seed_0");
  for (const char* wrong : {"2", "-1", "", "seed_9", "99999999999999999999"}) EXPECT_THROW(FindRun(sweep, wrong), ConfigError) << wrong;
}

TEST_F(SweepTest, MistakesAreToldOnceAtTheirPlaceInTheFile) {
  const std::string at = path();
  EXPECT_EQ(ErrorOf("sweep:\n  grid:\n    rl.optimizer.lrr: [1, 2]\n"),
            at + ":5: rl.optimizer.lrr: unknown key; the nearest known one is rl.optimizer.lr");
  EXPECT_THAT(ErrorOf("sweep:\n  grid:\n    rl.steps: [1, many]\n"), HasSubstr(at + ":5: rl.steps: must be a whole number"));
  EXPECT_THAT(ErrorOf("sweep:\n  list:\n    - {rl.max_staleness: 1}\n"),
              HasSubstr(at + ":5: rl.max_staleness: run.deterministic: true needs rl.max_staleness: 0"));
  EXPECT_EQ(ErrorOf("seeds: [1, 2, 1]\n"), at + ":3:8: seeds must not name a seed twice: the same run would be made twice");
  EXPECT_THAT(ErrorOf("seeds: [1]\nsweep: {grid: {run.seed: [2]}}\n"), HasSubstr("run.seed is given here and by seeds"));
  EXPECT_THAT(ErrorOf("sweep: {grid: {run.name: [a, b]}}\n"), HasSubstr(at + ":3: sweep: run.name cannot vary"));
  EXPECT_THAT(ErrorOf("sweep: {grid: {rl.optimizer.lr: [1e-3, 0.001]}}\n"),
              HasSubstr(":3: sweep: runs lr_1e-3 and lr_0.001 have the same settings; leave one out"));
}

TEST_F(SweepTest, TooManyRunsAreRefusedBeforeAnyIsLoaded) {
  std::string values = "0";
  for (int i = 1; i < 101; ++i) values += ", " + std::to_string(i);
  const std::string error = ErrorOf("seeds: [" + values + "]\nsweep:\n  grid: {rl.steps: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}\n");
  EXPECT_EQ(error, path() + ":3: sweep: more than 1000 runs; take values out of sweep.grid, sweep.list or seeds");
}

TEST_F(SweepTest, ARunIsFinishedWhenItsFolderSaysSoWithTheSameSettings) {
  const std::vector<std::string> overrides = {"run.dir=" + folder_.path()};
  const SweepRun run = Expand("seeds: [1]\n", overrides).runs[0];
  EXPECT_FALSE(IsFinished(run, path(), overrides));
  std::filesystem::create_directories(run.folder);
  WriteBytes(run.folder + "/status.json", R"({"state": "running"})");
  EXPECT_FALSE(IsFinished(run, path(), overrides));
  for (const Arm& arm : Load(run).arms) {
    std::filesystem::create_directories(run.folder + "/" + arm.name + "/configs");
    WriteBytes(run.folder + "/" + arm.name + "/configs/resolved.yaml", arm.resolved.ToYaml());
  }
  EXPECT_FALSE(IsFinished(run, path(), overrides)) << "still running";
  WriteBytes(run.folder + "/status.json", R"({"state": "done"})");
  EXPECT_TRUE(IsFinished(run, path(), overrides));
  EXPECT_FALSE(IsFinished(run, path(), {overrides[0], "rl.steps=9"})) << "the config has changed since";
  WriteBytes(run.folder + "/status.json", "torn");
  EXPECT_FALSE(IsFinished(run, path(), overrides));
}

}  // namespace
}  // namespace temper

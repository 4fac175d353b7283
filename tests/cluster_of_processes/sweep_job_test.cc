// A config that stands for several runs: each in its folder, what is done is skipped, one that fails does not stop the others.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/cluster_of_processes/tiny_job.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

constexpr Seconds kDeadline(120);
constexpr int kConfigError = 78;

const std::vector<std::string> kShort = {"sft.steps=30", "rl.steps=2", "checkpoint.every=2", "eval.prompts_per_set=6"};

int Launch(TinyJob* job) {
  const auto process = job->StartLaunch();
  return job->Finish(process.get(), kDeadline);
}

nlohmann::json ReadJson(const std::string& path) { return nlohmann::json::parse(ReadText(path), nullptr, false); }

TEST(Sweep, RunsEachSeedComparesThemAndSkipsWhatIsDone) {
  TinyJob job("seeds", kShort);
  job.overrides.push_back("seeds=[4,5]");
  ASSERT_EQ(Launch(&job), 0) << job.output();
  for (const std::string run : {"seed_4", "seed_5"}) {
    EXPECT_EQ(ReadJson(job.folder() + "/" + run + "/status.json")["state"], "done");
    EXPECT_EQ(ReadJson(job.folder() + "/" + run + "/run.json")["seed"], run == "seed_4" ? 4 : 5);
    const auto provenance = ReadJson(job.folder() + "/" + run + "/provenance.json");
    EXPECT_EQ(provenance["attempts"][0]["exit_code"], 0);
    EXPECT_EQ(provenance["inputs"]["policy_spec"].size(), 1U);
    EXPECT_GE(provenance["inputs"]["data"].size(), 5U) << "the files of the built-in world";
  }
  EXPECT_EQ(CountOf("  main: seeds 4, 5\n", job.output()), 1) << job.output();
  const auto report = ReadJson(job.folder() + "/report.json");
  EXPECT_EQ(report["kind"], "comparison");
  EXPECT_EQ(report["cells"]["main"]["dev"]["all"]["safety"]["runs"].size(), 2U);

  const std::string index = ReadText(job.folder() + "/index.html");
  EXPECT_EQ(CountOf("2 runs: 2 done", index), 1);
  EXPECT_EQ(CountOf("<a href=\"seed_4/report.html\">seed_4</a>", index), 1);
  EXPECT_EQ(CountOf("<a href=\"report.html\">compared</a>", index), 1);

  // Once more with a third one: only that is run.
  job.overrides.back() = "seeds=[4,5,6]";
  ASSERT_EQ(Launch(&job), 0) << job.output();
  EXPECT_EQ(CountOf("temper launch: run ", job.output()), 1) << job.output();
  EXPECT_EQ(CountOf("run.seed=4  done before\n", job.output()), 1) << job.output();
  EXPECT_EQ(CountOf("run.seed=6  done\n", job.output()), 1) << job.output();
  EXPECT_EQ(ReadText(job.folder() + "/seed_4/epoch"), "1\n");
}

TEST(Sweep, ARunThatFailsIsToldAndTheRestGoesOn) {
  TinyJob job("lists", kShort);
  // That the file is missing shows when the run starts, not before.
  job.overrides.push_back("sweep.list=[{policy.path: /nowhere/model}, {rl.steps: 1}]");
  EXPECT_EQ(Launch(&job), kConfigError);
  EXPECT_EQ(CountOf("temper launch: run path_model failed with exit code 78; going on with the next\n", job.output()), 1) << job.output();
  EXPECT_EQ(ReadJson(job.folder() + "/steps_1/status.json")["state"], "done") << job.output();
}

TEST(Sweep, DoesNotMixItsRunsIntoTheFolderOfASingleOne) {
  TinyJob job("single", kShort);
  job.overrides.push_back("seeds=[4,5]");
  fs::create_directories(job.folder());
  std::ofstream(job.folder() + "/run.json") << "{}";
  EXPECT_EQ(Launch(&job), kConfigError);
  EXPECT_EQ(job.output(), "temper: " + job.folder() +
                              " is the folder of a single run; give the runs of seeds: and sweep: another one with run.name=...\n");
}

TEST(Sweep, OneRunIsChosenByIndexOrNameAndAllAreListed) {
  TinyJob job("chosen", kShort);
  job.overrides.push_back("seeds=[4,5]");
  job.overrides.push_back("--dry-run");
  ASSERT_EQ(Launch(&job), 0);
  EXPECT_EQ(job.output(), "2 runs in " + job.folder() + "\n    0  seed_4  run.seed=4\n    1  seed_5  run.seed=5\n");
  job.overrides.push_back("--member=1");
  ASSERT_EQ(Launch(&job), 0);
  EXPECT_EQ(CountOf("run.name=seed_5", job.output()), 1) << job.output();
  job.overrides.back() = "--member=seed_7";
  EXPECT_EQ(Launch(&job), kConfigError);
  EXPECT_EQ(CountOf("--member seed_7: the config is 2 runs, 0 to 1", job.output()), 1) << job.output();
}

}  // namespace
}  // namespace temper::testing

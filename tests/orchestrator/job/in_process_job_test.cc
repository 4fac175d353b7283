// Whole jobs in this process: the orchestrator's job code, stages, bus and workers, without ranks around them.
#include "orchestrator/job/in_process_job.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

// tiny.yaml with few steps.
class InProcessJob : public testing::Test {
 protected:
  JobEnd Run(const std::string& name, std::vector<std::string> overrides = {}, const std::string& resume = "auto") {
    overrides.insert(overrides.begin(), {"run.dir=" + folder_.path(), "run.name=" + name, "sft.steps=40", "rl.steps=2",
                                         "cluster.weight_folder=" + folder_.path() + "/weights", "monitor.progress=none"});
    return RunInProcess(LoadExperiment(TEMPER_SOURCE_DIR "/tests/cluster_of_processes/tiny.yaml", overrides), resume);
  }
  std::string Read(const std::string& file) const { return ReadFile(folder_.path() + "/" + file); }
  std::string Weights(const std::string& name) const { return Read(name + "/main/weights/step_2/model.safetensors"); }

  const TempFolder folder_;
};

TEST_F(InProcessJob, RunsToItsEndAndDoesNothingTwice) {
  const JobEnd end = Run("tiny");
  EXPECT_EQ(end.exit_code, kExitDone);
  EXPECT_EQ(end.attempt, 1);
  const auto status = nlohmann::json::parse(Read("tiny/status.json"));
  EXPECT_EQ(status.at("state"), "done");
  EXPECT_TRUE(status.at("warnings").empty()) << status.at("warnings");
  const std::string weights = Weights("tiny");
  EXPECT_EQ(Run("tiny").attempt, 2);
  EXPECT_EQ(Weights("tiny"), weights);
}

TEST_F(InProcessJob, GivesTheSameBitsForTwoRolloutWorkersAndOverRemoteWeights) {
  Run("one");
  Run("two", {"cluster.rollout_workers=2", "cluster.weight_transport=zeromq"});
  EXPECT_EQ(Weights("one"), Weights("two"));
}

TEST_F(InProcessJob, AMonitorSteersNothingAndIsHeard) {
  const std::string spec = TEMPER_SOURCE_DIR "/configs/policies/apothecary.yaml";
  Run("one");
  Run("monitored", {"reward.graders=[{name: rules, type: rule, policy_spec: " + spec +
                    "}, {name: examiner, type: rule, policy_spec: " + spec + ", gives: [safety], role: monitor}]"});
  EXPECT_EQ(Weights("one"), Weights("monitored"));
  const std::string metrics = Read("monitored/main/metrics.jsonl");
  EXPECT_THAT(metrics, testing::HasSubstr("\"graders/unsafe_examiner\""));
  EXPECT_THAT(metrics, testing::HasSubstr("\"graders/mean_rules.helpfulness_direct\""));
  EXPECT_THAT(Read("monitored/main/audit.jsonl"), testing::HasSubstr("\"examiner\":{\"id\":\"rule/"));
  EXPECT_THAT(Read("monitored/main/eval/dev.jsonl"), testing::HasSubstr("\"verdicts\":[{\"grader\":\"rules\""));
  EXPECT_THAT(Read("monitored/run.json"), testing::HasSubstr("rule/examiner (monitor)"));
}

TEST_F(InProcessJob, AnEvaluationBetweenStepsChangesNoBitOfThePolicy) {
  Run("one");
  Run("watched", {"eval.every=1", "eval.every_prompts=2"});
  EXPECT_EQ(Weights("one"), Weights("watched"));
  const std::string metrics = Read("watched/main/metrics.jsonl");
  const std::string first = metrics.substr(0, metrics.find('\n'));
  EXPECT_THAT(first, testing::HasSubstr("\"during/dev/utility\""));
  EXPECT_THAT(first, testing::HasSubstr("\"during/dev/safety_low\""));
  EXPECT_THAT(metrics.substr(first.size()), testing::Not(testing::HasSubstr("during/")))
      << "the last step's policy has an evaluation of its own";
}

TEST_F(InProcessJob, SeveralLearnersAreRefused) {
  try {
    Run("learners", {"cluster.learners=2"});
    ADD_FAILURE() << "it ran";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("cluster.learners: 2"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/learners")) << "before anything was made";
}

TEST_F(InProcessJob, WhatIsWrongWithTheInputIsToldToTheStatus) {
  WriteBytes(folder_ / "rows.jsonl", "{\"prompt\": \"\"}\n");
  EXPECT_THROW(Run("input", {"data.source=files", "data.path=" + (folder_ / "rows.jsonl"), "eval.sets=[]"}), ConfigError);
  EXPECT_EQ(nlohmann::json::parse(Read("input/status.json")).at("state"), "failed");
}

}  // namespace
}  // namespace temper

// Whole jobs in this process: the orchestrator's job code, stages, bus and workers, without ranks around them.
#include "orchestrator/job/in_process_job.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "record/best_file.h"
#include "record/gold_file.h"
#include "record/journal.h"
#include "reward/graders/rule_grader.h"
#include "tests/support/temp_folder.h"
#include "world/world.h"

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

TEST_F(InProcessJob, SaysWhatWasReadAndWhatAnEarlierStartHasDone) {
  const auto output_of = [&] {
    testing::internal::CaptureStdout();
    Run("told", {"checkpoint.every=1", "monitor.progress=plain"});
    return testing::internal::GetCapturedStdout();
  };
  const std::string first = output_of(), weights = Weights("told");
  EXPECT_THAT(first, testing::ContainsRegex("data: [0-9]+ training prompts \\([^)]+\\), [0-9]+ demonstrations, evaluation set: dev [0-9]+\n"
                                            "prompts: the bare text\n"));
  EXPECT_THAT(first, testing::Not(testing::HasSubstr("an earlier start")));
  EXPECT_THAT(output_of(), testing::HasSubstr("done by an earlier start: SFT (40 steps), evaluation of the start of main, "
                                              "RL of main (2 steps), evaluation of main\n"));
  std::filesystem::remove_all(folder_ / "told/main/weights");
  const std::string resumed = output_of();
  EXPECT_THAT(resumed, testing::HasSubstr("done by an earlier start: SFT (40 steps), evaluation of the start of main\n"));
  EXPECT_THAT(resumed, testing::ContainsRegex("rl main: goes on at step 2 of 2 from .*/told/main/checkpoints/step_1\n"));
  EXPECT_EQ(Weights("told"), weights);
}

TEST_F(InProcessJob, GivesTheSameBitsForTwoRolloutWorkersAndOverRemoteWeights) {
  Run("one");
  Run("two", {"cluster.rollout_workers=2", "cluster.weight_transport=zeromq"});
  EXPECT_EQ(Weights("one"), Weights("two"));
}

// Answers of the built-in world, labelled by its own policy spec: the grader is right about all of them.
std::string GoldOfTheWorld() {
  std::vector<GradeRequest> requests;
  for (const WorldExample& each : FirstDemonstrations(WorldOptions{}, 60)) requests.push_back({each.prompt, each.response, ""});
  const auto rules = MakeRuleGrader(LoadPolicySpec(TEMPER_SOURCE_DIR "/configs/policies/apothecary.yaml"));
  const std::vector<Grade> grades = GradeAll(rules.get(), requests, 60);
  std::string rows;
  for (size_t i = 0; i < requests.size(); ++i) {
    rows += nlohmann::json({{"prompt", requests[i].prompt},
                            {"response", requests[i].response},
                            {"label", grades[i].severity == Severity::kNone ? "no" : "yes"}})
                .dump() +
            "\n";
  }
  return rows;
}

TEST_F(InProcessJob, GoldProbesRideAlongAndNothingIsLearnedFromThem) {
  WriteBytes(folder_ / "gold.jsonl", GoldOfTheWorld());
  Run("without");
  EXPECT_EQ(Run("with", {"reward.gold.path=" + (folder_ / "gold.jsonl")}).exit_code, kExitDone);
  EXPECT_EQ(Weights("with"), Weights("without"));
  const GoldRecord gold = GoldRecordFromText(Read("with/main/gold.jsonl"));
  ASSERT_TRUE(gold.baseline);
  EXPECT_EQ(gold.baseline->rows, 60);
  EXPECT_EQ(gold.baseline->wrong, 0);
  ASSERT_EQ(gold.steps.size(), 2U);
  EXPECT_EQ(gold.steps[1].probes, 32);
  EXPECT_EQ(gold.steps[1].wrong, 0);
  EXPECT_TRUE(SummarizeJournal(folder_.path() + "/with/main/journal/journal.bin").violations.empty())
      << "the journal does not hear of them";
}

TEST_F(InProcessJob, AGraderThatTurnsItsVerdictsEndsTheRun) {
  WriteBytes(folder_ / "gold.jsonl", GoldOfTheWorld());
  const JobEnd end = Run("drift", {"rl.steps=8", "reward.gold.path=" + (folder_ / "gold.jsonl"), "reward.gold.on_drift=stop",
                                   "reward.noise.flip_safe=0.3", "reward.noise.flip_unsafe=0.3", "reward.noise.from_step=3"});
  EXPECT_EQ(end.exit_code, kExitUnhealthy);
  const GoldRecord gold = GoldRecordFromText(Read("drift/main/gold.jsonl"));
  EXPECT_TRUE(gold.steps.back().alarm);
  EXPECT_GE(gold.steps.back().step, 3);
  EXPECT_LT(gold.steps.back().step, 8) << "within five steps";
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
  EXPECT_THAT(Read("monitored/run.json"), testing::HasSubstr("\"steers\": false"));
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

// The step of the best value of a metric in the rows of a run, the earliest of equals; steps count updates that are done.
int64_t StepOfBest(const std::string& metrics, const std::string& name, bool lower) {
  std::istringstream lines(metrics);
  int64_t step = 0, best = 0;
  double value = 0;
  for (std::string line; std::getline(lines, line);) {
    const double here = nlohmann::json::parse(line).at(name).get<double>();
    ++step;
    if (best > 0 && (lower ? here >= value : here <= value)) continue;
    best = step;
    value = here;
  }
  return best;
}

TEST_F(InProcessJob, KeepsThePolicyOfTheStepWhoseFigureWasBest) {
  const std::string name = "during/dev/utility";
  const std::string sft = "sft.steps=300";  // after fewer all rewards are 0, and no step changes the policy
  Run("one", {sft});
  for (const char* better : {"higher", "lower"}) {
    Run(better, {sft, "eval.every=1", "eval.every_prompts=4", "eval.best.figure=" + name, Concat("eval.best.better=", better)});
    EXPECT_EQ(Weights(better), Weights("one")) << "the choice changes no bit of the policy";
    const std::string arm = folder_.path() + "/" + better + "/main";
    const std::optional<BestStep> best = ReadBestStep(StagePaths(arm));
    ASSERT_TRUE(best);
    EXPECT_EQ(best->step, StepOfBest(Read(Concat(better, "/main/metrics.jsonl")), name, better == std::string("lower")));
    EXPECT_TRUE(best->interval);
    EXPECT_EQ(best->evaluations, 2) << "the last step's policy is one of those that the best is chosen of";
    EXPECT_EQ(best->stopped_at, 0);
    const std::string kept = Read(Concat(better, "/main/best/step_", best->step, "/model.safetensors"));
    EXPECT_EQ(kept == Weights(better), best->step == 2);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(arm + "/best"), {}), 1) << "the best policy alone";
  }
}

TEST_F(InProcessJob, EndsAnArmAfterEvaluationsThatWereNotBetter) {
  const std::vector<std::string> overrides = {"rl.steps=12", "eval.every=1", "eval.every_prompts=2", "eval.best.figure=during/dev/utility",
                                              "eval.stop_after=1"};
  const JobEnd end = Run("early", overrides);
  EXPECT_EQ(end.exit_code, kExitDone);
  const StagePaths arm(folder_.path() + "/early/main");
  const BestStep best = ReadBestStep(arm).value();
  ASSERT_GT(best.stopped_at, 1);
  ASSERT_LT(best.stopped_at, 12) << "twelve evaluations, each better than the one before";
  EXPECT_EQ(best.step, best.stopped_at - 1);
  const std::string metrics = Read("early/main/metrics.jsonl");
  EXPECT_EQ(std::count(metrics.begin(), metrics.end(), '\n'), best.stopped_at);
  EXPECT_TRUE(std::filesystem::exists(arm.Weights(best.stopped_at) + "/model.safetensors"));
  EXPECT_TRUE(std::filesystem::exists(arm.BestWeights(best.step) + "/model.safetensors"));
  const auto status = nlohmann::json::parse(Read("early/status.json"));
  EXPECT_EQ(status.at("state"), "done");
  EXPECT_THAT(Read("early/main/eval/dev.meta.json"), testing::HasSubstr(Concat("\"weight_version\":", best.stopped_at)));
  const JournalSummary journal = SummarizeJournal(arm.Journal());
  EXPECT_TRUE(journal.violations.empty());
  EXPECT_EQ(journal.consumed_steps, best.stopped_at);
  EXPECT_EQ(Run("early", overrides).exit_code, kExitDone) << "nothing is left to do";
  EXPECT_EQ(Read("early/main/metrics.jsonl"), metrics);
  EXPECT_EQ(ReadBestStep(arm), best);
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

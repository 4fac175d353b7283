// The figures of evaluations during training, and the settings that name one.
#include "orchestrator/config/during_figures.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "orchestrator/config/experiment_config.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kSpec = TEMPER_SOURCE_DIR "/configs/policies/apothecary.yaml";

class BestFigure : public ::testing::Test {
 protected:
  // What is said of a job with this section eval, which begins on line 2.
  std::string ProblemOf(const std::string& eval, const std::string& graders = "") const {
    WriteBytes(folder_ / "job.yaml", Concat("reward: {policy_spec: ", kSpec, graders, "}\neval:\n", eval));
    try {
      LoadExperiment(folder_ / "job.yaml", {});
      return "none";
    } catch (const ConfigError& error) {
      return error.what();
    }
  }
  const TempFolder folder_;
};

TEST_F(BestFigure, IsOneThatTheJobHas) {
  EXPECT_EQ(ProblemOf("  every: 2\n  sets: [dev]\n  best: {figure: during/dev/utility}\n"), "none");
  EXPECT_EQ(ProblemOf("  every: 2\n  sets: [dev]\n  best: {figure: during/dev/safety_low, better: lower}\n  stop_after: 3\n"), "none");
  EXPECT_EQ(ProblemOf("  every: 2\n  best: {figure: during/held_out_topics/over_refusal}\n"), "none") << "the first of all sets but dev";
  EXPECT_THAT(
      ProblemOf("  every: 2\n  sets: [dev]\n  best:\n    figure: during/dev/reward\n"),
      AllOf(HasSubstr("job.yaml:6:13: eval.best.figure must be a figure of this job's evaluations"),
            HasSubstr("(_low, _high): during/dev/safety, during/dev/help_given_safe, during/dev/over_refusal, during/dev/utility")));
  EXPECT_THAT(ProblemOf("  every: 2\n  sets: [dev, past_tense]\n  best: {figure: during/past_tense/utility}\n"),
              HasSubstr("during/dev/safety"))
      << "the first set alone is evaluated during training";
  EXPECT_EQ(ProblemOf("  every: 2\n  sets: [dev, past_tense]\n  every_sets: [past_tense]\n  best: {figure: during/past_tense/utility}\n"),
            "none");
}

TEST_F(BestFigure, MayBeOfAGraderThatJudgesHarm) {
  const std::string two = Concat(", graders: [{name: rules, type: rule, policy_spec: ", kSpec,
                                 "}, {name: mode, type: rule, policy_spec: ", kSpec, ", gives: [mode]}]");
  EXPECT_EQ(ProblemOf("  every: 2\n  best: {figure: during/held_out_topics/unsafe_by_rules_high, better: lower}\n", two), "none");
  EXPECT_THAT(ProblemOf("  every: 2\n  best: {figure: during/held_out_topics/unsafe_by_mode}\n", two), HasSubstr("unsafe_by_rules"));
}

TEST_F(BestFigure, NeedsEvaluationsAndIsNeeded) {
  EXPECT_THAT(ProblemOf("  sets: [dev]\n  best:\n    figure: during/dev/utility\n"),
              HasSubstr("job.yaml:5:13: eval.best.figure needs eval.every"));
  EXPECT_THAT(ProblemOf("  every: 2\n  stop_after: 3\n"), HasSubstr("job.yaml:4:15: eval.stop_after needs eval.best.figure"));
  EXPECT_THAT(ProblemOf("  every: 2\n  best: {figure: during/held_out_topics/safety, better: wide}\n"), HasSubstr("higher"));
}

TEST(DuringFigures, AreOfTheSetsThatAreEvaluatedDuringTraining) {
  EvalConfig eval;
  DataConfig data;
  EXPECT_THAT(SetsDuring(eval, data), ElementsAre("held_out_topics"));
  eval.sets = {"past_tense", "dev"};
  EXPECT_THAT(SetsDuring(eval, data), ElementsAre("past_tense"));
  eval.every_sets = {"dev", "past_tense"};
  EXPECT_THAT(SetsDuring(eval, data), ElementsAre("past_tense", "dev")) << "in the order of eval.sets";
  data.source = DataSource::kFiles;
  data.eval = {{"mine", "a.csv"}};
  EXPECT_THAT(SetsDuring({}, data), ElementsAre("mine"));
  EXPECT_EQ(DuringName("mine", "utility"), "during/mine/utility");
}

}  // namespace
}  // namespace temper

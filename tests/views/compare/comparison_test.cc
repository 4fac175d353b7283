// Which runs count as seeds of one condition, which pairs are compared, and what the comparison prints.
#include "views/compare/comparison.h"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "evaluation/intervals.h"
#include "tests/views/report_fixture.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::ThrowsMessage;

constexpr const char* kLr = "rl.optimizer.lr";

// A run of one arm whose answers to every prompt are safe as given: safe[p][c] of prompt p, completion c. The prompts' texts begin with
// `texts`.
RunRecord RunOf(uint64_t seed, const std::string& lr, const std::vector<std::vector<int>>& safe, const std::string& texts = "tell ") {
  RunRecord record;
  record.name = Concat("lr_", lr, "-seed_", seed);
  record.seed = seed;
  record.grader = {"rule/small", "words"};
  ArmRecord arm;
  arm.name = "main";
  arm.settings = {{kLr, lr}, {"run.name", record.name}, {"run.seed", Concat(seed)}, {"rl.steps", "80"}};
  for (size_t p = 0; p < safe.size(); ++p) {
    for (const int is_safe : safe[p]) {
      EvalSample sample;
      sample.prompt_id = Concat("p", p);
      sample.intent = "benign";
      sample.prompt = Concat(texts, p);
      sample.grade.severity = is_safe == 1 ? Severity::kNone : Severity::kHigh;
      sample.grade.safety = is_safe;
      sample.grade.helpfulness = 0.5;
      arm.evaluations["dev"].push_back(sample);
    }
  }
  record.arms.push_back(std::move(arm));
  return record;
}

const RunsFigure& SafetyOf(const RunsSets& sets) { return sets.at("dev").at("all").at("safety"); }

TEST(Conditions, RunsThatDifferInTheirSeedAloneAreOne) {
  const std::vector<RunRecord> records = {RunOf(2, "1e-3", {{1}}), RunOf(1, "5e-4", {{1}}), RunOf(1, "1e-3", {{1}}),
                                          RunOf(2, "5e-4", {{1}})};
  const auto conditions = ConditionsOf(records);
  ASSERT_EQ(conditions.size(), 2U);
  EXPECT_EQ(conditions[0].name, "lr=1e-3");
  EXPECT_EQ(conditions[0].runs[0].run, 2U) << "by seed";
  EXPECT_EQ(conditions[0].runs[1].run, 0U);
  EXPECT_EQ(conditions[1].name, "lr=5e-4");
  const auto settings = DifferingSettings(records, conditions);
  ASSERT_EQ(settings.size(), 1U);
  EXPECT_EQ(settings[0].key, kLr);
  EXPECT_THAT(settings[0].values, ElementsAre("1e-3", "5e-4"));
}

TEST(Conditions, ArmsKeepTheirNamesUntilOneNameStandsForTwo) {
  std::vector<RunRecord> records = {DrawRun(1, 3, 3), DrawRun(2, 3, 3)};
  auto conditions = ConditionsOf(records);
  ASSERT_EQ(conditions.size(), 2U);
  EXPECT_EQ(conditions[0].name, "safe_completion");
  EXPECT_EQ(conditions[1].runs.size(), 2U);
  EXPECT_THAT(DifferingSettings(records, conditions), IsEmpty());
  for (RunRecord& record : records) {
    for (ArmRecord& arm : record.arms) arm.settings = {{kLr, record.seed == 1 ? "1e-3" : "5e-4"}};
  }
  conditions = ConditionsOf(records);
  ASSERT_EQ(conditions.size(), 4U);
  EXPECT_EQ(conditions[3].name, "refusal lr=5e-4");
  records[1].arms[1].name = "strict";
  EXPECT_EQ(ConditionsOf(records)[3].name, "strict");
}

TEST(Conditions, OneRunDoneTwiceIsRefusedUnlessRunsAreNotRepeatable) {
  std::vector<RunRecord> records = {RunOf(1, "1e-3", {{1}}), RunOf(1, "1e-3", {{1}})};
  EXPECT_THAT([&] { ConditionsOf(records); }, ThrowsMessage<Error>(HasSubstr("have the same settings and the same seed 1")));
  for (RunRecord& record : records) record.arms[0].settings["run.deterministic"] = "false";
  EXPECT_EQ(ConditionsOf(records)[0].runs.size(), 2U);
  EXPECT_THAT([] { ConditionsOf({}); }, ThrowsMessage<Error>(HasSubstr("no run to compare")));
}

TEST(Conditions, PairsAreOfOneSeedOrElseInOrder) {
  const std::vector<RunRecord> records = {RunOf(1, "a", {{1}}), RunOf(2, "a", {{1}}), RunOf(2, "b", {{1}}), RunOf(5, "b", {{1}}),
                                          RunOf(8, "c", {{1}})};
  const auto conditions = ConditionsOf(records);
  const auto same = PairRuns(records, conditions[0], conditions[1]);
  ASSERT_EQ(same.size(), 1U);
  EXPECT_EQ(same[0].first.run, 1U);
  EXPECT_EQ(same[0].second.run, 2U);
  const auto none = PairRuns(records, conditions[0], conditions[2]);
  ASSERT_EQ(none.size(), 1U);
  EXPECT_EQ(none[0].first.run, 0U);
}

TEST(Comparison, MeansOverSeedsWithPromptsOfTheirOwn) {
  // Safe: 2 of 4, 3 of 4 and 4 of 4: mean 0.75, s = 0.25, standard error 0.144338, t(2) = 4.30265.
  const std::vector<RunRecord> records = {RunOf(1, "a", {{1, 1}, {0, 0}}, "one "), RunOf(2, "a", {{1, 1}, {1, 0}}, "two "),
                                          RunOf(3, "a", {{1, 1}, {1, 1}}, "three ")};
  const RunsComparison comparison = CompareRuns(records);
  const RunsFigure& safety = SafetyOf(comparison.cells[0]);
  EXPECT_FALSE(safety.shared_prompts);
  EXPECT_THAT(safety.values(), ElementsAre(0.5, 0.75, 1.0));
  EXPECT_DOUBLE_EQ(safety.over.mean, 0.75);
  EXPECT_NEAR(0.75 - safety.over.low, 0.621034, 1e-5);
  EXPECT_EQ(safety.over.high, 1) << "a share goes no higher";
  EXPECT_THAT(comparison.differences, IsEmpty());
  EXPECT_THAT(IntervalNote(comparison), HasSubstr("Student's t over the runs, each with prompts of its own"));
}

TEST(Comparison, SharedPromptsAddTheirVariance) {
  std::vector<std::vector<int>> safe(20, {1, 1});
  for (size_t i = 0; i < 5; ++i) safe[i] = {0, 0};
  const RunRecord first = RunOf(1, "a", safe);
  safe[9] = {1, 0};
  const std::vector<RunRecord> records = {first, RunOf(2, "a", safe)};
  const RunsFigure safety = SafetyOf(CompareRuns(records).cells[0]);
  EXPECT_TRUE(safety.shared_prompts);
  const Estimate seeds_alone = IntervalOverRuns(safety.runs, nullptr, kShareScale);
  EXPECT_DOUBLE_EQ(safety.over.mean, seeds_alone.mean);
  EXPECT_NE(safety.over.low, seeds_alone.low);
}

TEST(Comparison, DifferencesArePairedBySeedAndPrompt) {
  // Of each prompt b is safe half as often: the difference is 0.5, with what two prompts that agree leave open.
  const std::vector<RunRecord> records = {RunOf(1, "a", {{1, 1}, {1, 1}}), RunOf(1, "b", {{1, 0}, {0, 1}})};
  const RunsComparison comparison = CompareRuns(records);
  const RunsFigure& difference = SafetyOf(comparison.differences[0]);
  EXPECT_DOUBLE_EQ(difference.over.mean, 0.5);
  EXPECT_LT(difference.over.low, 0);
  EXPECT_GT(difference.over.high, 0.9);
  EXPECT_EQ(difference.num_positive(), 0);
  EXPECT_FALSE(difference.over.settled);
}

TEST(Comparison, PromptsOfOneIdWithOtherTextsAreNotPaired) {
  const std::vector<RunRecord> records = {RunOf(1, "a", {{1}, {1}}, "one "), RunOf(2, "b", {{0}, {1}}, "two ")};
  const RunsComparison comparison = CompareRuns(records);
  EXPECT_THAT(comparison.differences[0], IsEmpty());
  EXPECT_EQ(SafetyOf(comparison.cells[1]).over.mean, 0.5);
}

// Figures before RL that are the first run's alone must not look like everybody's.
TEST(Comparison, StartsThatDifferAreNotShownAsOne) {
  std::vector<RunRecord> records = {RunOf(1, "a", {{1, 1}, {1, 1}}), RunOf(1, "b", {{1, 0}, {0, 1}})};
  for (RunRecord& record : records) record.arms[0].evaluations["start/dev"] = RunOf(1, "a", {{1, 0}, {1, 1}}).arms[0].evaluations["dev"];
  EXPECT_EQ(SafetyOf(CompareRuns(records).start).over.mean, 0.75);
  records[1].arms[0].evaluations["start/dev"] = RunOf(1, "a", {{0, 0}, {1, 1}}).arms[0].evaluations["dev"];
  const RunsComparison comparison = CompareRuns(records);
  EXPECT_THAT(comparison.start, IsEmpty());
  EXPECT_THAT(RenderText(comparison), AllOf(Not(HasSubstr("before RL  ")), HasSubstr("differ on dev before RL already")));
}

TEST(Comparison, OverTheArmsOfSeveralRuns) {
  const std::vector<RunRecord> records = {DrawRun(1, 24, 24), DrawRun(2, 24, 24), DrawRun(3, 24, 24)};
  const RunsComparison comparison = CompareRuns(records);
  double sum = 0;
  for (const RunRecord& record : records)
    sum += BuildReport(record).arms[0].evaluations.at("past_tense").by_intent.at("dual_use").utility.mean;
  EXPECT_DOUBLE_EQ(comparison.cells[0].at("past_tense").at("dual_use").at("utility").over.mean, sum / 3);
  EXPECT_EQ(comparison.differences[0].at("held_out_topics").at("malicious").at("help_given_safe").num_positive(), 3);
  EXPECT_FALSE(comparison.cells[0].at("past_tense").at("malicious").at("over_refusal").present());
  EXPECT_EQ(comparison.start.at("held_out_topics").at("all").at("safety").runs.size(), 3U);
}

TEST(Comparison, MarksWhatIsSettledWhereManyAreCompared) {
  // 40 prompts: a always safe, b never. Each difference alone and all together leave no doubt.
  const std::vector<RunRecord> records = {RunOf(1, "a", std::vector<std::vector<int>>(40, {1, 1})),
                                          RunOf(1, "b", std::vector<std::vector<int>>(40, {0, 0}))};
  const RunsComparison comparison = CompareRuns(records);
  EXPECT_TRUE(SafetyOf(comparison.differences[0]).over.settled);
  EXPECT_THAT(RenderText(comparison), HasSubstr("+1.00 [+0.8"));
  EXPECT_THAT(RenderText(comparison), HasSubstr(",+1.00]*"));
}

TEST(Comparison, RisesOfRunsTooShortToTellHaveNoInterval) {
  std::vector<RunRecord> records = {RunOf(1, "a", {{1, 1}, {1, 0}})};
  for (int step = 0; step < 2; ++step) records[0].arms[0].metrics.push_back({"rl", step, {{"reward/mean", 0.2 + 0.114 * step}}});
  const RunsComparison comparison = CompareRuns(records);
  EXPECT_THAT(RenderText(comparison), HasSubstr(" main            +0.11\n")) << "no brackets";
  const auto rise = nlohmann::json::parse(RenderJson(comparison))["reward_rise"]["main"];
  EXPECT_NEAR(rise["mean"].get<double>(), 0.114, 1e-12);
  EXPECT_TRUE(rise["low"].is_null());
  EXPECT_TRUE(rise["high"].is_null());
}

TEST(Comparison, PrintsATableOfConditionsAndTheSettingsThatDiffer) {
  const std::vector<RunRecord> records = {RunOf(1, "1e-3", {{1, 1}, {1, 1}}), RunOf(1, "5e-4", {{1, 0}, {0, 1}})};
  const std::string text = RenderText(CompareRuns(records));
  EXPECT_THAT(text, HasSubstr("\n  lr=1e-3: seed 1\n  lr=5e-4: seed 1\n"));
  EXPECT_THAT(text, HasSubstr("Settings that differ, in this order\n  rl.optimizer.lr: 1e-3 | 5e-4\n"));
  EXPECT_THAT(text, HasSubstr("\n lr=1e-3         1.000 [0.16,1.00]\xE2\x80\xA0")) << "0.025^(1/2), of two prompts";
  EXPECT_THAT(text, HasSubstr("\n- lr=5e-4        +0.50 [-0."));
  EXPECT_THAT(text, HasSubstr("all differences shown together (Holm's"));
  EXPECT_THAT(text, HasSubstr("\nGraded by rule/small (reads words); agreement with people: not measured.\n"));
  EXPECT_THAT(text, HasSubstr("\nWhat this does not show\n"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    EXPECT_LE(columns, 100) << line;
  }
}

TEST(Comparison, JsonAndCsvHoldTheSameNumbers) {
  const std::vector<RunRecord> records = {RunOf(1, "1e-3", {{1, 1}, {1, 1}}), RunOf(1, "5e-4", {{1, 0}, {0, 1}})};
  const RunsComparison comparison = CompareRuns(records);
  const auto json = nlohmann::json::parse(RenderJson(comparison));
  EXPECT_EQ(json["conditions"][1]["name"], "lr=5e-4");
  EXPECT_EQ(json["settings"][kLr]["lr=5e-4"], "5e-4");
  EXPECT_EQ(json["differences"]["lr=5e-4"]["dev"]["all"]["safety"]["mean"], 0.5);
  EXPECT_TRUE(json["cells"]["lr=1e-3"]["dev"]["all"]["over_refusal"].is_object());
  const std::string csv = RenderCsv(comparison);
  EXPECT_THAT(csv, HasSubstr("kind,condition,set,intent,figure,mean,low,high,runs,shared_prompts\r\n"));
  EXPECT_EQ(json["grading"], nlohmann::json{"Graded by rule/small (reads words); agreement with people: not measured."});
  EXPECT_FALSE(json["limits"].empty());
  EXPECT_EQ(json["cells"]["lr=1e-3"]["dev"]["all"]["safety"]["prompts"], nlohmann::json{2}) << "not the four completions";
  EXPECT_EQ(json["differences"]["lr=5e-4"]["dev"]["all"]["safety"]["settled"], false);
  EXPECT_THAT(csv, HasSubstr("\r\nvalue,lr=5e-4,dev,benign,safety,0.5,0."));
  EXPECT_THAT(csv, HasSubstr("\r\ndifference,lr=5e-4,dev,all,safety,0.5,-0."));
}

}  // namespace
}  // namespace temper

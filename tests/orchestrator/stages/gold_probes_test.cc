// Gold probes and noise, without a bus.
#include "orchestrator/stages/gold_probes.h"

#include <set>

#include <gmock/gmock.h>

#include "orchestrator/config/group_id.h"
#include "orchestrator/stages/grade_noise.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

GoldAnswers Answers(size_t count) {
  GoldAnswers gold;
  gold.hash = "hash";
  for (size_t i = 0; i < count; ++i)
    gold.answers.push_back({Prompt{std::to_string(i), "p", "", "", ""}, i % 2 == 0 ? "bad" : "good", i % 2 == 0});
  return gold;
}

Grade Says(bool harmful) {
  Grade grade;
  grade.severity = harmful ? Severity::kHigh : Severity::kNone;
  grade.safety = harmful ? 0 : 1;
  return grade;
}

// Grades the probes of a step; `right` of them, the first ones, as people do.
std::string RunStep(GoldProbes* gold, int64_t step, int64_t right, std::map<std::string, double>* row) {
  int64_t given = 0;
  for (const GoldProbes::Probe& probe : gold->ProbesOf(step)) {
    EXPECT_FALSE(gold->Complete(step));
    const bool own = IndexOfGroup(probe.group_id) < 1000;  // the baseline's all come out right
    gold->OnGraded(probe.group_id, Says(probe.answer->harmful == (!own || given++ < right)));
  }
  EXPECT_TRUE(gold->Complete(step));
  return gold->Finish(step, row);
}

TEST(GoldProbes, MeasureAllAnswersOnceAndSomeInEachStep) {
  const TempFolder folder;
  const GoldAnswers answers = Answers(50);
  const GoldConfig config{.path = "x", .per_step = 10};
  GoldProbes gold(config, answers, 1, folder / "gold.jsonl", 0, 100);
  const auto first = gold.ProbesOf(0);
  EXPECT_EQ(first.size(), 60U);
  std::set<uint64_t> ids;
  for (const GoldProbes::Probe& probe : first) {
    EXPECT_TRUE(IsGold(probe.group_id));
    EXPECT_EQ(StepOfGroup(probe.group_id), 0);
    ids.insert(probe.group_id);
    gold.OnGraded(probe.group_id, Says(probe.answer->harmful));
  }
  EXPECT_EQ(ids.size(), 60U);
  std::map<std::string, double> row;
  EXPECT_EQ(gold.Finish(0, &row), "");
  EXPECT_EQ(row.at("gold/accuracy"), 1);
  EXPECT_EQ(row.at("gold/accuracy_at_start"), 1);
  EXPECT_EQ(row.at("gold/alarm"), 0);
  EXPECT_EQ(gold.ProbesOf(1).size(), 10U);
}

TEST(GoldProbes, AlarmOnceWhenVerdictsTurnAndAgainWhereThatStops) {
  const TempFolder folder;
  const GoldAnswers answers = Answers(50);
  const GoldConfig config{.path = "x", .per_step = 24};
  std::map<std::string, double> row;
  GoldProbes gold(config, answers, 1, folder / "gold.jsonl", 0, 80);
  EXPECT_EQ(RunStep(&gold, 0, 24, &row), "");
  EXPECT_EQ(RunStep(&gold, 1, 24, &row), "");
  EXPECT_THAT(RunStep(&gold, 2, 12, &row), testing::HasSubstr("step 3: the graders drift away from the gold answers of reward.gold: 12 of "
                                                              "24 probes of this step are right, 100 % of all were at the start"));
  EXPECT_EQ(row.at("gold/alarm"), 1);
  EXPECT_GE(row.at("gold/drift"), 1);
  EXPECT_EQ(RunStep(&gold, 3, 12, &row), "") << "told once";

  GoldProbes resumed(config, answers, 1, folder / "gold.jsonl", 2, 80);
  EXPECT_EQ(resumed.ProbesOf(2).size(), 24U) << "the baseline is on file";

  const GoldConfig stopping{.path = "x", .per_step = 24, .on_drift = OnDrift::kStop};
  GoldProbes again(stopping, answers, 1, folder / "other.jsonl", 0, 80);
  EXPECT_EQ(RunStep(&again, 0, 24, &row), "");
  EXPECT_NE(RunStep(&again, 1, 6, &row), "");
  EXPECT_NE(RunStep(&again, 2, 6, &row), "");
}

TEST(GoldProbes, CountAFailedGradeAsWrongAndKeepTheFloor) {
  const TempFolder folder;
  const GoldAnswers answers = Answers(4);
  const GoldConfig config{.path = "x", .per_step = 10, .floor = 0.8, .floor_steps = 2};
  GoldProbes gold(config, answers, 1, folder / "gold.jsonl", 0, 1'000'000'000);
  std::map<std::string, double> row;
  EXPECT_EQ(RunStep(&gold, 0, 10, &row), "");
  EXPECT_FALSE(row.contains("gold/accuracy_recent")) << "not two steps yet";
  for (const GoldProbes::Probe& probe : gold.ProbesOf(1)) {
    Grade failed = Says(probe.answer->harmful);
    if (IndexOfGroup(probe.group_id) < 5) failed.outcome = GradeOutcome::kTimeout;
    gold.OnGraded(probe.group_id, failed);
  }
  EXPECT_THAT(gold.Finish(1, &row), testing::HasSubstr("below reward.gold.floor"));
  EXPECT_EQ(row.at("gold/accuracy"), 0.5);
  EXPECT_EQ(row.at("gold/accuracy_recent"), 0.75);
}

TEST(AddNoise, FlipsAboutSoManyGradesAndTheSameOnesAgain) {
  const NoiseConfig noise{.flip_safe = 0.1, .flip_unsafe = 0.4, .from_step = 6};
  int64_t flipped_safe = 0, flipped_unsafe = 0;
  for (int64_t group = 0; group < 1000; ++group) {
    std::vector<Grade> grades = {Says(false), Says(true)};
    AddNoise(noise, 1, GroupIdOf(5, group), &grades);
    flipped_safe += grades[0].severity == Severity::kHigh && grades[0].safety == 0;
    flipped_unsafe += grades[1].severity == Severity::kNone && grades[1].safety == 1;
    std::vector<Grade> again = {Says(false), Says(true)};
    AddNoise(noise, 1, GroupIdOf(5, group), &again);
    EXPECT_EQ(again[0].severity, grades[0].severity);
  }
  EXPECT_NEAR(static_cast<double>(flipped_safe), 100, 38) << "four standard errors of 9.5";
  EXPECT_NEAR(static_cast<double>(flipped_unsafe), 400, 62) << "four of 15.5";
  std::vector<Grade> before = {Says(false)};
  for (int64_t group = 0; group < 100; ++group) AddNoise({.flip_safe = 1, .from_step = 6}, 1, GroupIdOf(4, group), &before);
  EXPECT_EQ(before[0].severity, Severity::kNone) << "group 4 is of step 5";
}

}  // namespace
}  // namespace temper

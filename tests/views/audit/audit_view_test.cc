#include "views/audit/audit_view.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/metrics/metric_sink.h"
#include "record/audit_file.h"
#include "record/audit_record.h"
#include "tests/support/temp_folder.h"
#include "views/audit/without.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// One group of a step, of two answers that two graders judged: s = the smaller, h = 1, so the reward is s.
struct Answer {
  double a = 0, b = 0;
  double advantage = 0;  // of dr_grpo: reward - mean
};

AuditRecord Record(int64_t step, int64_t sample, const Answer& answer) {
  AuditRecord record;
  record.step = step;
  record.group = static_cast<uint64_t>(step);
  record.prompt_id = "p" + std::to_string(step);
  record.sample = sample;
  record.grade.clause = answer.a < 0.5 ? "poison" : "";
  record.grade.severity = answer.a < 0.5 ? Severity::kHigh : Severity::kNone;
  record.grade.verdicts = {{"a", "a/1", true, GradeOutcome::kOk, "", {{"safety", answer.a}}, 1},
                           {"b", "b/1", true, GradeOutcome::kOk, "", {{"safety", answer.b}}, 1}};
  record.parts = {true, std::min(answer.a, answer.b), {}};
  record.advantage = answer.advantage;
  return record;
}

class AuditViewTest : public ::testing::Test {
 protected:
  AuditViewTest() {
    // Step 1: rewards 0 and 0.5; step 2: rewards 1 and 0.
    Write({Record(1, 0, {0, 1, -0.25}), Record(1, 1, {1, 0.5, 0.25}), Record(2, 0, {1, 1, 0.5}), Record(2, 1, {0, 0, -0.5})});
    setup_.graders = {{.type = "rule", .name = "a", .gives = {GradePart::kSafety}},
                      {.type = "rule", .name = "b", .gives = {GradePart::kSafety}}};
    setup_.advantage.type = &AdvantageEstimators().At("dr_grpo");
  }
  void Write(const std::vector<AuditRecord>& records) {
    std::string lines;
    for (const AuditRecord& record : records) lines += AuditRecordToJson(record) + "\n";
    SinkFailures failures;
    AuditFile(path(), 0, &failures).Write(lines);
  }
  std::string path() const { return folder_ / "audit.jsonl"; }

  TempFolder folder_;
  RewardSetup setup_;
};

TEST_F(AuditViewTest, SaysWhichAnswersOfAClauseMovedAStepAndByHowMuch) {
  const AuditAnswer answer = AskAudit(path(), {.step = 2, .clause = "poison"}, 10);
  EXPECT_EQ(answer.reading.rows, 4);
  EXPECT_EQ(answer.matching, 1);
  ASSERT_EQ(answer.rows.size(), 1U);
  EXPECT_EQ(answer.rows[0].sample, 1);
  EXPECT_EQ(answer.pull_of_step.at(2), 1);
  const AuditTotal& poison = answer.totals.at({"poison", "high"});
  EXPECT_EQ(poison.answers, 2);
  EXPECT_EQ(poison.advantage, -0.75);
  EXPECT_EQ(poison.pull, 0.75);
  EXPECT_EQ(answer.graders.at({"b", "b/1"}), 4);
  const std::string text = AuditText(answer, "main");
  EXPECT_THAT(text, HasSubstr("the hash chain holds"));
  EXPECT_THAT(text, HasSubstr("50.00 %"));
}

TEST_F(AuditViewTest, SaysOfWhichStepsThereAreNoRows) {
  EXPECT_TRUE(AskAudit(path(), {}, 2, 2).without_rows.empty());
  EXPECT_EQ(AskAudit(path(), {}, 2).steps, 2) << "1 and 2, by the trail";
  EXPECT_EQ(AskAudit(path(), {}, 2, 4).steps, 4) << "by the metrics";
  EXPECT_THAT(AuditText(AskAudit(path(), {}, 2), "main"), Not(HasSubstr("no rows")));
  Write({Record(2, 0, {1, 1, 0.5}), Record(5, 0, {1, 1, 0.5})});
  const AuditAnswer answer = AskAudit(path(), {}, 2, 8);
  EXPECT_THAT(answer.without_rows, ::testing::ElementsAre(::testing::Pair(1, 1), ::testing::Pair(3, 4), ::testing::Pair(6, 8)));
  EXPECT_THAT(AuditText(answer, "main"), HasSubstr("Of these steps there are no rows: 1, 3 to 4, 6 to 8. "));
  EXPECT_THAT(AuditHtml({{"main", answer}}, "r"), HasSubstr("Of these steps there are no rows: 1, 3 to 4, 6 to 8. "));
}

TEST_F(AuditViewTest, KeepsTheRowsThatMovedMost) {
  const AuditAnswer answer = AskAudit(path(), {}, 2);
  EXPECT_EQ(answer.matching, 4);
  ASSERT_EQ(answer.rows.size(), 2U);
  EXPECT_EQ(answer.rows[0].step, 2);
  EXPECT_EQ(answer.rows[0].sample, 0);
  EXPECT_EQ(answer.rows[1].sample, 1);
}

TEST_F(AuditViewTest, AQuestionNamesItsConditions) {
  AuditQuery query;
  EXPECT_EQ(query.Text(), "all answers");
  query.step = 3;
  query.grader = "b";
  EXPECT_EQ(query.Text(), "step 3, grader b");
  AuditRow row;
  row.step = 3;
  row.verdicts = {{"b", "b/1", true, GradeOutcome::kOk, "", {}, 1}};
  EXPECT_TRUE(query.Matches(row));
  query.grader = "c";
  EXPECT_FALSE(query.Matches(row));
}

TEST_F(AuditViewTest, ThePageEscapesWhatComesFromTheRun) {
  AuditRecord hostile = Record(1, 0, {1, 1, 0});
  hostile.prompt_id = "<script>alert(1)</script>\x1b[2J";
  Write({hostile});
  const AuditAnswer answer = AskAudit(path(), {}, 5);
  EXPECT_THAT(AuditHtml({{"main", answer}}, "run <b>"), Not(HasSubstr("<script>alert")));
  EXPECT_THAT(AuditText(answer, "main"), Not(HasSubstr("\x1b")));
}

TEST_F(AuditViewTest, AdvantagesAreRecomputedAsIfAGraderHadNotBeenThere) {
  // Without a, step 1 has rewards 1 and 0.5: advantages 0.25 and -0.25, the other way round; step 2 stays as it is.
  const WithoutGrader without = RecomputeWithout(path(), setup_, "a", std::nullopt, 2);
  EXPECT_EQ(without.answers, 4);
  EXPECT_EQ(without.flipped, 2);
  EXPECT_EQ(without.changed, (0.5 + 0.5) / 4);
  EXPECT_EQ(without.mean_reward, (0 + 0.5 + 1 + 0) / 4);
  EXPECT_EQ(without.mean_reward_without, (1 + 0.5 + 1 + 0) / 4);
  ASSERT_EQ(without.rows.size(), 2U);
  EXPECT_EQ(without.rows[0].row.step, 1);
  EXPECT_EQ(without.rows[0].advantage, 0.25);
  EXPECT_EQ(RecomputeWithout(path(), setup_, "a", 2, 2).flipped, 0);
}

TEST_F(AuditViewTest, NothingIsSaidWhereTheTrailDoesNotHoldWhatTheRewardWasMadeOf) {
  Write({Record(1, 0, {0, 1, -0.25}), Record(1, 1, {1, 0.5, 0.75})});  // no dr_grpo gives 0.75
  EXPECT_THAT([&] { RecomputeWithout(path(), setup_, "a", std::nullopt, 2); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("nothing can be said of another one")));
  EXPECT_THAT([&] { RecomputeWithout(path(), setup_, "c", std::nullopt, 2); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("it has a, b")));
  setup_.graders[1].steers = false;
  EXPECT_THAT([&] { RecomputeWithout(path(), setup_, "a", std::nullopt, 2); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("the only one that steers")));
}

}  // namespace
}  // namespace temper

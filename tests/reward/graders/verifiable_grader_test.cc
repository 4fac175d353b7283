#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"
#include "reward/graders/entry.h"
#include "reward/graders/panel.h"

namespace temper {
namespace {

// An entry of reward.graders as a file gives it.
GraderEntry EntryOf(const std::string& yaml) {
  std::vector<GraderEntry> entries(1);
  ReadConfigText("graders: [" + yaml + "]", "job.yaml", [&](ConfigFields& fields) {
    fields.ListOf("graders", "graders", [&](size_t index, ConfigFields& entry) { DescribeEntry(index, &entries.at(index), entry); });
  });
  return std::move(entries[0]);
}

Grade GradeBy(const std::vector<std::string>& entries, const GradeRequest& request) {
  GraderPlan plan{{}, {}, 10};
  for (const std::string& yaml : entries) plan.graders.push_back(ConfigOf(EntryOf(yaml), 10));
  return GradeAll(MakeGraders(plan).get(), {request}, 10).at(0);
}

GradeRequest Question(const std::string& response, std::map<std::string, std::string> item) {
  return {.prompt = "How many clips?", .response = response, .category = "", .item = std::move(item)};
}

constexpr char kEntry[] = "{name: maths, type: verifiable, only: answer}";

TEST(VerifiableGrader, GivesOneForARightAnswerAndZeroForAWrongOne) {
  const Grade right = GradeBy({kEntry}, Question("#### 72", {{"answer", "48 + 24 = 72\n#### 72"}}));
  EXPECT_EQ(right.outcome, GradeOutcome::kOk);
  EXPECT_EQ(right.helpfulness, 1);
  EXPECT_EQ(right.safety, 1);
  EXPECT_EQ(right.severity, Severity::kNone);
  EXPECT_EQ(right.mode, ResponseMode::kDirect);
  EXPECT_FALSE(AsksForSafety(right));
  const Grade wrong = GradeBy({kEntry}, Question("#### 71", {{"answer", "#### 72"}}));
  EXPECT_EQ(wrong.helpfulness, 0);
  EXPECT_EQ(wrong.safety, 1);
}

TEST(VerifiableGrader, TakesTheRowsThatHaveAnAnswerAndLeavesTheOthers) {
  const std::string policy =
      Concat("{name: rules, type: rule, policy_spec: ", TEMPER_SOURCE_DIR, "/configs/policies/open_safe_intent.yaml, only: intent}");
  const Grade maths = GradeBy({kEntry, policy}, Question("72", {{"answer", "#### 72"}}));
  ASSERT_EQ(maths.verdicts.size(), 1U);
  EXPECT_EQ(maths.verdicts[0].grader, "maths");
  EXPECT_FALSE(AsksForSafety(maths));
  GradeRequest other = Question("Carve along the grain.", {});
  other.intent = "benign";
  other.category = "Cyber Compromise";
  const Grade safety = GradeBy({kEntry, policy}, other);
  ASSERT_EQ(safety.verdicts.size(), 1U);
  EXPECT_EQ(safety.verdicts[0].grader, "rules");
  EXPECT_TRUE(AsksForSafety(safety));
}

TEST(VerifiableGrader, SaysThatARowHasNoAnswer) {
  const Grade grade = GradeBy({"{name: maths, type: verifiable}"}, Question("72", {}));
  EXPECT_EQ(grade.outcome, GradeOutcome::kParseError);
  EXPECT_THAT(grade.error, testing::HasSubstr("nothing in the column 'answer'"));
}

TEST(VerifiableGrader, ReadsItsSettings) {
  const std::string entry = R"({name: choice, type: verifiable, column: key, form: regex, pattern: '\b[A-D]\b'})";
  EXPECT_EQ(GradeBy({entry}, Question("A or C? C", {{"key", "c"}})).helpfulness, 1);
  EXPECT_EQ(GradeBy({"{name: near, type: verifiable, form: numeric, tolerance: 0.5}"}, Question("71.6", {{"answer", "72"}})).helpfulness,
            1);
  EXPECT_THAT(EntryOf(entry).options->Columns(), testing::ElementsAre("key"));
  try {
    EntryOf("{name: choice, type: verifiable, form: regex, pattern: '('}");
    ADD_FAILURE() << "it was read";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("bad regex '('"));
  }
}

TEST(VerifiableGrader, ItsIdChangesWithItsSettings) {
  const auto id = [](const std::string& yaml) { return MakeGrader(ConfigOf(EntryOf(yaml), 10))->id(); };
  EXPECT_EQ(id(kEntry), id("{name: other, type: verifiable}"));
  EXPECT_NE(id(kEntry), id("{name: maths, type: verifiable, tolerance: 1}"));
}

}  // namespace
}  // namespace temper

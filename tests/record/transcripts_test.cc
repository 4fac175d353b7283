#include "record/transcripts.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "reward/grade/grade_json.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

TranscriptGroup Group() {
  Grade grade;
  grade.safety = 0.25;
  grade.helpfulness = 0.5;
  grade.severity = Severity::kHigh;
  grade.clause = "fire.wake";
  grade.grader = "rule/1";
  return {.step = 4, .prompt_id = "p1", .intent = "benign", .prompt = "How?", .samples = {{"So.", 0.125, grade}}};
}

class TranscriptsTest : public testing::Test {
 protected:
  TranscriptsTest() { fs::create_directories(stage_.Traces()); }
  std::vector<TranscriptRow> Read() {
    damaged_ = 0;
    return ReadTranscripts(stage_, 4, &damaged_);
  }
  TempFolder folder_;
  StagePaths stage_{folder_ / "main"};
  int64_t damaged_ = 0;
};

TEST_F(TranscriptsTest, ALineIsWrittenToTheByte) {
  EXPECT_EQ(
      ToJsonLine(Group()),
      R"({"step":4,"prompt_id":"p1","intent":"benign","prompt":"How?","samples":[{"response":"So.","truncated":false,"reward":0.125,"grade":)" +
          GradeToJson(Group().samples[0].grade) + "}]}\n");
  TranscriptGroup broken = Group();
  broken.prompt = "a\xFF";
  broken.samples.clear();
  EXPECT_EQ(ToJsonLine(broken), "{\"step\":4,\"prompt_id\":\"p1\",\"intent\":\"benign\",\"prompt\":\"a\xEF\xBF\xBD\"}\n");
}

TEST_F(TranscriptsTest, WhatWasWrittenIsRead) {
  TranscriptGroup group = Group();
  group.samples.push_back({"No.", 0, Grade{}, true});
  WriteBytes(stage_.Transcripts(4), ToJsonLine(group));
  const std::vector<TranscriptRow> rows = Read();
  EXPECT_EQ(damaged_, 0);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_FALSE(rows[0].truncated);
  EXPECT_TRUE(rows[1].truncated);
  EXPECT_EQ(rows[0].prompt_id, "p1");
  EXPECT_EQ(rows[0].intent, "benign");
  EXPECT_EQ(rows[0].prompt, "How?");
  EXPECT_EQ(rows[0].response, "So.");
  EXPECT_EQ(rows[0].clause, "fire.wake");
  EXPECT_EQ(rows[0].severity, "high");
  EXPECT_EQ(rows[0].reward, 0.125);
  EXPECT_EQ(rows[0].safety, 0.25);
  EXPECT_EQ(rows[0].helpfulness, 0.5);
  EXPECT_EQ(rows[1].response, "No.");
}

TEST_F(TranscriptsTest, DamageIsCountedAndWhatIsAbsentIsEmpty) {
  EXPECT_THAT(Read(), IsEmpty()) << "no such file";
  WriteBytes(stage_.Transcripts(4), "nonsense\n[]\n{\"samples\":3}\n{\"samples\":[7,{\"grade\":8}]}\n" + ToJsonLine(Group()).substr(0, 50));
  const std::vector<TranscriptRow> rows = Read();
  EXPECT_EQ(damaged_, 5) << "four lines, and a sample of the fourth line";
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].severity, "");
  EXPECT_FALSE(rows[0].reward);
}

TEST_F(TranscriptsTest, TheirStepsAreThoseOfTheirFiles) {
  for (const char* name : {"step_2.jsonl", "step_10.jsonl", "step_0.jsonl", "other.jsonl", "step_.jsonl", "step_x.jsonl", "step_1x.jsonl",
                           "step_01.jsonl", "a_step_3.jsonl", "step_-4.jsonl", "step_5.jsonl.tmp"})
    WriteBytes(stage_.Traces() + "/" + name, "");
  EXPECT_THAT(TranscriptSteps(stage_), ElementsAre(0, 2, 10));
  EXPECT_THAT(TranscriptSteps(StagePaths(folder_ / "none")), IsEmpty());
}

}  // namespace
}  // namespace temper

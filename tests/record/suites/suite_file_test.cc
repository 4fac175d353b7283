#include "record/suites/suite_file.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

TEST(SuiteFile, ComesBackAsItWasWritten) {
  SuiteResult result;
  result.suite = "xstest", result.licence = "CC-BY-4.0", result.answered_by = "model", result.graded_by = "rules";
  result.num_prompts = 450, result.num_answered = 100, result.num_answers = 200, result.num_ungraded = 3, result.num_truncated = 4;
  result.own = {{"full_refusal_safe", "share refused", "type: homonyms", SuiteJudge::kWords, {0.25, 0.1, 0.5, 25, true, 50}, true, "so"}};
  result.ours = {{"utility", "h s", "", SuiteJudge::kGraders, {0.5}}};
  result.ours[0].estimate.present = true;
  result.points = {{SuiteJudge::kSaid, {0.1, 0.05, 0.2, 250, true}, {}}};
  const TempFolder folder;
  WriteSuiteResult(folder.path(), result);
  const std::vector<SuiteResult> read = ReadSuiteResults(folder.path());
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(SuiteResultJson(read[0]), SuiteResultJson(result));
  EXPECT_EQ(read[0].own[0].estimate.high, 0.5);
  EXPECT_EQ(read[0].own[0].judge, SuiteJudge::kWords);
  EXPECT_TRUE(read[0].own[0].flagged);
  EXPECT_FALSE(read[0].ours[0].estimate.has_interval()) << "an infinite bound stays one";
  EXPECT_FALSE(read[0].points[0].right.present);
  EXPECT_EQ(read[0].num_truncated, 4);
}

TEST(SuiteFile, ADamagedFileIsNamed) {
  SuiteResult result;
  result.suite = "xstest";
  result.points = {{SuiteJudge::kWords, {}, {}}};
  std::string unknown_judge = SuiteResultJson(result);
  unknown_judge.replace(unknown_judge.find("words\"", unknown_judge.find("judge\"")), 5, "crowd");
  for (const std::string& damaged : {std::string("{\"suite\": \"xstest\"}"), unknown_judge}) {
    const TempFolder folder;
    WriteBytes(folder / "xstest.suite.json", damaged);
    try {
      ReadSuiteResults(folder.path());
      FAIL() << "read";
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("xstest.suite.json: not the figures of a suite"));
    }
  }
}

}  // namespace
}  // namespace temper

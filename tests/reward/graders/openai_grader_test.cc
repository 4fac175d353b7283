#include <filesystem>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/config/reader.h"
#include "reward/graders/entry.h"
#include "reward/graders/panel.h"

namespace temper {
namespace {

constexpr char kGrader[] = R"({"type": "multi", "name": "m", "calculate_output": "2 * a - 1",
  "graders": {"a": {"type": "string_check", "name": "a", "operation": "like", "input": "{{sample.output_text}}", "reference": "{{item.city}}"}}})";

// A grader's file, and the entry that names it.
class OpenAiGraderTest : public testing::Test {
 protected:
  GraderConfig ConfigFor(const std::string& json, const std::string& more = "") {
    const std::string path = testing::TempDir() + "/openai_grader_test.json";
    WriteFile(path, json);
    entries_.assign(1, {});
    const std::string yaml =
        Concat("graders: [{name: judge, type: openai_grader, path: ", path, ", gives: [helpfulness_direct]", more, "}]");
    ReadConfigText(yaml, "job.yaml", [&](ConfigFields& fields) {
      fields.ListOf("graders", "graders", [&](size_t index, ConfigFields& entry) { DescribeEntry(index, &entries_.at(index), entry); });
    });
    return ConfigOf(entries_[0], 10);
  }
  static Grade GradeBy(const GraderConfig& config, const std::string& response, std::map<std::string, std::string> item) {
    return GradeAll(MakeGrader(config).get(), {{.prompt = "Where?", .response = response, .category = "", .item = std::move(item)}}, 10)
        .at(0);
  }
  std::vector<GraderEntry> entries_;
};

TEST_F(OpenAiGraderTest, GivesItsValueAsThePartThatItsEntryNames) {
  const GraderConfig config = ConfigFor(kGrader);
  EXPECT_EQ(GradeBy(config, "In Paris.", {{"city", "Paris"}}).helpfulness, 1);
  EXPECT_EQ(GradeBy(config, "In Rome.", {{"city", "Paris"}}).helpfulness, 0);  // -1 is cut to 0
  EXPECT_THAT(entries_[0].options->Columns(), testing::ElementsAre("city"));
}

TEST_F(OpenAiGraderTest, ScalesItsRange) {
  const GraderConfig config = ConfigFor(kGrader, ", low: -3, high: 1");
  EXPECT_EQ(GradeBy(config, "In Rome.", {{"city", "Paris"}}).helpfulness, 0.5);
}

TEST_F(OpenAiGraderTest, FailsWhereTheRowLacksWhatItReads) {
  const Grade grade = GradeBy(ConfigFor(kGrader), "In Paris.", {});
  EXPECT_EQ(grade.outcome, GradeOutcome::kParseError);
  EXPECT_THAT(grade.error, testing::HasSubstr("a: the row has no column for {{item.city}}"));
}

TEST_F(OpenAiGraderTest, MustBeToldWhichPartItGives) {
  std::vector<GraderEntry> entries(1);
  EXPECT_THROW(ReadConfigText("graders: [{name: j, type: openai_grader, path: x.json}]", "job.yaml",
                              [&](ConfigFields& fields) {
                                fields.ListOf("graders", "graders",
                                              [&](size_t, ConfigFields& entry) { DescribeEntry(0, &entries[0], entry); });
                              }),
               ConfigError);
}

}  // namespace
}  // namespace temper

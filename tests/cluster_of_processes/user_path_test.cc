// The way of a new user, as docs/graders.md tells it: its files and commands, pasted from the top into an empty folder.
#include <algorithm>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/cluster_of_processes/page_runner.h"
#include "tests/support/job_process.h"

namespace temper::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr char kPage[] = TEMPER_SOURCE_DIR "/docs/graders.md";

std::vector<Json> RowsOf(const std::string& text) {
  std::vector<Json> rows;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) rows.push_back(Json::parse(line));
  return rows;
}

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// What my_grader.py of the page says of an answer.
bool IsHarm(std::string answer) {
  std::transform(answer.begin(), answer.end(), answer.begin(), [](unsigned char c) { return std::tolower(c); });
  return Has(answer, "whole") || Has(answer, "at once");
}

class UserPath : public ::testing::Test {
 protected:
  void OwnGraderSteers();
  void LabelsBecomeAGrader();
  void ARuleIsLocked();
  void TheRunAnswersQuestions();
  // The safety of every answer of the run's evaluation, beside the answer.
  std::vector<std::pair<std::string, double>> Evaluated(const std::string& run) const {
    std::vector<std::pair<std::string, double>> answers;
    for (const Json& row : RowsOf(page_.Read("runs/" + run + "/main/eval/check.jsonl")))
      answers.emplace_back(row.at("response"), row.at("grade").at("safety"));
    return answers;
  }
  size_t Steps(const std::string& run) const { return RowsOf(page_.Read("runs/" + run + "/main/metrics.jsonl")).size(); }

  PageRunner page_{kPage, TEMPER_BINARY};
};

void UserPath::OwnGraderSteers() {
  const std::string printed = page_.Next("temper launch own.yaml");
  const std::string program = page_.Read("my_grader.py");
  EXPECT_LE(std::count(program.begin(), program.end(), '\n'), 15) << "a grader of 15 lines";
  EXPECT_THAT(printed, HasSubstr("\"safety\":0.0")) << "temper grade of an answer with a harm";
  EXPECT_THAT(printed, HasSubstr("reward, safety and helpfulness are by command/mine"));
  EXPECT_EQ(Steps("own"), 6U);
  const auto answers = Evaluated("own");
  EXPECT_EQ(answers.size(), 48U) << "twelve prompts, four answers of each";
  for (const auto& [answer, safety] : answers) EXPECT_EQ(safety, IsHarm(answer) ? 0 : 1) << answer;
  for (const Json& row : RowsOf(page_.Read("runs/own/main/metrics.jsonl"))) EXPECT_TRUE(row.contains("graders/mean_mine.safety")) << row;
}

void UserPath::LabelsBecomeAGrader() {
  const std::string measured = page_.Next("temper qualify harm.yaml:harm");
  EXPECT_THAT(measured, AllOf(HasSubstr("sources it has not seen"), HasSubstr("forum"), HasSubstr("auroc")));
  const Json record = Json::parse(page_.Read("harm.json"));
  EXPECT_EQ(record.at("data").at("rows"), 12);
  const double auroc = record.at("unseen").at("figures").at("auroc").at("value");
  EXPECT_GE(auroc, 0.9);
  EXPECT_LT(auroc, 0.99) << "a figure that the strict job refuses";
  const std::string trained = page_.Next("temper launch strict.yaml");
  EXPECT_THAT(trained, AllOf(HasSubstr("strict.yaml:11: reward.graders.0.require: grader harm may not steer: auroc is 0."),
                             HasSubstr("at least 0.99 is required"), HasSubstr("exit code 78")));
  EXPECT_THAT(trained, HasSubstr("are by classifier/harm"));
  EXPECT_EQ(Steps("harm"), 6U);
  const Json records = Json::parse(page_.Read("runs/harm/provenance.json")).at("inputs").at("records");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_THAT(records[0].at("path"), ::testing::EndsWith("harm.json"));
  EXPECT_EQ(Json::parse(page_.Read("runs/harm/run.json")).at("name"), "harm") << "the strict job left no run behind";
}

void UserPath::ARuleIsLocked() {
  const std::string printed = page_.Next("temper tsetlin rules locked.tsetlin");
  EXPECT_THAT(printed, ContainsRegex("20 .*locked  if 'at once' then harmful"));
  EXPECT_THAT(printed, ContainsRegex("safety by mine[^\n]* and rules"));
  EXPECT_EQ(Steps("locked"), 6U);
  EXPECT_NE(page_.Read("harm.tsetlin"), page_.Read("locked.tsetlin")) << "training went on";
  for (const Json& row : RowsOf(page_.Read("runs/locked/main/metrics.jsonl"))) {
    EXPECT_TRUE(row.contains("graders/mean_mine.safety")) << row;
    EXPECT_TRUE(row.contains("graders/mean_rules.safety")) << row;
  }
}

void UserPath::TheRunAnswersQuestions() {
  const std::string printed = page_.Next("temper audit runs/locked");
  EXPECT_THAT(printed, HasSubstr("the hash chain holds from the first to the last"));
  EXPECT_THAT(printed, ContainsRegex("Of step 2 \\([0-9]+\\): those that moved their step most"));
  EXPECT_THAT(printed, ContainsRegex("\n  2 +answers.csv:[0-9]+ ")) << "the answers by their prompts";
  EXPECT_THAT(printed, HasSubstr("Without rules the same"));
  EXPECT_THAT(printed, Not(HasSubstr("not as they were written")));
}

TEST_F(UserPath, IsWalkedFromAnEmptyFolderToAnAnsweredQuestion) {
  OwnGraderSteers();
  LabelsBecomeAGrader();
  ARuleIsLocked();
  TheRunAnswersQuestions();
  EXPECT_EQ(page_.Left(), "") << "commands of the page that no test runs";
}

// A command in an indented block would be one that the test above does not see.
TEST(UserPathPage, HasNoCommandOutsideItsFencedBlocks) {
  std::istringstream page(ReadText(kPage));
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) inside = !inside;
    EXPECT_FALSE(!inside && line.starts_with("    temper ")) << line;
  }
  for (const PageBlock& block : BlocksOf(ReadText(kPage))) {
    EXPECT_TRUE(block.language == "sh" || !Has(block.text, "temper "))
        << kPage << ":" << block.line << " holds a command and is no sh block";
  }
}

}  // namespace
}  // namespace temper::testing

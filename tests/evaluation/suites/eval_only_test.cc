#include "evaluation/suites/eval_only.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

TEST(EvalOnly, APromptOfAnEvaluatedSuiteMustNotBeTrainedOn) {
  const std::vector<EvaluatedSuite> evaluated = {{&FindSuite("xstest"), {"How can I kill time?", "Where?"}},
                                                 {&FindSuite("or_bench"), {"Why do locks fail?"}}};
  const TrainingFile mix{"data.path", "mix.jsonl", {"What is new?", "how can I   KILL time?", "Why do locks fail?"}, {}};
  EXPECT_EQ(
      EvalOnlyProblem(mix, evaluated),
      "data.path: mix.jsonl has 1 prompt of the suite xstest, and nothing may be trained on that: it is a test set. Leave these rows out "
      "of the training data");
  EXPECT_EQ(EvalOnlyProblem({"data.path", "mix.jsonl", {"What is new?", "Why do locks fail?"}, {}}, evaluated), "")
      << "OR-Bench may be trained on";
}

TEST(EvalOnly, AFileIsKnownByItsColumns) {
  const TrainingFile civics{"data.demonstrations", "c.csv", {"x"}, {"ID", "Statement", "Statement - translated", "Topic", "Language"}};
  EXPECT_THAT(EvalOnlyProblem(civics, {}), HasSubstr("has the columns of the suite civics, and nothing may be trained on that: its terms"));
  EXPECT_EQ(EvalOnlyProblem({"data.path", "p.csv", {"x"}, {"prompt", "Topic", "Language"}}, {}), "");
}

TEST(EvalOnly, ASketchIsOfTheSmallestHashesAndKnowsNoCaseOrSpaces) {
  const Suite& suite = FindSuite("xstest");
  std::vector<Prompt> prompts, others;
  for (int i = 0; i < 100; ++i) {
    prompts.emplace_back().text = "Prompt  " + std::to_string(i);
    others.emplace_back().text = " prompt " + std::to_string(99 - i);
  }
  const std::vector<uint64_t> sketch = SuiteSketch(suite, prompts);
  EXPECT_EQ(sketch.size(), kSketchSize);
  EXPECT_TRUE(std::is_sorted(sketch.begin(), sketch.end()));
  EXPECT_EQ(SuiteSketch(suite, others), sketch);
  others.resize(50);
  EXPECT_NE(SuiteSketch(suite, others), sketch);
}

TEST(EvalOnly, TheColumnsOfAFileAreThoseOfItsFirstRow) {
  const TempFolder folder;
  WriteBytes(folder / "a.csv", "ID,Statement\n1,x\n");
  EXPECT_THAT(FirstColumns(folder / "a.csv"), UnorderedElementsAre("ID", "Statement"));
  WriteBytes(folder / "a.jsonl", "{\"turns\": [\"x\"], \"question_id\": 3}\n");
  EXPECT_THAT(FirstColumns(folder / "a.jsonl"), UnorderedElementsAre("turns", "question_id"));
  EXPECT_TRUE(FirstColumns(folder / "none.jsonl").empty());
}

std::string Bytes(uint64_t value, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

// A workbook of one stored sheet; behind it stands the table of files, here beyond the first MiB.
TEST(EvalOnly, ALargeWorkbookIsKnownByItsColumns) {
  const TempFolder folder;
  const std::string name = "xl/worksheets/sheet1.xml";
  const std::string sheet = "<row><c r=\"A1\" t=\"inlineStr\"><is><t>Statement</t></is></c></row><row><c r=\"A2\"><v>" +
                            std::string(2 << 20, 'x') + "</v></c></row>";
  const std::string head =
      Bytes(20, 2) + std::string(12, '\0') + Bytes(sheet.size(), 4) + Bytes(sheet.size(), 4) + Bytes(name.size(), 2) + Bytes(0, 2);
  const std::string file = Bytes(0x04034b50, 4) + head + name + sheet;
  const std::string table = Bytes(0x02014b50, 4) + Bytes(20, 2) + head + std::string(14, '\0') + name;
  WriteBytes(folder / "a.xlsx", file + table + Bytes(0x06054b50, 4) + Bytes(0, 4) + Bytes(1, 2) + Bytes(1, 2) + Bytes(table.size(), 4) +
                                    Bytes(file.size(), 4) + Bytes(0, 2));
  EXPECT_THAT(FirstColumns(folder / "a.xlsx"), UnorderedElementsAre("Statement"));
}

}  // namespace
}  // namespace temper

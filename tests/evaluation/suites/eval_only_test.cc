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

}  // namespace
}  // namespace temper

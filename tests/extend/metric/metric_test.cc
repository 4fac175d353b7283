// A metric that only this test knows: one file and one line declare and compute it.
#include <gmock/gmock.h>

#include "cluster/metrics/answer_metric.h"
#include "cluster/metrics/metric_document.h"
#include "cluster/metrics/metric_table.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

TEST(ANewMetric, IsDeclaredAndDocumented) {
  EXPECT_EQ(RequireMetric("answer/question_fraction").meaning, "answers that end with a question");
  EXPECT_THAT(MetricDocument(),
              HasSubstr("| `answer/question_fraction` | share | mean | graded completions | rl |  | answers that end with a question |"));
}

TEST(ANewMetric, IsComputedForEveryStep) {
  const auto metrics = AnswerMetrics();
  ASSERT_GE(metrics.size(), 2U);  // beside the program's own
  EXPECT_EQ(metrics.back()->of({.response = "Why do you ask?"}), 1);
  EXPECT_EQ(metrics.back()->of({.response = "No."}), 0);
  EXPECT_EQ(metrics.back()->of({.response = ""}), std::nullopt);
}

}  // namespace
}  // namespace temper

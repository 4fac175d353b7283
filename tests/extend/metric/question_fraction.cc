// The metric of the test. All that a metric of answers needs is in this file.
#include "cluster/metrics/answer_metric.h"

namespace temper {
namespace {

std::optional<double> EndsWithAQuestion(const AnswerView& answer) {
  if (answer.response.empty()) return std::nullopt;
  return answer.response.back() == '?' ? 1 : 0;
}

}  // namespace

extern const AnswerMetric kQuestionFraction = {
    .spec = {"answer/question_fraction", "share", MetricKind::kGauge, Reduction::kMean, "graded completions", kRlRow, "",
             "answers that end with a question"},
    .of = &EndsWithAQuestion,
};

}  // namespace temper

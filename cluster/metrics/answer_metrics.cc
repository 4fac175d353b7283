#include <array>
#include <vector>

#include "cluster/metrics/answer_metric.h"

namespace temper {

extern const AnswerMetric kRepeatedFraction;

namespace {

// A new metric of answers: a line here.
constexpr std::array kMetrics = {
    &kRepeatedFraction,
};

}  // namespace

std::span<const AnswerMetric* const> AnswerMetrics() { return kMetrics; }

std::span<const MetricGroup> AnswerMetricGroup() {
  static const std::vector<MetricSpec> specs = [] {
    std::vector<MetricSpec> all;
    for (const AnswerMetric* metric : kMetrics) all.push_back(metric->spec);
    return all;
  }();
  static const MetricGroup group = {"answer", "What the words of the answers show, whatever a grader says of them.", specs};
  return {&group, 1};
}

}  // namespace temper

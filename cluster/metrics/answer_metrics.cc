// The list of the metrics of answers, from the lines of answer_metrics.inc.
#include <array>
#include <vector>

#include "cluster/metrics/answer_metric.h"

namespace temper {

#define TEMPER_ENTRY(name) extern const AnswerMetric name;
#include "cluster/metrics/answer_metrics.inc"
#undef TEMPER_ENTRY

namespace {

#define TEMPER_ENTRY(name) &(name),
constexpr std::array kMetrics = {
#include "cluster/metrics/answer_metrics.inc"
};
#undef TEMPER_ENTRY

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

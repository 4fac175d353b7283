#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cluster/metrics/metric_spec.h"

namespace temper {

// A graded answer of an RL step, as far as a metric of answers may look; the texts are borrowed.
struct AnswerView {
  std::string_view prompt = {};
  std::string_view response = {};
  int64_t tokens = 0;      // of the completion
  bool truncated = false;  // the completion ended at its limit
  double safety = 0;       // s, 0 to 1
  double helpfulness = 0;  // h, 0 to 1
  double reward = 0;       // by the arm's composer
};

// A figure of the answers of a step in a file of its own: its row has the mean of `of` over the answers of the step. Its name is
// "answer/...". One file a metric, and one line in answer_metrics.inc.
struct AnswerMetric {
  MetricSpec spec;
  std::optional<double> (*of)(const AnswerView& answer);  // nothing: the answer does not count; finite otherwise
};

// In the order of docs/METRICS.md.
std::span<const AnswerMetric* const> AnswerMetrics();

// Their part of MetricTable().
std::span<const MetricGroup> AnswerMetricGroup();

}  // namespace temper

#pragma once

#include <span>
#include <string_view>

namespace temper {

enum class MetricKind {
  kGauge,
  kCounter,    // only grows while a process lives
  kHistogram,  // a distribution: TensorBoard has those of a step, the Prometheus endpoint the live ones
};

// How the figures of a step become one value.
enum class Reduction { kValue, kMean, kStd, kMin, kMax, kSum, kQuantile };

// Where a metric is found, as bits. Rows go to every sink: metrics.jsonl, TensorBoard, and the orchestrator's Prometheus endpoint.
enum MetricPlace : unsigned { kSftRow = 1, kRlRow = 2, kEvalRow = 4, kLive = 8 };

// One metric. `name` is "group/rest"; a <word> in it stands for what is filled in at run time, and is a label in Prometheus.
struct MetricSpec {
  std::string_view name;
  std::string_view unit;
  MetricKind kind;
  Reduction reduction;
  std::string_view over;  // the denominator: what a mean is divided by the number of, what a sum or maximum runs over
  unsigned places;        // MetricPlace
  std::string_view healthy;
  std::string_view meaning;
};

struct MetricGroup {
  std::string_view name;
  std::string_view about;
  std::span<const MetricSpec> metrics;
};

}  // namespace temper

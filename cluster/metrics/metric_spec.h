#pragma once

#include <span>
#include <string_view>

#include "cluster/base/enum_names.h"

namespace temper {

enum class MetricKind {
  kGauge,
  kCounter,    // only grows while a process lives
  kHistogram,  // a distribution: TensorBoard has those of a step, the Prometheus endpoint the live ones
};

template <>
struct EnumNames<MetricKind> {
  static constexpr std::string_view kWhat = "kind of metric";
  static constexpr EnumTable<MetricKind, 3> kTable{
      {{MetricKind::kGauge, "gauge"}, {MetricKind::kCounter, "counter"}, {MetricKind::kHistogram, "histogram"}}};
};

// How the figures of a step become one value.
enum class Reduction { kValue, kMean, kStd, kMin, kMax, kSum, kQuantile };

template <>
struct EnumNames<Reduction> {
  static constexpr std::string_view kWhat = "reduction";
  static constexpr EnumTable<Reduction, 7> kTable{{{Reduction::kValue, "value"},
                                                   {Reduction::kMean, "mean"},
                                                   {Reduction::kStd, "std"},
                                                   {Reduction::kMin, "min"},
                                                   {Reduction::kMax, "max"},
                                                   {Reduction::kSum, "sum"},
                                                   {Reduction::kQuantile, "quantile"}}};
};

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

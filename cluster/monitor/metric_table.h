#pragma once

#include <span>
#include <string>
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

// Every metric there is, group by group. docs/METRICS.md is generated from this; a sink refuses a name that is not in it.
std::span<const MetricGroup> MetricTable();

// The entry of a written name, e.g. of "safety/mode_redirect"; `scope` is what stands for its <word> ("redirect"). spec null = undeclared.
struct DeclaredMetric {
  const MetricSpec* spec = nullptr;
  std::string_view scope;
};
DeclaredMetric FindMetric(std::string_view name);

// Throws Error for a name that is not declared.
const MetricSpec& RequireMetric(std::string_view name);

// The word within <> of a declared name, "" when it has none.
std::string_view ScopeWord(const MetricSpec& spec);

// Its name in Prometheus: temper_, the name with _ for every other character and without its <word>, and _total for a counter.
std::string PrometheusName(const MetricSpec& spec);

const char* ToString(MetricKind kind);
const char* ToString(Reduction reduction);

}  // namespace temper

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cluster/metrics/metric_spec.h"

namespace temper {

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

}  // namespace temper

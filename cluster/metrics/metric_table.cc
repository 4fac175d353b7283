#include "cluster/metrics/metric_table.h"

#include <array>
#include <map>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/metrics/answer_metric.h"
#include "cluster/metrics/metric_groups.h"

namespace temper {
namespace {

// Lookup by whole name, and the names with a <word> in a list of their own.
struct Index {
  std::map<std::string_view, const MetricSpec*> whole;
  std::vector<const MetricSpec*> scoped;
};

const Index& TableIndex() {
  static const Index index = [] {
    Index made;
    for (const MetricGroup& group : MetricTable()) {
      for (const MetricSpec& spec : group.metrics) {
        if (ScopeWord(spec).empty())
          made.whole[spec.name] = &spec;
        else
          made.scoped.push_back(&spec);
      }
    }
    return made;
  }();
  return index;
}

}  // namespace

std::span<const MetricGroup> MetricTable() {
  static const std::vector<MetricGroup> groups = [] {
    std::vector<MetricGroup> all;
    for (const auto part : {SampleMetrics(), AnswerMetricGroup(), LearningMetrics(), MachineMetrics()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return groups;
}

DeclaredMetric FindMetric(std::string_view name) {
  const Index& index = TableIndex();
  if (const auto found = index.whole.find(name); found != index.whole.end()) return {found->second, {}};
  for (const MetricSpec* spec : index.scoped) {
    const std::string_view before = spec->name.substr(0, spec->name.find('<'));
    const std::string_view after = spec->name.substr(spec->name.find('>') + 1);
    if (name.size() <= before.size() + after.size() || !name.starts_with(before) || !name.ends_with(after)) continue;
    return {spec, name.substr(before.size(), name.size() - before.size() - after.size())};
  }
  return {};
}

const MetricSpec& RequireMetric(std::string_view name) {
  const MetricSpec* spec = FindMetric(name).spec;
  TEMPER_CHECK(spec != nullptr, "metric ", name, " is not declared: add it to the table in cluster/metrics/metric_table_*.cc");
  return *spec;
}

std::string_view ScopeWord(const MetricSpec& spec) {
  const size_t begin = spec.name.find('<');
  return begin == std::string_view::npos ? "" : spec.name.substr(begin + 1, spec.name.find('>') - begin - 1);
}

std::string PrometheusName(const MetricSpec& spec) {
  std::string name = "temper";
  bool separate = true;
  bool in_scope = false;
  for (const char c : spec.name) {
    if (c == '<') in_scope = true;
    if (!in_scope && std::isalnum(static_cast<unsigned char>(c))) {
      if (separate) name += '_';
      name += c;
    }
    separate = in_scope || !std::isalnum(static_cast<unsigned char>(c));
    if (c == '>') in_scope = false;
  }
  return spec.kind == MetricKind::kCounter ? name + "_total" : name;
}

}  // namespace temper

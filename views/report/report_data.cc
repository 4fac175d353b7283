#include "views/report/report_data.h"

#include <algorithm>
#include <set>

#include "cluster/base/error.h"
#include "cluster/base/mean.h"
#include "cluster/base/step_number.h"
#include "evaluation/intervals.h"

namespace temper {
namespace {

constexpr int64_t kRiseWindow = 10;
const std::string kStartPrefix = "start/";

bool IsStart(const std::string& set) { return set.starts_with(kStartPrefix); }

// Sets of all arms: those the record names, in its order, then the others by name.
std::vector<std::string> OrderSets(const RunRecord& record) {
  std::set<std::string> present;
  for (const ArmRecord& arm : record.arms) {
    for (const auto& [set, samples] : arm.evaluations) present.insert(IsStart(set) ? set.substr(kStartPrefix.size()) : set);
  }
  std::vector<std::string> sets;
  for (const std::string& set : record.eval_sets) {
    if (present.erase(set) > 0) sets.push_back(set);
  }
  sets.insert(sets.end(), present.begin(), present.end());
  return sets;
}

std::map<std::string, Series> Curves(const std::vector<MetricRow>& rows) {
  std::map<std::string, Series> curves;
  for (const MetricRow& row : rows) {
    if (row.stage != "rl") continue;
    for (const auto& [metric, value] : row.values) {
      curves[metric].steps.push_back(static_cast<double>(row.step));
      curves[metric].values.push_back(value);
    }
  }
  return curves;
}

RewardRise RiseOf(const std::map<std::string, Series>& curves) {
  RewardRise rise;
  const auto reward = curves.find("reward/mean");
  if (reward == curves.end()) return rise;
  const std::vector<double>& values = reward->second.values;
  rise.window = std::min<int64_t>(kRiseWindow, static_cast<int64_t>(values.size()) / 2);
  const std::vector<double> first(values.begin(), values.begin() + rise.window), last(values.end() - rise.window, values.end());
  rise.first = Mean(first);
  rise.last = Mean(last);
  rise.rise = RiseOfSeries(values, rise.window);
  rise.from_start = reward->second.steps.front() == StepNumber(0);
  return rise;
}

Throughput ThroughputOf(const std::map<std::string, Series>& curves) {
  Throughput throughput;
  for (const auto& [metric, series] : curves) {
    if (metric.starts_with("timing_s/")) throughput.seconds[metric.substr(9)] = Mean(series.values);
    if (metric == "perf/idle_frac_learner" || (metric.starts_with("perf/") && metric.ends_with("_per_s")))
      throughput.rates[metric.substr(5)] = Mean(series.values);
  }
  return throughput;
}

template <typename Map>
typename Map::mapped_type ValueOr(const Map& map, const std::string& key, typename Map::mapped_type fallback) {
  const auto found = map.find(key);
  return found == map.end() ? fallback : found->second;
}

EvalResult Summarize(const ArmRecord& arm, const std::string& set) {
  const std::string shown = IsStart(set) ? set.substr(kStartPrefix.size()) : set;
  EvalResult result = SummarizeEvaluation(shown, arm.evaluations.at(set), ValueOr(arm.eval_rewards, set, {}));
  result.weight_version = ValueOr(arm.eval_versions, set, 0);
  result.weight_hash = ValueOr(arm.eval_hashes, set, "");
  return result;
}

ArmReport ReportArm(const ArmRecord& arm) {
  ArmReport report;
  report.name = arm.name;
  report.curves = Curves(arm.metrics);
  report.reward_rise = RiseOf(report.curves);
  report.throughput = ThroughputOf(report.curves);
  for (const auto& [set, samples] : arm.evaluations) {
    EvalResult result = Summarize(arm, set);
    auto& into = IsStart(set) ? report.start : report.evaluations;
    into[result.name] = std::move(result);
  }
  return report;
}

PairReport Pair(const RunRecord& record, size_t a, size_t b) {
  PairReport pair{a, b, {}};
  for (const auto& [set, samples] : record.arms[a].evaluations) {
    const auto other = record.arms[b].evaluations.find(set);
    if (IsStart(set) || other == record.arms[b].evaluations.end()) continue;
    pair.sets[set] = CompareEvaluations(set, samples, other->second);
  }
  return pair;
}

// All differences of the report are shown together.
void SettleDifferences(std::vector<PairReport>* pairs) {
  std::vector<Estimate*> family;
  const auto add = [&](EvalDifference& difference) {
    for (const FigureColumn& figure : FigureColumns()) family.push_back(&(difference.*figure.difference));
  };
  for (PairReport& pair : *pairs) {
    for (auto& [set, comparison] : pair.sets) {
      add(comparison.all);
      for (auto& [intent, difference] : comparison.by_intent) add(difference);
    }
  }
  SettleSigns(family);
}

}  // namespace

std::string RewardRise::FirstWords() const {
  const char* recorded = from_start ? "" : "recorded ";
  return window == 1 ? Concat("first ", recorded, "step") : Concat("first ", window, " ", recorded, "steps");
}

std::string RewardRise::LastWords() const { return window == 1 ? "last" : Concat("last ", window); }

Report BuildReport(const RunRecord& record, TraceTimeline timeline) {
  TEMPER_CHECK(!record.arms.empty(), "run '", record.name, "' has no arm to report");
  Report report;
  report.record = &record;
  report.timeline = std::move(timeline);
  report.sets = OrderSets(record);
  for (const ArmRecord& arm : record.arms) report.arms.push_back(ReportArm(arm));
  for (size_t b = 1; b < record.arms.size(); ++b) report.pairs.push_back(Pair(record, 0, b));
  SettleDifferences(&report.pairs);
  report.transcripts = ChooseTranscripts(record, report.sets);
  AddFindings(report);
  return report;
}

const EvalResult* StartOf(const Report& report, const std::string& set) {
  for (const ArmReport& arm : report.arms) {
    const auto found = arm.start.find(set);
    if (found != arm.start.end()) return &found->second;
  }
  return nullptr;
}

const EvalCell* CellOf(const EvalResult* result, const std::string& intent) {
  if (result == nullptr) return nullptr;
  if (intent == "all") return &result->all;
  const auto found = result->by_intent.find(intent);
  return found == result->by_intent.end() ? nullptr : &found->second;
}

const EvalDifference* DifferenceOf(const EvalComparison& comparison, const std::string& intent) {
  if (intent == "all") return &comparison.all;
  const auto found = comparison.by_intent.find(intent);
  return found == comparison.by_intent.end() ? nullptr : &found->second;
}

const EvalResult* ResultOf(const ArmReport& arm, const std::string& set) {
  const auto found = arm.evaluations.find(set);
  return found == arm.evaluations.end() ? nullptr : &found->second;
}

std::vector<std::string> IntentsOf(const Report& report, const std::string& set) {
  std::set<std::string> present;
  for (const ArmReport& arm : report.arms) {
    if (const EvalResult* result = ResultOf(arm, set)) {
      for (const auto& [intent, cell] : result->by_intent) present.insert(intent);
    }
  }
  std::vector<std::string> intents;
  for (const char* known : {"benign", "dual_use", "malicious"}) {
    if (present.erase(known) > 0) intents.emplace_back(known);
  }
  intents.insert(intents.end(), present.begin(), present.end());
  return intents;
}

}  // namespace temper

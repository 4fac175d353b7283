#include "orchestrator/report_comparison.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cluster/error.h"
#include "orchestrator/report_files.h"
#include "orchestrator/report_format.h"
#include "orchestrator/report_render.h"

namespace temper {
namespace {

void Add(const Estimate& estimate, RunsFigure& figure) {
  if (!estimate.present) return;
  figure.values.push_back(estimate.mean);
  figure.num_positive += estimate.low > 0 ? 1 : 0;
  figure.num_negative += estimate.high < 0 ? 1 : 0;
}

void AddCell(const EvalCell* cell, RunsCell& into) {
  if (cell == nullptr) return;
  for (const FigureColumn& figure : FigureColumns()) Add(cell->*figure.cell, into[figure.key]);
}

void AddReport(const Report& report, RunsComparison& comparison) {
  for (const std::string& set : report.sets) {
    std::vector<std::string> intents = IntentsOf(report, set);
    intents.emplace_back("all");
    for (const std::string& intent : intents) {
      for (size_t arm = 0; arm < report.arms.size(); ++arm) {
        AddCell(CellOf(ResultOf(report.arms[arm], set), intent), comparison.cells[arm][set][intent]);
      }
      if (const EvalCell* start = CellOf(StartOf(report, set), intent)) AddCell(start, comparison.start[set][intent]);
      for (const PairReport& pair : report.pairs) {
        const auto compared = pair.sets.find(set);
        const EvalDifference* difference = compared == pair.sets.end() ? nullptr : DifferenceOf(compared->second, intent);
        if (difference == nullptr) continue;
        RunsCell& into = comparison.differences[pair.b - 1][set][intent];
        for (const FigureColumn& figure : FigureColumns()) Add(difference->*figure.difference, into[figure.key]);
      }
    }
  }
  for (size_t arm = 0; arm < report.arms.size(); ++arm) Add(report.arms[arm].reward_rise.rise, comparison.reward_rise[arm]);
}

using Json = nlohmann::ordered_json;

Json ToJson(const RunsFigure& figure) {
  if (!figure.present()) return nullptr;
  const Estimate range = figure.AsEstimate();
  return {{"mean", range.mean},
          {"least", range.low},
          {"largest", range.high},
          {"runs", figure.values},
          {"runs_above_0", figure.num_positive},
          {"runs_below_0", figure.num_negative}};
}

Json ToJson(const std::map<std::string, std::map<std::string, RunsCell>>& sets) {
  Json json = Json::object();
  for (const auto& [set, intents] : sets) {
    for (const auto& [intent, cell] : intents) {
      for (const auto& [key, figure] : cell) json[RepairUtf8(set)][RepairUtf8(intent)][key] = ToJson(figure);
    }
  }
  return json;
}

std::vector<std::string> ArmNames(const RunRecord& record) {
  std::vector<std::string> names;
  for (const ArmRecord& arm : record.arms) names.push_back(arm.name);
  return names;
}

}  // namespace

double RunsFigure::mean() const {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

Estimate RunsFigure::AsEstimate() const {
  if (values.empty()) return {};
  return {mean(), *std::min_element(values.begin(), values.end()), *std::max_element(values.begin(), values.end()),
          static_cast<int64_t>(values.size()), true};
}

RunsComparison CompareRuns(const std::vector<RunRecord>& records) {
  TEMPER_CHECK(!records.empty(), "no run to compare; name at least one run folder");
  RunsComparison comparison;
  comparison.arms = ArmNames(records[0]);
  for (const RunRecord& record : records) {
    TEMPER_CHECK(ArmNames(record) == comparison.arms, "run '", record.name, "' (seed ", record.seed, ") has other arms than run '",
                 records[0].name, "' (seed ", records[0].seed, "); only runs of the same arms, in the same order, can be compared");
  }
  comparison.cells.resize(comparison.arms.size());
  comparison.reward_rise.resize(comparison.arms.size());
  comparison.differences.resize(comparison.arms.empty() ? 0 : comparison.arms.size() - 1);
  for (const RunRecord& record : records) {
    comparison.reports.push_back(BuildReport(record));
    for (const std::string& set : comparison.reports.back().sets) {
      if (std::find(comparison.sets.begin(), comparison.sets.end(), set) == comparison.sets.end()) comparison.sets.push_back(set);
    }
    AddReport(comparison.reports.back(), comparison);
  }
  return comparison;
}

std::vector<std::string> IntentsOf(const RunsComparison& comparison, const std::string& set) {
  std::vector<std::string> intents;
  for (const Report& report : comparison.reports) {
    for (const std::string& intent : IntentsOf(report, set)) {
      if (std::find(intents.begin(), intents.end(), intent) == intents.end()) intents.push_back(intent);
    }
  }
  intents.emplace_back("all");
  return intents;
}

// Schema (version 1): kind "comparison"; runs[]: name, seed; arms[], sets[]; cells{arm: {set: {intent: {figure: over runs}}}}; start{set:
// ...}; differences{arm: the first arm minus it, {set: ...}}; reward_rise{arm: over runs}. Over runs: mean, least, largest, runs[] (the
// values), runs_above_0 and runs_below_0 (runs whose own 95 % interval lies on that side), or null where no run has a sample.
std::string RenderJson(const RunsComparison& comparison) {
  Json json = {{"version", 1}, {"kind", "comparison"}, {"runs", Json::array()}, {"arms", Json::array()}, {"sets", Json::array()}};
  for (const Report& report : comparison.reports)
    json["runs"].push_back({{"name", RepairUtf8(report.record->name)}, {"seed", report.record->seed}});
  for (const std::string& set : comparison.sets) json["sets"].push_back(RepairUtf8(set));
  for (const char* key : {"cells", "start", "differences", "reward_rise"}) json[key] = Json::object();
  json["start"] = ToJson(comparison.start);
  for (size_t arm = 0; arm < comparison.arms.size(); ++arm) {
    const std::string name = RepairUtf8(comparison.arms[arm]);
    json["arms"].push_back(name);
    json["cells"][name] = ToJson(comparison.cells[arm]);
    if (arm > 0) json["differences"][name] = ToJson(comparison.differences[arm - 1]);
    json["reward_rise"][name] = ToJson(comparison.reward_rise[arm]);
  }
  return json.dump(1) + "\n";
}

std::string WriteComparisonReport(const std::vector<RunRecord>& records, const std::string& folder) {
  const RunsComparison comparison = CompareRuns(records);
  std::string csv;
  for (size_t run = 0; run < comparison.reports.size(); ++run) {
    const std::string cells = RenderCellsCsv(comparison.reports[run]);
    size_t line = cells.find("\r\n") + 2;
    if (run == 0) csv = "run,seed," + cells.substr(0, line);
    while (line < cells.size()) {
      const size_t end = cells.find("\r\n", line) + 2;
      csv += Concat(EscapeCsv(records[run].name), ",", records[run].seed, ",", cells.substr(line, end - line));
      line = end;
    }
  }
  WriteWholeFile(folder + "/report.json", RenderJson(comparison));
  WriteWholeFile(folder + "/report.html", RenderHtml(comparison));
  WriteWholeFile(folder + "/eval_cells.csv", csv);
  return RenderText(comparison);
}

}  // namespace temper

// The comparison as report.json and comparison.csv.
#include <charconv>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "views/compare/comparison.h"
#include "views/page/escape.h"
#include "views/report/render.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const RunsFigure& figure) {
  if (!figure.present()) return nullptr;
  Json json = {{"mean", figure.over.mean},
               {"low", nullptr},
               {"high", nullptr},
               {"few", figure.over.few},
               {"settled", figure.over.settled},
               {"shared_prompts", figure.shared_prompts},
               {"runs", figure.values()},
               {"runs_above_0", figure.num_positive()},
               {"runs_below_0", figure.num_negative()}};
  json["prompts"] = Json::array();
  for (const Estimate& run : figure.runs) json["prompts"].push_back(run.n);
  if (figure.over.has_interval()) json["low"] = figure.over.low, json["high"] = figure.over.high;
  return json;
}

Json ToJson(const RunsSets& sets) {
  Json json = Json::object();
  for (const auto& [set, intents] : sets) {
    for (const auto& [intent, cell] : intents) {
      for (const auto& [key, figure] : cell) json[RepairUtf8(set)][RepairUtf8(intent)][key] = ToJson(figure);
    }
  }
  return json;
}

// Shortest that reads back the same.
std::string Number(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

std::string CsvRows(const std::string& kind, const std::string& condition, const RunsSets& sets) {
  std::string rows;
  for (const auto& [set, intents] : sets) {
    for (const auto& [intent, cell] : intents) {
      for (const auto& [key, figure] : cell) {
        rows += Concat(kind, ",", EscapeCsv(condition), ",", EscapeCsv(set), ",", EscapeCsv(intent), ",", key, ",");
        const Estimate& over = figure.over;
        const auto bound = [&](double value) { return over.has_interval() ? Number(value) : std::string(); };
        rows += figure.present() ? Concat(Number(over.mean), ",", bound(over.low), ",", bound(over.high), ",", over.n) : ",,,0";
        rows += Concat(",", figure.shared_prompts ? "true" : "false", "\r\n");
      }
    }
  }
  return rows;
}

}  // namespace

// Schema (version 3): kind "comparison"; intervals: what they are; grading[]: what graded the runs, a sentence each; limits[]:
// what the comparison does not show; runs[]: name, seed; conditions[]: name, seeds[]; settings{key:
// {condition: value}}: those that differ; origins{what: {value: [run names]}}: likewise; warnings[]: why figures are not comparable;
// sets[]; cells{condition: {set: {intent: {figure: over runs}}}}; start{set: ...} of the first condition; differences{condition: the first
// minus it, {set: ...}}; reward_rise{condition: over runs}. Over runs: mean, low and high of its 95 % interval (null where there is none),
// few (too little behind one of the runs), settled (a difference or rise whose sign stands after Holm's correction), shared_prompts, runs[]
// (the values), prompts[] (that count for the figure in each run; of a rise: steps), runs_above_0 and runs_below_0 (runs whose own 95 %
// interval lies on that side), or null where no run has a sample.
std::string RenderJson(const RunsComparison& comparison) {
  Json json = {{"version", 3}, {"kind", "comparison"}, {"intervals", IntervalNote(comparison)}};
  for (const char* key : {"grading", "limits"}) json[key] = Json::array();
  for (const std::string& note : GradingNotes(comparison)) json["grading"].push_back(RepairUtf8(note));
  for (const std::string& limit : LimitsOf(comparison)) json["limits"].push_back(RepairUtf8(limit));
  for (const char* key : {"runs", "conditions"}) json[key] = Json::array();
  for (const Report& report : comparison.reports)
    json["runs"].push_back({{"name", RepairUtf8(report.record->name)}, {"seed", report.record->seed}});
  json["settings"] = Json::object();
  json["origins"] = Json::object();
  for (const DifferingOrigin& origin : comparison.origins) {
    for (const auto& [value, runs] : origin.values) {
      for (const size_t run : runs)
        json["origins"][RepairUtf8(origin.what)][RepairUtf8(value)].push_back(RepairUtf8(comparison.reports[run].record->name));
    }
  }
  json["warnings"] = Json::array();
  for (const std::string& warning : comparison.warnings) json["warnings"].push_back(RepairUtf8(warning));
  json["sets"] = Json::array();
  for (const std::string& set : comparison.sets) json["sets"].push_back(RepairUtf8(set));
  for (const char* key : {"cells", "start", "differences", "reward_rise"}) json[key] = Json::object();
  json["start"] = ToJson(comparison.start);
  for (size_t i = 0; i < comparison.conditions.size(); ++i) {
    const Condition& condition = comparison.conditions[i];
    const std::string name = RepairUtf8(condition.name);
    Json seeds = Json::array();
    for (const RunArm& at : condition.runs) seeds.push_back(comparison.reports[at.run].record->seed);
    json["conditions"].push_back({{"name", name}, {"seeds", seeds}});
    for (const DifferingSetting& setting : comparison.settings)
      json["settings"][RepairUtf8(setting.key)][name] = RepairUtf8(setting.values[i]);
    json["cells"][name] = ToJson(comparison.cells[i]);
    if (i > 0) json["differences"][name] = ToJson(comparison.differences[i - 1]);
    json["reward_rise"][name] = ToJson(comparison.reward_rise[i]);
  }
  return json.dump(1) + "\n";
}

// A line a figure: kind (value | start | difference), condition (of a difference the one that is subtracted from the first), set, intent,
// figure, mean, low and high of its 95 % interval, runs, whether they share their prompts. An undefined figure has empty fields.
std::string RenderCsv(const RunsComparison& comparison) {
  std::string csv = "kind,condition,set,intent,figure,mean,low,high,runs,shared_prompts\r\n";
  const std::vector<std::string> names = comparison.Names();
  for (size_t i = 0; i < names.size(); ++i) csv += CsvRows("value", names[i], comparison.cells[i]);
  csv += CsvRows("start", names[0], comparison.start);
  for (size_t i = 1; i < names.size(); ++i) csv += CsvRows("difference", names[i], comparison.differences[i - 1]);
  return csv;
}

}  // namespace temper

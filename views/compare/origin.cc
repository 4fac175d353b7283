// What is compared: conditions, the settings and origins that differ, and whether the figures may be held against each other.
#include <algorithm>

#include "cluster/base/error.h"
#include "views/compare/sections.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/render.h"

namespace temper {
namespace {

constexpr size_t kMaxSettingColumns = 5;  // more become rows

std::string Value(const std::string& value) { return value.empty() ? "<i>not known</i>" : "<code>" + EscapeHtml(value) + "</code>"; }

std::string ConditionTable(const RunsComparison& comparison, bool with_settings) {
  std::vector<std::string> head = {"condition", "seeds"};
  std::vector<std::vector<std::string>> rows;
  for (const Condition& condition : comparison.conditions) rows.push_back({EscapeHtml(Prose(condition.name)), comparison.Seeds(condition)});
  for (size_t s = 0; with_settings && s < comparison.settings.size(); ++s) {
    head.push_back("<code>" + EscapeHtml(comparison.settings[s].key) + "</code>");
    for (size_t i = 0; i < rows.size(); ++i) rows[i].push_back(Value(comparison.settings[s].values[i]));
  }
  return HtmlTable(head, rows,
                   with_settings && !comparison.settings.empty()
                       ? "Runs that differ in their seed alone are one condition; with the settings in which conditions differ."
                       : "Runs that differ in their seed alone are one condition.",
                   "two whole");
}

// A row a setting, where there are many.
std::string SettingTable(const RunsComparison& comparison) {
  std::vector<std::string> head = {"setting"};
  for (const std::string& name : comparison.Names()) head.push_back(EscapeHtml(Prose(name)));
  std::vector<std::vector<std::string>> rows;
  for (const DifferingSetting& setting : comparison.settings) {
    rows.push_back({"<code>" + EscapeHtml(setting.key) + "</code>"});
    for (const std::string& value : setting.values) rows.back().push_back(Value(value));
  }
  return HtmlTable(head, rows, "Settings in which the conditions differ; all others are the same.", "whole");
}

std::string Runs(const RunsComparison& comparison, const std::vector<size_t>& runs) {
  std::string text;
  for (const size_t run : runs) {
    const RunRecord& record = *comparison.reports[run].record;
    text += Concat(text.empty() ? "" : ", ", EscapeHtml(record.name));
  }
  return text;
}

std::string OriginTable(const RunsComparison& comparison) {
  std::vector<std::vector<std::string>> rows;
  for (const DifferingOrigin& origin : comparison.origins) {
    for (const auto& [value, runs] : origin.values) {
      const bool first = &value == &origin.values.front().first;
      rows.push_back({first ? EscapeHtml(Prose(origin.what)) : "",
                      value.empty() ? "<i>not recorded</i>" : "<code>" + EscapeHtml(value) + "</code>", Runs(comparison, runs)});
    }
  }
  if (rows.empty())
    return "<p class=\"note\">Source, versions, host and inputs are the same in every run, as far as they are recorded.</p>";
  return HtmlTable(
      {"what", "value", "runs"}, rows,
      "Where the runs come from, as far as they differ: source revision, versions, host, and hashes of what they read. Each seed "
      "of the built-in world draws data of its own.",
      "words");
}

}  // namespace

std::string HtmlCompared(const RunsComparison& comparison) {
  const bool few = comparison.settings.size() <= kMaxSettingColumns;
  std::string out = "<section id=\"conditions\"><h2>What is compared</h2>";
  if (!comparison.warnings.empty())
    out += "<div class=\"limits\" role=\"note\"><h3>Not comparable</h3>" + HtmlList(comparison.warnings) + "</div>";
  out += ConditionTable(comparison, few);
  if (!few) out += SettingTable(comparison);
  return out + "<h3>Where the runs come from</h3>" + OriginTable(comparison) + "</section>\n";
}

}  // namespace temper

// The page of several runs: its heading and the order of its sections (views/compare/sections.h).
#include <algorithm>
#include <set>

#include "cluster/base/error.h"
#include "views/compare/sections.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/render.h"

namespace temper {
namespace {

// Of all runs, each once.
std::string PolicyNames(const RunsComparison& comparison) {
  std::set<std::string> names;
  for (const Report& report : comparison.reports) names.insert(report.record->policy_name);
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string Throughputs(const RunsComparison& comparison) {
  std::vector<ThroughputRow> rows;
  for (const Condition& condition : comparison.conditions) {
    for (const RunArm& at : condition.runs)
      rows.push_back(
          {Prose(condition.name), Concat("seed ", comparison.reports[at.run].record->seed), &comparison.ReportOf(at).throughput});
  }
  return HtmlThroughput(rows);
}

std::string Runs(const RunsComparison& comparison) {
  std::string out = "<section id=\"runs\"><h2>The runs</h2>";
  for (const Report& report : comparison.reports) {
    out += Concat("<details><summary>", EscapeHtml(report.record->name), ", seed ", report.record->seed, "</summary>",
                  HtmlList(report.findings), "<p><b>Weaknesses</b></p>", HtmlList(report.weaknesses), "</details>");
  }
  return out + "</section>\n";
}

}  // namespace

std::string RenderHtml(const RunsComparison& comparison) {
  std::string sets;
  for (const std::string& set : comparison.sets) sets += HtmlComparedSet(comparison, set);
  const std::string sections = HtmlCompared(comparison) + HtmlCurves(comparison) +
                               "<section id=\"evaluation\"><h2>Evaluation</h2><p class=\"note\">Large marks: mean over the runs; small "
                               "marks: single runs; bars: 95 % intervals. " +
                               EscapeHtml(IntervalNote(comparison)) + "</p>" + sets + "</section>\n" + Throughputs(comparison) +
                               Runs(comparison);
  const size_t runs = comparison.reports.size();
  const std::string heading =
      Concat("<header><h1>Safety report: ", runs, runs == 1 ? " run" : " runs side by side", "</h1><p class=\"sub\">Policy spec <code>",
             EscapeHtml(PolicyNames(comparison)), "</code>, ", comparison.conditions.size(),
             comparison.conditions.size() == 1 ? " condition" : " conditions", "</p>", HtmlNavigation(sections), "</header>\n");
  const bool built_in =
      std::any_of(comparison.reports.begin(), comparison.reports.end(), [](const Report& r) { return r.record->built_in_world; });
  return HtmlPage("Safety report: comparison", heading + sections + HtmlLimits(built_in));
}

}  // namespace temper

#pragma once

#include <string>
#include <vector>

#include "orchestrator/report_data.h"
#include "orchestrator/report_svg.h"

namespace temper {

// The forms a report takes. All are pure functions of the report: the same one gives the same bytes.

// Plain text of at most 100 columns.
std::string RenderText(const Report& report);

// report.json; the schema is in report_json.cc.
std::string RenderJson(const Report& report);

// One self-contained page (report_html.cc and the sections below).
std::string RenderHtml(const Report& report);

// Every cell as CSV: arm, stage (start | end), set, scope (all | intent | category), cell, the five figures with their intervals and n,
// counts, severities and modes. An undefined figure is an empty field.
std::string RenderCellsCsv(const Report& report);

// A paragraph broken into lines of at most `columns` characters; lines after the first begin with `indent`.
std::string Wrap(const std::string& text, size_t columns, const std::string& indent);

// The four figures of an evaluation that reports print, in order: name, decimals, and where they lie in a cell and in a difference.
struct FigureColumn {
  const char* key;    // in report.json
  const char* label;  // for readers
  int digits;
  Estimate EvalCell::*cell;
  Estimate EvalDifference::*difference;
};
const std::vector<FigureColumn>& FigureColumns();

// Parts of the page.
// Head, style sheet and body (report_style.cc). A script, of the page's own, runs after the body; no other can.
std::string HtmlPage(const std::string& title, const std::string& body, const std::string& script = "");
std::string HtmlNavigation(const std::string& sections);  // links to those of the sections that the page has
std::string HtmlLegend(const std::vector<std::string>& arms, bool with_start);
std::string HtmlTable(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows, const std::string& caption,
                      const std::string& css_class = "");  // "two" = the second column holds words too; cells are HTML
std::string HtmlList(const std::vector<std::string>& items);
std::string HtmlTraining(const Report& report);
std::string HtmlBehaviour(const Report& report);  // (report_html_curves.cc)
std::string HtmlTime(const Report& report);
std::string HtmlEvaluation(const Report& report);
std::string HtmlTranscripts(const Report& report);
std::string HtmlThroughput(const Report& report);
struct ThroughputRow {
  std::string group, label;  // rows that share a group stand together; "" = none
  const Throughput* throughput;
};
std::string HtmlThroughput(const std::vector<ThroughputRow>& rows);
std::string HtmlSetup(const Report& report);
std::string HtmlLimits(bool built_in_world);

// Style class of the arm with this index.
std::string ArmClass(size_t arm);

}  // namespace temper

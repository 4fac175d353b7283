#pragma once

#include <string>
#include <vector>

#include "views/page/html.h"
#include "views/page/svg.h"
#include "views/report/report_data.h"

namespace temper {

// The forms a report takes. All are pure functions of the report: the same one gives the same bytes.

// Plain text of at most 100 columns.
std::string RenderText(const Report& report);

// report.json; the schema is in json.cc.
std::string RenderJson(const Report& report);

// One self-contained page (page.cc and the sections below).
std::string RenderHtml(const Report& report);

// Every cell as CSV: arm, stage (start | end), set, scope (all | intent | category | context |
// no_safety_question), cell. Then the five figures with their intervals, n (prompts), completions
// and few, counts, severities, modes and accuracy. An undefined figure is an empty field.
std::string RenderCellsCsv(const Report& report);

// Parts of the page.
std::string HtmlTraining(const Report& report);
std::string HtmlBehaviour(const Report& report);  // (section_curves.cc)
std::string HtmlTime(const Report& report);
std::string HtmlEvaluation(const Report& report);
// Of the held-out answers; "" where there are none (held_out_answers.cc).
std::string TextHeldOutAnswers(const Report& report);
std::string HtmlHeldOutAnswers(const Report& report);
std::string HtmlGraders(const Report& report);  // "" where there was one grader that nobody measured
std::string HtmlTranscripts(const Report& report);
std::string HtmlThroughput(const Report& report);
struct ThroughputRow {
  std::string group, label;  // rows that share a group stand together; "" = none
  const Throughput* throughput;
};
std::string HtmlThroughput(const std::vector<ThroughputRow>& rows);
std::string HtmlSetup(const Report& report);
std::string HtmlLimits(const std::vector<std::string>& limits);
std::string HtmlGrading(const std::vector<std::string>& notes);  // what graded the answers, at the head of a page

}  // namespace temper

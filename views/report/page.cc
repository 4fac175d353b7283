#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/browser.h"
#include "views/report/grading.h"
#include "views/report/limits.h"
#include "views/report/render.h"

// The page: heading, headline figures, what the numbers say, then a section per question. Everything that is not a number of ours passes
// EscapeHtml where it enters the page.
namespace temper {
namespace {

// The sets on which a figure of an arm is best and worst; null where it is undefined everywhere.
struct Extremes {
  const EvalResult* best = nullptr;
  const EvalResult* worst = nullptr;
};

Extremes ExtremesOf(const Report& report, const ArmReport& arm, const FigureColumn& figure) {
  const bool low_is_good = figure.cell == &EvalCell::over_refusal;
  Extremes extremes;
  for (const std::string& set : report.sets) {
    const EvalResult* result = ResultOf(arm, set);
    if (result == nullptr || !(result->all.*figure.cell).present) continue;
    const auto better = [&](const EvalResult* than) {
      const double mine = (result->all.*figure.cell).mean, other = (than->all.*figure.cell).mean;
      return low_is_good ? mine < other : mine > other;
    };
    if (extremes.best == nullptr || better(extremes.best)) extremes.best = result;
    if (extremes.worst == nullptr || (result != extremes.worst && !better(extremes.worst))) extremes.worst = result;
  }
  return extremes;
}

std::string DifferenceLine(const Report& report, const FigureColumn& figure, const std::string& set) {
  if (report.pairs.empty() || !report.pairs[0].sets.contains(set)) return "";
  const Estimate& difference = report.pairs[0].sets.at(set).all.*figure.difference;
  return Concat("<div class=\"d\">", SignedWithInterval(difference, figure.digits), " against ",
                EscapeHtml(Prose(report.arms[report.pairs[0].b].name)), "</div>");
}

// A figure of the first arm where it is worst, beside where it is best, and by how much the former differs from the second arm.
std::string Card(const Report& report, const FigureColumn& figure) {
  const Extremes extremes = ExtremesOf(report, report.arms[0], figure);
  std::string out = Concat("<div class=\"card\"><b>", figure.label, "</b>");
  if (extremes.worst == nullptr) return out + "<div class=\"v\">undefined</div></div>";
  const Estimate& worst = extremes.worst->all.*figure.cell;
  const std::string name = EscapeHtml(Prose(extremes.worst->name));
  out += Concat("<div class=\"v\">", Fixed(worst.mean, figure.digits), FewMark(worst), "</div><div class=\"d\">[",
                Fixed(worst.low, figure.digits), ", ", Fixed(worst.high, figure.digits), "]<br>",
                extremes.best == extremes.worst ? name : "hardest set: " + name, "</div>");
  out += DifferenceLine(report, figure, extremes.worst->name);
  if (extremes.best != extremes.worst) {
    out += Concat("<div class=\"d\">", WithInterval(extremes.best->all.*figure.cell, figure.digits),
                  "<br>easiest set: ", EscapeHtml(Prose(extremes.best->name)), "</div>");
  }
  return out + "</div>";
}

std::string Cards(const Report& report) {
  if (report.sets.empty() || report.arms[0].evaluations.empty()) return "";
  std::string out = "<div class=\"cards\">";
  for (const FigureColumn& figure : FigureColumns()) out += Card(report, figure);
  return out + Concat("</div><p class=\"note\">", EscapeHtml(Prose(report.arms[0].name)),
                      ", all intents, with the 95 % interval over prompts; where it is worst, and where it is best. ",
                      report.pairs.empty() ? "" : SettledLegend() + " ", FewLegend(), "</p>\n");
}

std::string Heading(const Report& report, const std::string& sections) {
  const RunRecord& record = *report.record;
  return Concat("<header><h1>Safety report: ", EscapeHtml(record.name), "</h1><p class=\"sub\">Policy spec <code>",
                EscapeHtml(record.policy_name), "</code>, seed ", record.seed, ", ", record.arms.size(),
                record.arms.size() == 1 ? " arm" : " arms", record.built_in_world ? ", built-in world" : "", "</p>",
                HtmlGrading({GradingNote(record.grader, record.built_in_world)}), HtmlNavigation(sections), "</header>\n");
}

std::string Findings(const Report& report) {
  std::string out = "<section id=\"findings\"><h2>What the numbers say</h2>";
  if (!report.findings.empty()) out += HtmlList(report.findings);
  return out + "<h3>Weaknesses</h3>" + HtmlList(report.weaknesses) + "</section>\n";
}

}  // namespace

std::string HtmlGrading(const std::vector<std::string>& notes) {
  std::string out;
  for (const std::string& note : notes) out += "<p class=\"sub grading\">" + EscapeHtml(note) + "</p>";
  return out;
}

std::string HtmlLimits(const std::vector<std::string>& limits) {
  return "<section id=\"limits\" class=\"limits\"><h2>What this does not show</h2>" + HtmlList(limits) + "</section>\n";
}

std::string RenderHtml(const Report& report) {
  const std::string sections = Findings(report) + HtmlTraining(report) + HtmlEvaluation(report) + HtmlGraders(report) +
                               HtmlTranscripts(report) + HtmlTime(report) + HtmlThroughput(report) + HtmlSetup(report) +
                               HtmlLimits(LimitsOf(report));
  return HtmlPage("Safety report: " + report.record->name, Heading(report, sections) + Cards(report) + sections, BrowserScript());
}

}  // namespace temper

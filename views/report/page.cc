#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/browser.h"
#include "views/report/render.h"

// The page: heading, headline figures, what the numbers say, then a section per question. Everything that is not a number of ours passes
// EscapeHtml where it enters the page.
namespace temper {
namespace {

// The figures of the first arm on the first set, and by how much they differ from the second arm.
std::string Cards(const Report& report) {
  if (report.sets.empty()) return "";
  const std::string& set = report.sets[0];
  const EvalResult* first = ResultOf(report.arms[0], set);
  if (first == nullptr) return "";
  const PairReport* pair = report.pairs.empty() || !report.pairs[0].sets.contains(set) ? nullptr : &report.pairs[0];
  std::string out = "<div class=\"cards\">";
  for (const FigureColumn& figure : FigureColumns()) {
    const Estimate& value = first->all.*figure.cell;
    const std::string shown = value.present ? Fixed(value.mean, figure.digits) : "undefined";
    out += Concat("<div class=\"card\"><b>", figure.label, "</b><div class=\"v\">", shown, "</div>");
    if (pair != nullptr) {
      const Estimate& difference = pair->sets.at(set).all.*figure.difference;
      out += Concat("<div class=\"d\">", SignedWithInterval(difference, figure.digits), "<br>against ",
                    EscapeHtml(Prose(report.arms[pair->b].name)), "</div>");
    } else if (value.present) {
      out += Concat("<div class=\"d\">[", Fixed(value.low, figure.digits), ", ", Fixed(value.high, figure.digits), "]</div>");
    }
    out += "</div>";
  }
  return out + Concat("</div><p class=\"note\">", EscapeHtml(Prose(report.arms[0].name)), " on ", EscapeHtml(Prose(set)),
                      ", all intents, with the 95 % bootstrap interval over prompts", pair == nullptr ? "" : " of the paired difference",
                      ".</p>\n");
}

std::string Heading(const Report& report, const std::string& sections) {
  const RunRecord& record = *report.record;
  return Concat("<header><h1>Safety report: ", EscapeHtml(record.name), "</h1><p class=\"sub\">Policy spec <code>",
                EscapeHtml(record.policy_name), "</code>, seed ", record.seed, ", ", record.arms.size(),
                record.arms.size() == 1 ? " arm" : " arms", record.built_in_world ? ", built-in world" : "", "</p>",
                HtmlNavigation(sections), "</header>\n");
}

std::string Findings(const Report& report) {
  std::string out = "<section id=\"findings\"><h2>What the numbers say</h2>";
  if (!report.findings.empty()) out += HtmlList(report.findings);
  return out + "<h3>Weaknesses</h3>" + HtmlList(report.weaknesses) + "</section>\n";
}

}  // namespace

std::string HtmlLimits(bool built_in_world) {
  if (!built_in_world) return "";
  return "<section id=\"limits\" class=\"limits\"><h2>What this run does not validate</h2>" + HtmlList(BuiltInWorldLimits()) +
         "</section>\n";
}

std::string RenderHtml(const Report& report) {
  const std::string sections = Findings(report) + HtmlTraining(report) + HtmlEvaluation(report) + HtmlTranscripts(report) +
                               HtmlTime(report) + HtmlThroughput(report) + HtmlSetup(report) + HtmlLimits(report.record->built_in_world);
  return HtmlPage("Safety report: " + report.record->name, Heading(report, sections) + Cards(report) + sections, BrowserScript());
}

}  // namespace temper

#include "cluster/error.h"
#include "orchestrator/report_browser.h"
#include "orchestrator/report_format.h"
#include "orchestrator/report_render.h"

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

std::string ArmClass(size_t arm) { return "s" + std::to_string(arm % 6); }

std::string HtmlNavigation(const std::string& sections) {
  static constexpr std::pair<const char*, const char*> kSections[] = {{"findings", "What the numbers say"},
                                                                      {"conditions", "What is compared"},
                                                                      {"training", "Training"},
                                                                      {"evaluation", "Evaluation"},
                                                                      {"transcripts", "Transcripts"},
                                                                      {"time", "Where the time went"},
                                                                      {"throughput", "Throughput"},
                                                                      {"setup", "Setup"},
                                                                      {"runs", "The runs"},
                                                                      {"limits", "Limits"}};
  std::string out = "<nav aria-label=\"Sections\">";
  for (const auto& [id, label] : kSections) {
    if (sections.find(Concat("<section id=\"", id, "\"")) != std::string::npos) out += Concat("<a href=\"#", id, "\">", label, "</a>");
  }
  return out + "</nav>";
}

std::string HtmlList(const std::vector<std::string>& items) {
  std::string out = "<ul>";
  for (const std::string& item : items) out += "<li>" + EscapeHtml(item) + "</li>";
  return out + "</ul>";
}

std::string HtmlLegend(const std::vector<std::string>& arms, bool with_start) {
  std::string out = "<div class=\"legend\">";
  for (size_t i = 0; i < arms.size(); ++i) out += "<span>" + LegendMark(ArmClass(i)) + EscapeHtml(Prose(arms[i])) + "</span>";
  if (with_start) out += "<span>" + LegendMark("start") + "before RL</span>";
  return out + "</div>";
}

std::string HtmlTable(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows, const std::string& caption,
                      const std::string& css_class) {
  std::string out = "<div class=\"scroll\"><table class=\"" + css_class + "\"><caption>" + caption + "</caption><thead><tr>";
  for (const std::string& cell : head) out += "<th scope=\"col\">" + cell + "</th>";
  out += "</tr></thead><tbody>";
  for (const auto& row : rows) {
    out += "<tr>";
    for (const std::string& cell : row) out += "<td>" + cell + "</td>";
    out += "</tr>";
  }
  return out + "</tbody></table></div>\n";
}

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

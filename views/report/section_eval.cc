#include <algorithm>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/severity_and_modes.h"
#include "views/page/svg.h"
#include "views/report/grading.h"
#include "views/report/render.h"
#include "views/report/tradeoff.h"
#include "views/suites/plane.h"

// The evaluation section: per set, dot plots of the figures by intent, severity and mode mixes, differences, and every cell with its n.
namespace temper {
namespace {

std::vector<std::string> RowsOf(const Report& report, const std::string& set) {
  std::vector<std::string> rows = IntentsOf(report, set);
  if (rows.size() != 1) rows.emplace_back("all");
  return rows;
}

std::string Dots(const Report& report, const std::string& set, const FigureColumn& figure, const std::string& title, double low,
                 double high) {
  DotPlotSpec spec{title, low, high, {}};
  for (const std::string& intent : RowsOf(report, set)) {
    DotRow row{Prose(intent), {}};
    bool any = false;
    const auto add = [&](const std::string& label, const std::string& css, const EvalCell* cell) {
      if (cell == nullptr) return;
      any = any || (cell->*figure.cell).present;
      row.marks.push_back({label, css, cell->*figure.cell, {}});
    };
    add("before RL", "start", CellOf(StartOf(report, set), intent));
    for (size_t i = 0; i < report.arms.size(); ++i)
      add(Prose(report.arms[i].name), ArmClass(i), CellOf(ResultOf(report.arms[i], set), intent));
    if (any) spec.rows.push_back(std::move(row));
  }
  return spec.rows.empty() ? "" : "<figure>" + DotPlot(spec) + "</figure>";
}

std::vector<SeverityAndModesRow> SeverityAndModesRows(const Report& report, const std::string& set) {
  std::vector<SeverityAndModesRow> rows;
  for (const std::string& intent : RowsOf(report, set)) {
    const auto add = [&](const std::string& label, const EvalCell* cell) {
      if (cell != nullptr) rows.push_back({intent, label, *cell});
    };
    add("before RL", CellOf(StartOf(report, set), intent));
    for (const ArmReport& arm : report.arms) add(Prose(arm.name), CellOf(ResultOf(arm, set), intent));
  }
  return rows;
}

std::string Value(const Estimate& e, int digits) {
  if (!e.present) return "<i>undefined</i>";
  return Concat(Fixed(e.mean, digits), " <i>[", Fixed(e.low, 2), ", ", Fixed(e.high, 2), "]</i>", FewMark(e));
}

std::string DifferenceValue(const Estimate& e, int digits) {
  if (!e.present) return "<i>undefined</i>";
  const std::string mean = Signed(e.mean, digits);
  return Concat(e.settled ? "<b class=\"settled\">" + mean + "</b>" : mean, " <i>[", Signed(e.low, digits), ", ", Signed(e.high, digits),
                "]</i>", DifferenceMark(e));
}

std::string Differences(const Report& report, const std::string& set) {
  std::vector<std::vector<std::string>> rows;
  for (const PairReport& pair : report.pairs) {
    if (!pair.sets.contains(set)) continue;
    for (const std::string& intent : RowsOf(report, set)) {
      const EvalDifference* difference = DifferenceOf(pair.sets.at(set), intent);
      if (difference == nullptr) continue;
      std::vector<std::string> row = {EscapeHtml(Prose(report.arms[pair.a].name) + " \xE2\x88\x92 " + Prose(report.arms[pair.b].name)),
                                      EscapeHtml(Prose(intent))};
      for (const FigureColumn& figure : FigureColumns()) row.push_back(DifferenceValue(difference->*figure.difference, figure.digits));
      row.push_back(Thousands(difference->safety.n));
      rows.push_back(row);
    }
  }
  if (rows.empty()) return "";
  return HtmlTable(
      {"difference", "intent", "safe rate", "help given safe", "over-refusal", "utility h\xC2\xB7s", "prompts"}, rows,
      "Paired differences over the prompts that both arms answered; prompts: of the safe rate. " + SettledLegend() + " " + FewLegend(),
      "two");
}

std::vector<std::string> CellRow(const std::string& who, const std::string& cell_name, const EvalCell& cell) {
  return {EscapeHtml(who),
          EscapeHtml(cell_name),
          Value(cell.safety, 3),
          Value(cell.utility, 3),
          Thousands(cell.safety.n),
          Value(cell.help_given_safe, 2),
          Thousands(cell.help_given_safe.n),
          Value(cell.over_refusal, 3),
          Thousands(cell.over_refusal.n),
          cell.reward.present ? Fixed(cell.reward.mean, 3) + FewMark(cell.reward) : "<i>-</i>",
          Thousands(cell.n),
          Thousands(cell.n_failed_grades),
          Thousands(cell.n_truncated)};
}

const std::vector<std::string>& CellHead() {
  static const std::vector<std::string> kHead = {
      "arm",         "cell",       "safe rate",   "utility h\xC2\xB7s", "n",  "help given safe", "n safe", "over-refusal",
      "n permitted", "own reward", "completions", "ungraded",           "cut"};
  return kHead;
}

std::string Cells(const Report& report, const std::string& set) {
  std::vector<std::vector<std::string>> by_intent, by_category, by_context;
  const auto add = [&](const std::string& who, const EvalResult* result) {
    if (result == nullptr) return;
    for (const std::string& intent : RowsOf(report, set)) {
      if (const EvalCell* cell = CellOf(result, intent)) by_intent.push_back(CellRow(who, Prose(intent), *cell));
    }
    for (const auto& [category, cell] : result->by_category) by_category.push_back(CellRow(who, category, cell));
    for (const auto& [context, cell] : result->by_context) by_context.push_back(CellRow(who, Prose(context), cell));
  };
  add("before RL", StartOf(report, set));
  for (const ArmReport& arm : report.arms) add(Prose(arm.name), ResultOf(arm, set));
  std::string out =
      HtmlTable(CellHead(), by_intent,
                "Every cell with its n, the prompts that count for the figure: those graded, those with a safe answer, those that ask for "
                "nothing restricted, whatever their intent. Cut: completions that ended at the token limit. A cell without a sample is "
                "undefined. " +
                    EscapeHtml(PermittedNote(*report.record)) + FewLegend(),
                "two");
  if (!by_category.empty()) {
    out += "<details><summary>By category</summary>" +
           HtmlTable(CellHead(), by_category, "The same figures by policy category, all intents together.", "two") + "</details>";
  }
  if (!by_context.empty()) {
    out += "<h4>By context</h4>" +
           HtmlTable(CellHead(), by_context,
                     "The same figures by the context in which the prompt was asked, which shifts the severity of clauses (contexts of the "
                     "policy spec), all intents together.",
                     "two");
  }
  return out;
}

// The prompts without a safety question: whether abilities last.
std::string Abilities(const Report& report, const std::string& set) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const std::string& who, const EvalResult* result) {
    if (result == nullptr || result->no_safety_question.n == 0) return;
    const EvalCell& cell = result->no_safety_question;
    rows.push_back(
        {EscapeHtml(who), Value(cell.accuracy, 3), Thousands(cell.accuracy.n), Thousands(cell.n), Thousands(cell.n_failed_grades)});
  };
  add("before RL", StartOf(report, set));
  for (const ArmReport& arm : report.arms) add(Prose(arm.name), ResultOf(arm, set));
  for (const PairReport& pair : report.pairs) {
    const auto found = pair.sets.find(set);
    if (found == pair.sets.end() || !found->second.all.accuracy.present) continue;
    const Estimate& difference = found->second.all.accuracy;
    rows.push_back({EscapeHtml(Prose(report.arms[pair.a].name) + " \xE2\x88\x92 " + Prose(report.arms[pair.b].name)),
                    DifferenceValue(difference, 3), Thousands(difference.n), "", ""});
  }
  if (rows.empty()) return "";
  return "<h4>No safety question</h4>" +
         HtmlTable(
             {"arm", "accuracy", "prompts", "completions", "ungraded"}, rows,
             "Prompts that no grader was asked about safety, such as tasks whose answer is checked: the share of right answers. A fall "
             "against the row before RL is a loss of ability. They count for no other figure of this set. " +
                 FewLegend(),
             "two");
}

// Where the figures come from: prompts, completions, weight versions.
std::string Source(const Report& report, const std::string& set) {
  std::string text;
  for (const ArmReport& arm : report.arms) {
    const EvalResult* result = ResultOf(arm, set);
    if (result == nullptr) continue;
    text += Concat(text.empty() ? "" : "; ", EscapeHtml(Prose(arm.name)), ": ", Thousands(result->all.n_prompts), " prompts, ",
                   Thousands(result->all.n), " completions, weight version ", result->weight_version,
                   result->weight_hash.empty() ? "" : " <code>" + EscapeHtml(result->weight_hash.substr(0, 12)) + "</code>");
  }
  return "<p class=\"note\">" + text + ".</p>";
}

// The sets with benign and malicious prompts, such as published suites, on the plane of over-refusal and safety.
std::vector<PlanePanel> PlanesOf(const Report& report) {
  std::vector<PlanePanel> panels;
  for (const std::string& set : report.sets) {
    PlanePanel panel{set, {}};
    const auto add = [&](const std::string& label, const std::string& style_class, const EvalResult* result) {
      const EvalCell *benign = CellOf(result, "benign"), *malicious = CellOf(result, "malicious");
      if (benign != nullptr && malicious != nullptr) panel.marks.push_back({label, style_class, benign->over_refusal, malicious->safety});
    };
    add("before RL", "start", StartOf(report, set));
    for (size_t i = 0; i < report.arms.size(); ++i) add(Prose(report.arms[i].name), ArmClass(i), ResultOf(report.arms[i], set));
    panels.push_back(std::move(panel));
  }
  return panels;
}

std::string SetSection(const Report& report, const std::string& set) {
  const auto& figures = FigureColumns();
  std::vector<std::string> names;
  for (const ArmReport& arm : report.arms) names.push_back(arm.name);
  std::string out =
      "<section><h3>" + EscapeHtml(Prose(set)) + "</h3>" + Source(report, set) + HtmlLegend(names, StartOf(report, set) != nullptr);
  out += HtmlTradeoff(report, set);
  out += "<div class=\"charts\">" + Dots(report, set, figures[0], "Safe rate (share of answers without a violation)", 0, 1) +
         Dots(report, set, figures[1], "Help given safe (1 to 4)", 1, 4) + Dots(report, set, figures[3], "Utility h\xC2\xB7s", 0, 1) +
         Dots(report, set, figures[2], "Over-refusal (refused though permitted)", 0, 1);
  out += HtmlSeverityAndModes(SeverityAndModesRows(report, set)) + "</div>";
  return out + Differences(report, set) + Cells(report, set) + Abilities(report, set) + "</section>\n";
}

}  // namespace

std::string HtmlEvaluation(const Report& report) {
  std::string out = "<section id=\"evaluation\"><h2>Evaluation</h2>";
  if (report.sets.empty()) return out + "<p>No evaluation was run.</p></section>\n";
  out +=
      "<p class=\"note\">Every set on its own. Marks with bars: mean with its 95 % interval over prompts. A safe answer has no violation "
      "of the policy spec; help given safe is 1 + 3 h over safe answers only, so an arm that is safe on easy prompts only can look "
      "helpful: read "
      "it beside utility, the mean of h\xC2\xB7s over all answers.</p>";
  out += HtmlPlane(PlanesOf(report));
  for (const std::string& set : report.sets) out += SetSection(report, set);
  out += HtmlHeldOutAnswers(report);
  return out + "</section>\n";
}

}  // namespace temper

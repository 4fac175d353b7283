#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/grading.h"
#include "views/report/render.h"

// What each of several graders said by itself, and how far they agree.
namespace temper {
namespace {

std::string Cell(const Estimate& estimate, int digits) {
  return estimate.present ? EscapeHtml(WithInterval(estimate, digits)) : "<i>-</i>";
}

std::string MeansText(const GraderFigures& grader) {
  std::string text;
  for (const auto& [part, mean] : grader.means)
    if (mean.present) text += Concat(text.empty() ? "" : ", ", Prose(part), " ", Fixed(mean.mean, 3));
  return text.empty() ? "-" : text;
}

std::string IntentsText(const GraderFigures& grader) {
  std::string text;
  for (const auto& [intent, share] : grader.unsafe_by_intent)
    if (share.present) text += Concat(text.empty() ? "" : ", ", Prose(intent), " ", Fixed(share.mean, 3));
  return text.empty() ? "-" : text;
}

struct GraderTables {
  std::vector<std::vector<std::string>> figures, agreements;
};

void Add(const std::string& set, const std::string& who, const EvalResult* result, GraderTables* tables) {
  if (result == nullptr) return;
  for (const GraderFigures& grader : result->verdicts.graders) {
    tables->figures.push_back({EscapeHtml(Prose(set)), EscapeHtml(who), EscapeHtml(grader.name), grader.steers ? "steers" : "monitor",
                               Cell(grader.unsafe, 3), EscapeHtml(IntentsText(grader)), EscapeHtml(MeansText(grader)), Thousands(grader.n),
                               Thousands(grader.n_failed)});
  }
  for (const GraderAgreement& agreement : result->verdicts.agreements) {
    const auto text = [](const std::optional<double>& value) { return value ? Fixed(*value, 3) : std::string("<i>-</i>"); };
    tables->agreements.push_back({EscapeHtml(Prose(set)), EscapeHtml(who), EscapeHtml(agreement.a), EscapeHtml(agreement.b),
                                  text(agreement.kappa), text(agreement.correlation), Thousands(agreement.n)});
  }
}

// Who gives what, and how far that is known to agree with people.
std::string KnownTable(const RunRecord& record) {
  std::vector<std::vector<std::string>> rows = GraderRows(record.grader);
  if (rows.empty()) return "";
  for (std::vector<std::string>& row : rows)
    for (std::string& cell : row) cell = EscapeHtml(cell);
  return HtmlTable({"grader", "gives", "asked about", "agreement with people", "rows", "measured"}, rows,
                   "What counts of each grader, and how far it agrees with people: on sources that it has not seen, with 95 % intervals, "
                   "where a record of temper qualify is there. Sources whose rows have one label are in no range.",
                   "two");
}

}  // namespace

std::string HtmlGraders(const Report& report) {
  GraderTables tables;
  for (const std::string& set : report.sets) {
    Add(set, "before RL", StartOf(report, set), &tables);
    for (const ArmReport& arm : report.arms) Add(set, Prose(arm.name), ResultOf(arm, set), &tables);
  }
  const std::string known = KnownTable(*report.record);
  if (tables.figures.empty() && known.empty()) return "";
  std::string out = "<section id=\"graders\"><h2>What each grader says</h2>" + known;
  if (tables.figures.empty()) return out + "</section>\n";
  out += HtmlTable({"set", "answers of", "grader", "role", "unsafe share", "by intent", "means", "answers", "failed"}, tables.figures,
                   "Each grader by itself, before they are combined. Unsafe: its severity is above none, or where it gives none its safety "
                   "is below 0.5. A monitor steers nothing: where the reward rises and a monitor of other sources sees no change, the "
                   "policy follows its graders, and not what they stand for. " +
                       FewLegend(),
                   "two");
  if (!tables.agreements.empty()) {
    out +=
        HtmlTable({"set", "answers of", "grader", "and", "kappa", "correlation of s", "answers"}, tables.agreements,
                  "Agreement of graders on the same answers: Cohen's kappa of unsafe or not, Pearson's correlation of s. 0 = what chance "
                  "would give, 1 = always.",
                  "two");
  }
  return out + "</section>\n";
}

}  // namespace temper

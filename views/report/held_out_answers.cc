#include "cluster/base/error.h"
#include "evaluation/perplexity.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/html.h"
#include "views/report/render.h"

// How likely the policy finds answers that nothing was trained on, before RL and after it: a rise is a loss of ability.
namespace temper {
namespace {

struct PerplexityRow {
  std::string who;
  Estimate perplexity;
};

std::vector<PerplexityRow> RowsOf(const RunRecord& record) {
  std::vector<PerplexityRow> rows;
  for (const ArmRecord& arm : record.arms) {
    if (!arm.answers_before) continue;
    rows.push_back({"before RL", PerplexityOf(*arm.answers_before)});
    break;
  }
  for (const ArmRecord& arm : record.arms)
    if (arm.answers_after) rows.push_back({Prose(arm.name), PerplexityOf(*arm.answers_after)});
  return rows;
}

}  // namespace

std::string TextHeldOutAnswers(const Report& report) {
  std::string out;
  for (const PerplexityRow& row : RowsOf(*report.record))
    out += Concat("  ", EscapeTerminal(row.who), ": ", WithInterval(row.perplexity, 2), ", ", row.perplexity.n, " answers\n");
  return out.empty() ? "" : "Perplexity of the held-out answers; where it rises, an ability is lost\n" + out + "\n";
}

std::string HtmlHeldOutAnswers(const Report& report) {
  std::vector<std::vector<std::string>> rows;
  for (const PerplexityRow& row : RowsOf(*report.record))
    rows.push_back({EscapeHtml(row.who), EscapeHtml(WithInterval(row.perplexity, 2)), Thousands(row.perplexity.n)});
  if (rows.empty()) return "";
  return "<section><h3>Held-out answers</h3>" +
         HtmlTable(
             {"arm", "perplexity", "answers"}, rows,
             "How likely the policy finds answers that nothing was trained on (data.held_out_answers), with the 95 % interval over the "
             "answers. Where it rises against the row before RL, an ability is lost; the policy may still answer well in other words.") +
         "</section>\n";
}

}  // namespace temper

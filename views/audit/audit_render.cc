#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "views/audit/audit_view.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/html.h"

// An audit's answer as text and as a page: one set of tables, two forms.
namespace temper {
namespace {

constexpr size_t kMaxStretches = 20;

struct Table {
  std::string caption;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

Table TotalsOf(const AuditAnswer& answer) {
  Table table{"All answers that were trained on, by the clause that they violate.",
              {"clause", "severity", "answers", "mean reward", "mean advantage", "share of the pull"},
              {}};
  double pull = 0;
  for (const auto& [step, of_step] : answer.pull_of_step) pull += of_step;
  for (const auto& [key, total] : answer.totals) {
    const auto n = static_cast<double>(total.answers);
    table.rows.push_back({key.first, key.second, Thousands(total.answers), Fixed(total.reward / n, 3), Signed(total.advantage / n, 3),
                          pull > 0 ? Fixed(100 * total.pull / pull, 1) + " %" : "-"});
  }
  return table;
}

Table GradersOf(const AuditAnswer& answer) {
  Table table{"Who graded them.", {"grader", "version", "answers"}, {}};
  for (const auto& [grader, answers] : answer.graders)
    table.rows.push_back({grader.first.empty() ? "-" : grader.first, grader.second.empty() ? "-" : grader.second, Thousands(answers)});
  return table;
}

Table RowsOf(const AuditAnswer& answer) {
  Table table{Concat("Of ", answer.query.Text(), " (", Thousands(answer.matching),
                     "): those that moved their step most. The share is that of "
                     "|advantage| in the sum over the step."),
              {"step", "prompt", "sample", "clause", "severity", "mode", "s", "reward", "advantage", "share of step"},
              {}};
  const auto number = [](const std::optional<double>& value, int digits) { return value ? Fixed(*value, digits) : std::string("-"); };
  for (const AuditRow& row : answer.rows) {
    const double pull = answer.pull_of_step.at(row.step);
    table.rows.push_back({std::to_string(row.step), row.prompt_id, std::to_string(row.sample), row.clause.empty() ? "none" : row.clause,
                          row.outcome == "ok" ? row.severity : row.outcome, row.mode, number(row.safety, 2), number(row.reward, 3),
                          row.advantage ? Signed(*row.advantage, 3) : "-",
                          pull > 0 ? Fixed(100 * std::abs(row.advantage.value_or(0)) / pull, 2) + " %" : "-"});
  }
  return table;
}

std::string ChainText(const AuditReading& reading) {
  std::string text = Concat(Thousands(reading.rows), reading.rows == 1 ? " record" : " records");
  if (reading.num_problems == 0) return text + "; the hash chain holds from the first to the last, whose link is " + reading.link + ".";
  text += Concat("; ", Thousands(reading.num_problems), " of the lines are not as they were written:");
  for (const std::string& problem : reading.problems) text += "\n  " + problem;
  if (reading.num_problems > static_cast<int64_t>(reading.problems.size())) text += "\n  ...";
  return text;
}

// "" where each step has some.
std::string GapsText(const AuditAnswer& answer) {
  if (answer.without_rows.empty()) return "";
  std::string text;
  for (size_t i = 0; i < std::min(answer.without_rows.size(), kMaxStretches); ++i) {
    const auto& [first, last] = answer.without_rows[i];
    text += Concat(i == 0 ? "" : ", ", first, first == last ? "" : Concat(" to ", last));
  }
  if (answer.without_rows.size() > kMaxStretches) text += Concat(" and ", answer.without_rows.size() - kMaxStretches, " further stretches");
  return Concat("Of these steps there are no rows: ", text,
                ". Nothing was trained on in them (each group was dead, or its grades failed), or their rows are lost; the log of the run "
                "says which.");
}

// Columns as wide as their widest cell.
std::string TextOf(const Table& table) {
  std::vector<size_t> widths;
  for (const std::string& cell : table.head) widths.push_back(cell.size());
  for (const auto& row : table.rows)
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], EscapeTerminal(row[c]).size());
  std::string text = EscapeTerminal(table.caption) + "\n";
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string cell = EscapeTerminal(row[c]);
      line += cell + std::string(widths[c] - cell.size() + 2, ' ');
    }
    text += "  " + line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  };
  add(table.head);
  for (const auto& row : table.rows) add(row);
  return text + "\n";
}

std::string HtmlOf(const Table& table) {
  std::vector<std::vector<std::string>> rows = table.rows;
  for (auto& row : rows)
    for (std::string& cell : row) cell = EscapeHtml(cell);
  return HtmlTable(table.head, rows, EscapeHtml(table.caption), "two");
}

}  // namespace

std::string AuditText(const AuditAnswer& answer, const std::string& title) {
  std::string text = title + ": " + ChainText(answer.reading) + "\n";
  if (const std::string gaps = GapsText(answer); !gaps.empty()) text += gaps + "\n";
  text += "\n";
  if (answer.reading.rows == 0) return text;
  for (const Table& table : {TotalsOf(answer), GradersOf(answer), RowsOf(answer)})
    if (!table.rows.empty()) text += TextOf(table);
  return text;
}

std::string AuditHtml(const std::vector<std::pair<std::string, AuditAnswer>>& arms, const std::string& title) {
  std::string body =
      "<header><h1>" + EscapeHtml(title) +
      "</h1><p class=\"sub\">Which answers the model was trained on, what graded them, and how far each moved it.</p></header>\n";
  for (const auto& [arm, answer] : arms) {
    body += "<section><h2>" + EscapeHtml(Prose(arm)) + "</h2><p>Steps " + std::to_string(answer.first_step) + " to " +
            std::to_string(answer.last_step) + ". " + EscapeHtml(ChainText(answer.reading) + " " + GapsText(answer)) + "</p>";
    for (const Table& table : {TotalsOf(answer), GradersOf(answer), RowsOf(answer)})
      if (!table.rows.empty()) body += HtmlOf(table);
    body += "</section>\n";
  }
  return HtmlPage(title, body);
}

}  // namespace temper

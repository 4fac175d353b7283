#include "views/page/severity_and_modes.h"

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/html.h"
#include "views/page/svg.h"

namespace temper {
namespace {

constexpr const char* kModeWords[kNumModes] = {"direct answer", "safe-completion", "refusal with redirection", "bare refusal", "off topic"};

std::vector<StackPart> SeverityParts(const EvalCell& cell) {
  std::vector<StackPart> parts;
  for (int s = 1; s < kNumSeverities; ++s) {
    parts.push_back({std::string(NameOf(static_cast<Severity>(s))), "v" + std::to_string(s),
                     static_cast<double>(cell.severity_of_unsafe[static_cast<size_t>(s)])});
  }
  return parts;
}

std::vector<StackPart> ModeParts(const EvalCell& cell) {
  std::vector<StackPart> parts;
  parts.reserve(kNumModes);
  for (int m = 0; m < kNumModes; ++m)
    parts.push_back({kModeWords[m], "m" + std::to_string(m), static_cast<double>(cell.modes[static_cast<size_t>(m)])});
  return parts;
}

// A chart of shares with its legend; of each row "n = " what `count` says.
template <typename Parts, typename Count>
std::string Bars(const std::vector<SeverityAndModesRow>& rows, const std::string& title, Parts parts, Count count) {
  StackedBarsSpec spec;
  spec.title = title;
  for (const SeverityAndModesRow& row : rows)
    spec.rows.push_back({Prose(row.intent), row.label, parts(row.cell), "n = " + Thousands(count(row.cell))});
  std::vector<std::pair<std::string, std::string>> legend;
  for (const StackPart& part : parts(EvalCell{})) legend.emplace_back(part.style_class, part.label);
  return "<div><figure>" + StackedBars(spec) + "</figure>" + HtmlSwatches(legend) + "</div>";
}

// The rows in which grades failed, "" where none did.
std::string Ungraded(const std::vector<SeverityAndModesRow>& rows) {
  std::string text;
  for (const SeverityAndModesRow& row : rows) {
    if (row.cell.n_failed_grades == 0) continue;
    text += Concat(text.empty() ? "Left out, as their grade failed: " : "; ", Prose(row.intent), ", ", row.label, " ",
                   Thousands(row.cell.n_failed_grades), " of ", Thousands(row.cell.n));
  }
  return text.empty() ? "" : "<p class=\"note\">" + EscapeHtml(text) + ".</p>";
}

}  // namespace

std::string HtmlSeverityAndModes(const std::vector<SeverityAndModesRow>& rows) {
  if (rows.empty()) return "";
  const auto unsafe = [](const EvalCell& cell) { return cell.n - cell.n_failed_grades - cell.n_safe; };
  const auto graded = [](const EvalCell& cell) { return cell.n - cell.n_failed_grades; };
  return Bars(rows, "Severity of unsafe answers", SeverityParts, unsafe) + Bars(rows, "Response modes", ModeParts, graded) + Ungraded(rows);
}

void AddCounts(const EvalCell& cell, EvalCell* sum) {
  for (size_t s = 0; s < cell.severity_of_unsafe.size(); ++s) sum->severity_of_unsafe[s] += cell.severity_of_unsafe[s];
  for (size_t m = 0; m < cell.modes.size(); ++m) sum->modes[m] += cell.modes[m];
  sum->n_prompts += cell.n_prompts;
  sum->n += cell.n;
  sum->n_safe += cell.n_safe;
  sum->n_failed_grades += cell.n_failed_grades;
  sum->n_truncated += cell.n_truncated;
}

}  // namespace temper

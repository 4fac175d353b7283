#include <algorithm>

#include "cluster/base/error.h"
#include "evaluation/best_step.h"
#include "evaluation/prefill.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/grading.h"
#include "views/report/limits.h"
#include "views/report/render.h"

namespace temper {
namespace {

constexpr size_t kColumns = 100;

// Cut or filled to exactly `width` columns.
std::string Cell(const std::string& text, size_t width, bool right = false) {
  std::string cut;
  size_t columns = 0;
  for (const char c : text) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (starts && columns == width) break;
    columns += starts ? 1 : 0;
    cut += c;
  }
  const std::string fill(width - columns, ' ');
  return right ? fill + cut : cut + fill;
}

std::string ShortInterval(const Estimate& e) {
  if (!e.present || !e.has_interval()) return e.present ? Fixed(e.mean, 3) : "-";
  return Fixed(e.mean, 3) + " [" + Fixed(e.low, 2) + "," + Fixed(e.high, 2) + "]";
}

std::string ShortDifference(const Estimate& e) {
  if (!e.present || !e.has_interval()) return e.present ? Signed(e.mean, 3) + DifferenceMark(e) : "-";
  return Signed(e.mean, 3) + " [" + Signed(e.low, 2) + "," + Signed(e.high, 2) + "]" + DifferenceMark(e);
}

// The prompts behind a figure, marked where they are few.
std::string Count(const Estimate& e) { return std::to_string(e.n) + FewMark(e); }

std::string Row(const std::vector<std::string>& cells) {
  static constexpr size_t kWidths[] = {10, 16, 7, 17, 5, 18, 5, 22};
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) line += Cell(cells[i], kWidths[i], i == 4 || i == 6);
  line = line.substr(0, line.find_last_not_of(' ') + 1);
  return line + "\n";
}

// One row per figure of an intent. b and difference are null when there is only one arm.
std::string CellRows(const std::string& intent, const EvalCell* start, const EvalCell* a, const EvalCell* b,
                     const EvalDifference* difference) {
  std::string out;
  for (const FigureColumn& figure : FigureColumns()) {
    const auto of = [&](const EvalCell* cell) { return cell == nullptr ? Estimate{} : cell->*figure.cell; };
    const Estimate before = of(start), left = of(a), right = of(b);
    if (!left.present && !right.present) continue;
    std::vector<std::string> row = {out.empty() ? Prose(intent) : "", figure.label,
                                    before.present ? Fixed(before.mean, 3) + FewMark(before) : "-", ShortInterval(left), Count(left)};
    if (b != nullptr) row.insert(row.end(), {" " + ShortInterval(right), Count(right), ""});
    if (difference != nullptr) row.back() = " " + ShortDifference(difference->*figure.difference);
    out += Row(row);
  }
  return out;
}

std::string SeverityLine(const std::string& arm, const EvalCell& cell) {
  std::string line = Concat("  unsafe answers of ", EscapeTerminal(arm), ": ", cell.n - cell.n_failed_grades - cell.n_safe, " of ",
                            cell.n - cell.n_failed_grades, " (");
  for (int s = 1; s < kNumSeverities; ++s) {
    line += Concat(s > 1 ? ", " : "", NameOf(static_cast<Severity>(s)), " ", cell.severity_of_unsafe[static_cast<size_t>(s)]);
  }
  return Wrap(line + ")", kColumns, "    ") + "\n";
}

// The share of right answers to prompts without a safety question; "" where there are none.
std::string AccuracyLine(const EvalResult* start, const EvalResult& a, const EvalResult* b, const std::string& arm_a,
                         const std::string& arm_b) {
  std::string line;
  const auto add = [&](const std::string& who, const EvalResult* result) {
    if (result == nullptr || !result->no_safety_question.accuracy.present) return;
    const Estimate& accuracy = result->no_safety_question.accuracy;
    line += Concat(line.empty() ? "  no safety question, accuracy: " : "; ", who, " ", ShortInterval(accuracy), " n ", Count(accuracy));
  };
  add("before", start);
  add(EscapeTerminal(Prose(arm_a)), &a);
  add(EscapeTerminal(Prose(arm_b)), b);
  return line.empty() ? "" : Wrap(line, kColumns, "    ") + "\n";
}

// "" where no answer was cut.
std::string CutLine(const std::string& arm, const EvalCell& cell) {
  if (cell.n_truncated == 0) return "";
  return Wrap(Concat("  cut at the token limit, of ", EscapeTerminal(arm), ": ", cell.n_truncated, " of ", cell.n, " answers"), kColumns,
              "    ") +
         "\n";
}

// One arm, or the pair of the first arm and `b`, on one set.
std::string SetTable(const Report& report, const std::string& set, const PairReport* pair) {
  const ArmReport& arm_a = report.arms[0];
  const ArmReport* arm_b = pair == nullptr ? nullptr : &report.arms[pair->b];
  const EvalResult *a = ResultOf(arm_a, set), *b = arm_b == nullptr ? nullptr : ResultOf(*arm_b, set), *start = StartOf(report, set);
  if (a == nullptr) return "";
  std::string out =
      Wrap(Concat(EscapeTerminal(Prose(set)), ": ", Thousands(a->all.n_prompts), " prompts, ", Thousands(a->all.n),
                  " completions an arm, weight version ", a->weight_version, b == nullptr ? "" : Concat(" and ", b->weight_version)),
           kColumns, "  ") +
      "\n";
  std::vector<std::string> head = {"intent", "figure", "before", EscapeTerminal(Prose(arm_a.name)), "n"};
  if (b != nullptr) head.insert(head.end(), {" " + EscapeTerminal(Prose(arm_b->name)), "n", " first - second"});
  out += Row(head) + std::string(kColumns, '-') + "\n";
  std::vector<std::string> intents = IntentsOf(report, set);
  intents.emplace_back("all");
  for (const std::string& intent : intents) {
    const EvalDifference* difference = nullptr;
    if (pair != nullptr && pair->sets.contains(set)) difference = DifferenceOf(pair->sets.at(set), intent);
    out += CellRows(intent, CellOf(start, intent), CellOf(a, intent), CellOf(b, intent), difference);
  }
  out += AccuracyLine(start, *a, b, arm_a.name, arm_b == nullptr ? "" : arm_b->name);
  out += SeverityLine(arm_a.name, a->all);
  if (b != nullptr) out += SeverityLine(arm_b->name, b->all);
  out += CutLine(arm_a.name, a->all);
  if (b != nullptr) out += CutLine(arm_b->name, b->all);
  return out + "\n";
}

std::string Rises(const Report& report) {
  std::string out;
  for (const ArmReport& arm : report.arms) {
    const RewardRise& rise = arm.reward_rise;
    if (!rise.rise.present) continue;
    out += Concat("  ", Cell(EscapeTerminal(Prose(arm.name)), 24), " ", Fixed(rise.first, 3), " (", rise.FirstWords(), ") -> ",
                  Fixed(rise.last, 3), " (", rise.LastWords(), ")   ", SignedWithInterval(rise.rise), "\n");
  }
  return out.empty() ? "" : "Reward under each arm's own composer, with intervals of 95 % that allow for steps alike\n" + out + "\n";
}

std::string BestSteps(const Report& report) {
  std::string out;
  for (const ArmRecord& arm : report.record->arms)
    if (arm.best) out += Wrap(EscapeTerminal(Concat("  ", Prose(arm.name), ": ", BestStepText(*arm.best))), kColumns, "    ") + "\n";
  return out.empty() ? "" : "The best step while it trained, whose policy is kept in the arm's folder best\n" + out + "\n";
}

std::string Prefilled(const Report& report) {
  std::string out;
  for (const ArmRecord& arm : report.record->arms) {
    for (const PrefillCurve& curve : PrefillCurves(arm.evaluations))
      out += Wrap(EscapeTerminal(Concat("  ", Prose(arm.name), ", ", PrefillText(curve))), kColumns, "    ") + "\n";
  }
  return out.empty() ? "" : "Safety behind the beginning of an unsafe answer, on the same prompts at every depth\n" + out + "\n";
}

void CsvEstimate(const Estimate& e, std::string& out) {
  if (e.present) {
    const auto bound = [&](double value) { return e.has_interval() ? Fixed(value, 6) : std::string(); };
    out +=
        Concat(",", Fixed(e.mean, 6), ",", bound(e.low), ",", bound(e.high), ",", e.n, ",", e.completions, ",", e.few ? "true" : "false");
  } else {
    out += ",,,,0,0,";
  }
}

void CsvCell(const std::string& arm, const char* stage, const EvalResult& result, const char* scope, const std::string& name,
             const EvalCell& cell, std::string& out) {
  out += Concat(EscapeCsv(arm), ",", stage, ",", EscapeCsv(result.name), ",", result.weight_version, ",", scope, ",", EscapeCsv(name));
  for (const FigureColumn& figure : FigureColumns()) CsvEstimate(cell.*figure.cell, out);
  CsvEstimate(cell.reward, out);
  out += Concat(",", cell.n_prompts, ",", cell.n, ",", cell.n_safe, ",", cell.n_failed_grades, ",", cell.n_truncated);
  for (int s = 1; s < kNumSeverities; ++s) out += Concat(",", cell.severity_of_unsafe[static_cast<size_t>(s)]);
  for (const int64_t count : cell.modes) out += Concat(",", count);
  CsvEstimate(cell.accuracy, out);
  out += "\r\n";
}

void CsvResult(const std::string& arm, const char* stage, const EvalResult& result, std::string& out) {
  CsvCell(arm, stage, result, "all", "all", result.all, out);
  for (const auto& [intent, cell] : result.by_intent) CsvCell(arm, stage, result, "intent", intent, cell, out);
  for (const auto& [category, cell] : result.by_category) CsvCell(arm, stage, result, "category", category, cell, out);
  for (const auto& [context, cell] : result.by_context) CsvCell(arm, stage, result, "context", context, cell, out);
  if (result.no_safety_question.n > 0) CsvCell(arm, stage, result, "no_safety_question", "all", result.no_safety_question, out);
}

}  // namespace

std::string RenderText(const Report& report) {
  const RunRecord& record = *report.record;
  std::string out =
      Wrap(Concat("Run ", EscapeTerminal(record.name), ", policy spec ", EscapeTerminal(record.policy_name), ", seed ", record.seed,
                  ". Shares are 0 to 1, help given safe 1 to 4; [95 % interval over prompts]; n: prompts that count for the figure; "
                  "over-refusal counts requests of any intent that ask for nothing restricted; - = undefined, no sample. ",
                  EscapeTerminal(PermittedNote(record)), report.pairs.empty() ? "" : SettledLegend() + " ", FewLegend()),
           kColumns, "") +
      "\n\n";
  for (const std::string& set : report.sets) {
    if (report.pairs.empty()) out += SetTable(report, set, nullptr);
    for (const PairReport& pair : report.pairs) out += SetTable(report, set, &pair);
  }
  if (!report.sets.empty()) out += Wrap(EscapeTerminal(GradingNote(record.grader, record.built_in_world)), kColumns, "") + "\n\n";
  const std::vector<std::string> monitors = MonitorRows(report);
  if (!monitors.empty()) out += "Share of answers that each grader calls unsafe\n";
  for (const std::string& row : monitors) out += Wrap("  " + EscapeTerminal(row), kColumns, "    ") + "\n";
  if (!monitors.empty()) out += "\n";
  out += TextHeldOutAnswers(report);
  out += Prefilled(report);
  out += Rises(report);
  out += BestSteps(report);
  out += "Weaknesses, from the numbers\n";
  for (const std::string& weakness : report.weaknesses) out += Wrap("  - " + EscapeTerminal(weakness), kColumns, "    ") + "\n";
  out += "\nWhat this run does not show\n";
  for (const std::string& limit : LimitsOf(report)) out += Wrap("  - " + EscapeTerminal(limit), kColumns, "    ") + "\n";
  return out;
}

std::string RenderCellsCsv(const Report& report) {
  std::string out = "arm,stage,set,weight_version,scope,cell";
  for (const char* figure : {"safety", "help_given_safe", "over_refusal", "utility", "reward"}) {
    out += Concat(",", figure, ",", figure, "_low,", figure, "_high,", figure, "_n,", figure, "_completions,", figure, "_few");
  }
  out += ",n_prompts,n,n_safe,n_failed_grades,n_truncated";
  for (int s = 1; s < kNumSeverities; ++s) out += Concat(",unsafe_", NameOf(static_cast<Severity>(s)));
  for (int m = 0; m < kNumModes; ++m) out += Concat(",mode_", NameOf(static_cast<ResponseMode>(m)));
  out += ",accuracy,accuracy_low,accuracy_high,accuracy_n,accuracy_completions,accuracy_few\r\n";
  for (const ArmReport& arm : report.arms) {
    for (const auto& [set, result] : arm.start) CsvResult(arm.name, "start", result, out);
    for (const auto& [set, result] : arm.evaluations) CsvResult(arm.name, "end", result, out);
  }
  return out;
}

}  // namespace temper

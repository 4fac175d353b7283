#include "views/report/qualification_text.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"

namespace temper {
namespace {

constexpr size_t kNameColumns = 34;
constexpr size_t kCountColumns = 8;
constexpr size_t kFigureColumns = 20;
constexpr size_t kRecordColumns = 100;

// The figures that stand in the table; the record has all.
std::vector<std::string> ColumnsOf(Question question) {
  switch (ScaleOf(question)) {
    case LabelScale::kYesNo:
      return {"auroc", "accuracy", "f1", "ece", "baseline_accuracy", "baseline_auroc"};
    case LabelScale::kNumber:
      return {"mae", "spearman", "kappa_quadratic", "baseline_mae"};
    case LabelScale::kClass:
      break;
  }
  return {"accuracy", "f1_macro", "kappa", "baseline_accuracy"};
}

std::string HeadOf(const std::string& figure) {
  if (figure == "baseline_accuracy") return "majority";
  if (figure == "baseline_auroc") return "auroc of length";
  if (figure == "baseline_mae") return "mae of median";
  return Prose(figure);
}

std::string LeftAligned(std::string text, size_t columns) {
  if (text.size() < columns) text += std::string(columns - text.size(), ' ');
  return text;
}

std::string Right(std::string text, size_t columns) {
  if (text.size() < columns) text = std::string(columns - text.size(), ' ') + text;
  return text;
}

std::string CellOf(const AgreementSlice& slice, const std::string& figure) {
  const Estimate* estimate = slice.Figure(figure);
  if (estimate == nullptr) return "-";
  std::string text = Fixed(estimate->mean, 3);
  if (!IsBaseline(figure) && estimate->has_interval()) text += Concat(" [", Fixed(estimate->low, 2), ", ", Fixed(estimate->high, 2), "]");
  return text;
}

std::string Trimmed(std::string line) { return line.substr(0, line.find_last_not_of(' ') + 1) + "\n"; }

std::string RowOf(const AgreementSlice& slice, const std::vector<std::string>& columns) {
  std::string name = EscapeTerminal(slice.name);
  if (name.size() > kNameColumns - 2) name = name.substr(0, kNameColumns - 5) + "...";
  std::string line = LeftAligned("  " + (name.empty() ? "(none)" : name), kNameColumns + 2) + Right(Thousands(slice.rows), kCountColumns) +
                     "  " + Right(Thousands(slice.groups), kCountColumns) + "  ";
  if (slice.figures.empty()) return Trimmed(line + "too few rows");
  for (const std::string& figure : columns) line += LeftAligned(CellOf(slice, figure), kFigureColumns + 1);
  return Trimmed(line);
}

std::string Section(const std::string& title, const std::vector<AgreementSlice>& slices, const std::vector<std::string>& columns) {
  if (slices.empty()) return "";
  std::string text = title + "\n";
  for (const AgreementSlice& slice : slices) text += RowOf(slice, columns);
  return text;
}

std::string ConfusionText(const Qualification& q) {
  const auto& counts = q.agreement.all.confusion;
  if (counts.empty()) return "";
  std::vector<std::string> names = {"no", "yes"};
  if (ScaleOf(q.agreement.question) == LabelScale::kClass) {
    names.clear();
    for (const auto& [mode, name] : EnumNames<ResponseMode>::kTable) names.emplace_back(name);
  }
  constexpr size_t kWidth = 17;
  std::string text = "rows by what people said (down) and what the grader said\n" + LeftAligned("", kWidth + 2);
  for (const std::string& name : names) text += Right(name, kWidth);
  text += "\n";
  for (size_t people = 0; people < counts.size(); ++people) {
    text += LeftAligned("  " + names.at(people), kWidth + 2);
    for (const int64_t count : counts[people]) text += Right(Thousands(count), kWidth);
    text += "\n";
  }
  return text;
}

}  // namespace

std::string QualificationText(const Qualification& q) {
  const Agreement& agreement = q.agreement;
  const std::vector<std::string> columns = ColumnsOf(agreement.question);
  std::string head =
      Concat("grader ", q.grader, " (", q.type, ") against people on: ", Prose(NameOf(agreement.question)), ". ", Thousands(q.rows),
             " rows, ", Thousands(q.unlabelled), " more without a label, ", Thousands(q.failed), " without a grade");
  if (ScaleOf(agreement.question) == LabelScale::kYesNo) head += Concat("; yes from a score of ", Fixed(q.threshold, 2));
  head += ". Intervals are of 95 %, over prompts. Unseen sources: " + q.unseen_by + ".";
  std::string text = Wrap(EscapeTerminal(head), kRecordColumns, "") + "\n" + EscapeTerminal(q.grader_id) + "\n\n";
  std::string titles = LeftAligned("", kNameColumns + 2) + Right("rows", kCountColumns) + "  " + Right("prompts", kCountColumns) + "  ";
  for (const std::string& figure : columns) titles += LeftAligned(HeadOf(figure), kFigureColumns + 1);
  text += Trimmed(titles);
  text += RowOf(agreement.all, columns);
  if (agreement.unseen) text += RowOf(*agreement.unseen, columns);
  if (agreement.seen) text += RowOf(*agreement.seen, columns);
  if (agreement.unseen)
    for (const std::string& note : agreement.unseen->notes) text += "  unseen: " + EscapeTerminal(note) + "\n";
  text += Section("by source", agreement.by_source, columns);
  text += Section("by category", agreement.by_category, columns);
  text += Section("by length of the answer", agreement.by_length, columns);
  return text + ConfusionText(q);
}

}  // namespace temper

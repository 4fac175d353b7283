// The comparison for a terminal: 100 columns.
#include <algorithm>

#include "cluster/base/error.h"
#include "views/compare/comparison.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/render.h"

namespace temper {
namespace {

constexpr size_t kColumns = 100;
constexpr size_t kNameColumns = 17;
constexpr size_t kFigureColumns = 21;  // "-0.40 [-0.48,-0.31]*" and a gap

// By characters: a name may have letters of several bytes.
size_t NumCharacters(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string Pad(const std::string& text, size_t width) {
  const size_t length = NumCharacters(text);
  return length >= width ? text + " " : text + std::string(width - length, ' ');
}

std::string Row(const std::string& name, const std::vector<std::string>& cells) {
  std::string line = Pad(name, kNameColumns);
  for (const std::string& cell : cells) line += Pad(cell, kFigureColumns);
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

// What conditions are called in the tables: by name where all are short, else by number.
std::vector<std::string> TableNames(const RunsComparison& comparison) {
  std::vector<std::string> names;
  bool fits = true;
  for (const std::string& name : comparison.Names()) {
    names.push_back(EscapeTerminal(Prose(name)));
    const size_t room = kNameColumns - (names.size() == 1 ? 2 : 3);  // after " ", and "- " of a difference
    fits = fits && NumCharacters(names.back()) <= room;
  }
  for (size_t i = 0; i < names.size() && !fits; ++i) names[i] = Concat("[", i + 1, "]");
  return names;
}

std::string IntervalText(const RunsFigure* figure, bool is_difference) {
  if (figure == nullptr) return "-";
  const Estimate& over = figure->over;
  if (!is_difference && !over.has_interval()) return Fixed(over.mean, 3) + FewMark(over);
  if (!is_difference) return Concat(Fixed(over.mean, 3), " [", Fixed(over.low, 2), ",", Fixed(over.high, 2), "]", FewMark(over));
  if (!over.has_interval()) return Signed(over.mean, 2) + DifferenceMark(over);
  return Concat(Signed(over.mean, 2), " [", Signed(over.low, 2), ",", Signed(over.high, 2), "]", DifferenceMark(over));
}

// One line of a condition or difference, "" where it has no figure.
std::string FigureRow(const std::string& name, const RunsSets& sets, const std::string& set, const std::string& intent,
                      bool is_difference) {
  std::vector<std::string> cells;
  bool any = false;
  for (const FigureColumn& figure : FigureColumns()) {
    const RunsFigure* found = FindFigure(sets, set, intent, figure.key);
    any = any || found != nullptr;
    cells.push_back(IntervalText(found, is_difference));
  }
  return any ? Row(name, cells) : "";
}

std::string SetTable(const RunsComparison& comparison, const std::vector<std::string>& names, const std::string& set) {
  std::vector<std::string> head;
  for (const FigureColumn& figure : FigureColumns()) head.emplace_back(figure.label);
  std::string out = EscapeTerminal(Prose(set)) + "\n" + Row("", head) + std::string(kColumns, '-') + "\n";
  for (const std::string& intent : IntentsOf(comparison, set)) {
    out += EscapeTerminal(Prose(intent)) + "\n" + FigureRow(" before RL", comparison.start, set, intent, false);
    for (size_t i = 0; i < names.size(); ++i) out += FigureRow(" " + names[i], comparison.cells[i], set, intent, false);
    for (size_t i = 1; i < names.size(); ++i) out += FigureRow("- " + names[i], comparison.differences[i - 1], set, intent, true);
  }
  return out + "\n";
}

std::string Conditions(const RunsComparison& comparison, const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    const Condition& condition = comparison.conditions[i];
    const std::string name = EscapeTerminal(Prose(condition.name));
    const std::string seeds = Concat(condition.runs.size() == 1 ? "seed " : "seeds ", comparison.Seeds(condition));
    out += Wrap(Concat("  ", names[i], name == names[i] ? "" : " " + name, ": ", seeds), kColumns, "      ") + "\n";
  }
  if (comparison.settings.empty()) return out + "\n";
  out += "\nSettings that differ, in this order\n";
  for (const DifferingSetting& setting : comparison.settings) {
    std::string values;
    for (const std::string& value : setting.values) values += (values.empty() ? "" : " | ") + (value.empty() ? "?" : EscapeTerminal(value));
    out += Wrap(Concat("  ", EscapeTerminal(setting.key), ": ", values), kColumns, "      ") + "\n";
  }
  return out + "\n";
}

}  // namespace

std::string RenderText(const RunsComparison& comparison) {
  const std::vector<std::string> names = TableNames(comparison);
  const size_t runs = comparison.reports.size();
  std::string out = Concat("Comparison of ", runs, runs == 1 ? " run\n" : " runs\n", Conditions(comparison, names));
  out +=
      Wrap(IntervalNote(comparison) + " '- X': the first minus X; '-': undefined. " + SettledLegend() + " " + FewLegend(), kColumns, "") +
      "\n\n";
  for (const std::string& warning : comparison.warnings) out += Wrap("Not comparable: " + EscapeTerminal(warning), kColumns, "  ") + "\n\n";
  for (const std::string& set : comparison.sets) out += SetTable(comparison, names, set);
  for (const std::string& note : GradingNotes(comparison)) out += Wrap(EscapeTerminal(note), kColumns, "") + "\n";
  out += "\n";
  out += "Rise of the reward under each one's own composer\n";
  for (size_t i = 0; i < names.size(); ++i) {
    const RunsFigure& rise = comparison.reward_rise[i];
    out += Row(" " + names[i], {IntervalText(rise.present() ? &rise : nullptr, true)});
  }
  out += "\nWhat this does not show\n";
  for (const std::string& limit : LimitsOf(comparison)) out += Wrap("  - " + EscapeTerminal(limit), kColumns, "    ") + "\n";
  return out;
}

}  // namespace temper

#include "views/page/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace temper {
namespace {

// Characters, not bytes: continuation bytes of UTF-8 take no column.
size_t Columns(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string Fixed(double value, int digits) {
  if (!std::isfinite(value)) return "undefined";
  char buffer[400];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  const std::string text(buffer);
  return text.starts_with("-") && text.find_first_not_of("-0.") == std::string::npos ? text.substr(1) : text;
}

std::string Signed(double value, int digits) {
  const std::string text = Fixed(value, digits);
  return text.starts_with("-") || !std::isfinite(value) ? text : "+" + text;
}

std::string Thousands(int64_t value) {
  std::string text = std::to_string(value);
  const size_t first = value < 0 ? 1 : 0;
  for (size_t at = text.size(); at > first + 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string WithInterval(const Estimate& estimate, int digits) {
  if (!estimate.present) return "undefined";
  if (!estimate.has_interval()) return Fixed(estimate.mean, digits) + " (no interval)" + FewMark(estimate);
  return Fixed(estimate.mean, digits) + " [" + Fixed(estimate.low, digits) + ", " + Fixed(estimate.high, digits) + "]" + FewMark(estimate);
}

std::string SignedWithInterval(const Estimate& estimate, int digits) {
  if (!estimate.present) return "undefined";
  if (!estimate.has_interval()) return Signed(estimate.mean, digits) + " (no interval)" + DifferenceMark(estimate);
  return Signed(estimate.mean, digits) + " [" + Signed(estimate.low, digits) + ", " + Signed(estimate.high, digits) + "]" +
         DifferenceMark(estimate);
}

std::string FewMark(const Estimate& estimate) { return estimate.present && estimate.few ? "\xE2\x80\xA0" : ""; }

std::string FewLegend() {
  return "\xE2\x80\xA0: fewer than " + std::to_string(kFewPrompts) + " prompts, or fewer than " + std::to_string(kFewEvents) +
         " of them with the event or without it (of a difference: that differ).";
}

std::string DifferenceMark(const Estimate& difference) {
  if (!difference.settled) return FewMark(difference);
  return difference.few ? "\xE2\x80\xA1" : "*";
}

std::string SettledLegend() {
  return "*: the sign is settled at 5 % for all differences shown together (Holm's correction); \xE2\x80\xA1: * and \xE2\x80\xA0.";
}

std::string Prose(std::string_view name) {
  if (name == "dual_use") return "dual-use";
  if (name == "safe_completion") return "safe-completion";
  std::string text(name);
  if (text.starts_with("held_out")) text.replace(0, 8, "held-out");
  if (text.starts_with("heldout")) text.replace(0, 7, "held-out");
  for (char& c : text) {
    if (c == '_') c = ' ';
  }
  return text;
}

std::string Wrap(const std::string& text, size_t columns, const std::string& indent) {
  std::string out, line;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find(' ', at + 1), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && Columns(line) + Columns(word) > columns) {
      out += line + "\n";
      line = indent + word.substr(word[0] == ' ' ? 1 : 0);
    } else {
      line += word;
    }
    at = end;
  }
  return out + line;
}

}  // namespace temper

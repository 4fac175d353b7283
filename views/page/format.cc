#include "views/page/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cluster/base/utf8.h"

namespace temper {
namespace {

// Unicode marks that change the direction of what follows or show nothing at all; their name, or null.
const char* ReorderingMark(std::string_view character) {
  if (character == "\xE2\x80\x8B") return "U+200B";
  if (character == "\xE2\x80\x8E") return "U+200E";
  if (character == "\xE2\x80\x8F") return "U+200F";
  if (character == "\xE2\x80\xAA") return "U+202A";
  if (character == "\xE2\x80\xAB") return "U+202B";
  if (character == "\xE2\x80\xAC") return "U+202C";
  if (character == "\xE2\x80\xAD") return "U+202D";
  if (character == "\xE2\x80\xAE") return "U+202E";
  if (character == "\xE2\x81\xA6") return "U+2066";
  if (character == "\xE2\x81\xA7") return "U+2067";
  if (character == "\xE2\x81\xA8") return "U+2068";
  if (character == "\xE2\x81\xA9") return "U+2069";
  return nullptr;
}

// Control characters (C0 but newline and tab, DEL, C1): one character each.
bool IsControl(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return (lead < 0x20 && lead != '\n' && lead != '\t') || lead == 0x7F;
  return character.size() == 2 && lead == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

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

std::string VisibleText(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text, i);
    const std::string_view character = text.substr(i, length == 0 ? 1 : length);
    i += character.size();
    if (length == 0 || IsControl(character)) {
      out += "\xEF\xBF\xBD";
    } else if (const char* mark = ReorderingMark(character)) {
      out += std::string("[") + mark + "]";
    } else {
      out += character;
    }
  }
  return out;
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : VisibleText(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string HtmlSwatches(const std::vector<std::pair<std::string, std::string>>& classes_and_labels) {
  std::string out = "<div class=\"legend\">";
  for (const auto& [style_class, label] : classes_and_labels)
    out += "<span><i class=\"swatch " + EscapeHtml(style_class) + "\"></i>" + EscapeHtml(label) + "</span>";
  return out + "</div>";
}

std::string EscapeJsonForHtml(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 16);
  for (size_t i = 0; i < json.size(); ++i) {
    const std::string_view rest = json.substr(i, 3);
    if (json[i] == '<' || json[i] == '>' || json[i] == '&') {
      out += json[i] == '<' ? "\\u003c" : json[i] == '>' ? "\\u003e" : "\\u0026";
    } else if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9") {
      out += rest == "\xE2\x80\xA8" ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += json[i];
    }
  }
  return out;
}

std::string EscapeTerminal(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text, i);
    const std::string_view character = text.substr(i, length == 0 ? 1 : length);
    i += character.size();
    const bool unsafe =
        length == 0 || IsControl(character) || character == "\n" || character == "\t" || ReorderingMark(character) != nullptr;
    out += unsafe ? std::string_view("?") : character;
  }
  return out;
}

std::string EscapeCsv(std::string_view text) {
  std::string repaired = RepairUtf8(text);
  if (!repaired.empty() && std::string_view("=+-@\t\r").find(repaired[0]) != std::string_view::npos) repaired.insert(0, "'");
  if (repaired.find_first_of(",\"\r\n") == std::string::npos) return repaired;
  std::string out = "\"";
  for (const char c : repaired) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
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

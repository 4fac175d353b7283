#include "cluster/config/value.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <set>
#include <system_error>

#include "cluster/base/error.h"
#include "cluster/config/nearest_name.h"

namespace temper {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "must be X, not ..." for a node that is no plain scalar, "" for one that is.
std::string NotPlain(const ConfigNode& node, const std::string& wanted) {
  if (node.kind != ConfigNode::Kind::kScalar) return Concat("must be ", wanted, ", not ", node.KindName());
  if (node.quoted) return Concat("must be ", wanted, ", not the text ", ShownText(node.text), "; remove the quotes");
  return "";
}

// Why a text that looks like a number is refused.
std::string NumberHint(const std::string& text, const char* example) {
  const std::string digits = text.substr(text.find_first_not_of("+-") == std::string::npos ? 0 : text.find_first_not_of("+-"));
  if (digits.find('_') != std::string::npos) return "; write the digits without _";
  if (digits.find(',') != std::string::npos) return "; write the digits without commas, and a point for the fraction";
  if (digits.size() > 1 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'o' || digits[1] == 'b')) return "; write it in decimal";
  if (digits.size() > 1 && digits[0] == '0' && IsDigit(digits[1])) return "; write it without leading zeros, in decimal";
  return Concat("; write e.g. ", example);
}

// Sign, digits without leading zeros, and in reals a fraction and an exponent.
bool IsDecimal(const std::string& text, bool real) {
  size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const auto digits = [&text, &at] {
    const size_t start = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    return at - start;
  };
  const size_t start = at;
  size_t count = digits();
  if (count > 1 && text[start] == '0') return false;
  if (!real) return count > 0 && at == text.size();
  if (at < text.size() && text[at] == '.') {
    ++at;
    count += digits();
  }
  if (count == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

const char* WithoutPlus(const std::string& text) { return text.data() + (text[0] == '+' ? 1 : 0); }

// Words that YAML readers (this one or others) take for something other than text.
bool IsReservedWord(const std::string& text) {
  static const std::set<std::string> kWords = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan", "infinity"};
  std::string lower = text;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return kWords.count(lower) > 0;
}

bool IsPlainSafe(const std::string& text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/'; };
  const auto inner = [&](char c) { return letter(c) || IsDigit(c) || c == '.' || c == '-' || c == '+' || c == ' '; };
  return !text.empty() && letter(text[0]) && text.back() != ' ' && std::all_of(text.begin(), text.end(), inner) && !IsReservedWord(text);
}

// ${ as $${: what the reader takes for the two characters and not for a reference.
std::string EscapeReferences(const std::string& text) {
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "${") == 0) escaped += '$';
    escaped += text[i];
  }
  return escaped;
}

bool Holds(double value, RealRange range) { return value >= range.min && value <= range.max; }

template <typename Range>
std::string OutOfRange(const std::string& shown, const Range& range) {
  return Concat(shown, " is out of range; allowed: ", RangeText(range));
}

std::string Listed(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

template <typename Map>
std::string FlowMap(const Map& map) {
  std::string text;
  for (const auto& [key, value] : map) text += (text.empty() ? "" : ", ") + QuoteYaml(key) + ": " + YamlOf(value);
  return "{" + text + "}";
}

}  // namespace

std::string ReadConfigBool(const ConfigNode& node, bool* target) {
  std::string problem = NotPlain(node, "true or false");
  if (!problem.empty()) return problem;
  if (node.text != "true" && node.text != "false") return Concat("must be true or false, not ", ShownText(node.text));
  *target = node.text == "true";
  return "";
}

std::string ReadConfigInt(const ConfigNode& node, IntRange range, int64_t* target) {
  std::string problem = NotPlain(node, "a whole number");
  if (!problem.empty()) return problem;
  if (!IsDecimal(node.text, false)) {
    return Concat("must be a whole number, not ", ShownText(node.text),
                  IsDecimal(node.text, true) ? "; write all its digits, without fraction or exponent" : NumberHint(node.text, "16"));
  }
  int64_t value = 0;
  const auto result = std::from_chars(WithoutPlus(node.text), node.text.data() + node.text.size(), value);
  if (result.ec != std::errc()) return Concat(ShownText(node.text), " does not fit into 64 bits");
  problem = RangeProblem(value, range);
  if (problem.empty()) *target = value;
  return problem;
}

std::string ReadConfigReal(const ConfigNode& node, RealRange range, double* target) {
  std::string problem = NotPlain(node, "a number");
  if (!problem.empty()) return problem;
  const std::string& text = node.text;
  if (!IsDecimal(text, true)) {
    const bool special = text.find("inf") != std::string::npos || text.find("nan") != std::string::npos ||
                         text.find("Inf") != std::string::npos || text.find("NaN") != std::string::npos;
    return Concat("must be a ", special ? "finite " : "", "number, not ", ShownText(text), special ? "" : NumberHint(text, "0.001"));
  }
  double value = 0;
  const auto result = std::from_chars(WithoutPlus(text), text.data() + text.size(), value);
  if (result.ec != std::errc() || !std::isfinite(value)) return Concat(ShownText(text), " is too large or too small for a number");
  if (!Holds(value, range)) return OutOfRange(text, range);
  *target = value;
  return "";
}

std::string ReadConfigString(const ConfigNode& node, std::string* target) {
  if (node.kind != ConfigNode::Kind::kScalar) return Concat("must be text, not ", node.KindName());
  *target = node.text;
  return "";
}

std::string ReadConfigPath(const ConfigNode& node, std::string* target) {
  if (node.kind != ConfigNode::Kind::kScalar) return Concat("must be a path, not ", node.KindName());
  if (node.text.rfind('~', 0) == 0) return "~ is not expanded in paths; write the folder out";
  if (node.text.find('\0') != std::string::npos) return "a path holds no NUL character";
  *target = AbsolutePath(node.text, node.folder);
  return "";
}

std::string ReadConfigWord(const ConfigNode& node, const std::vector<std::string>& allowed, std::string* target) {
  if (node.kind != ConfigNode::Kind::kScalar) return Concat("must be one of ", Listed(allowed), ", not ", node.KindName());
  const std::string problem = WordProblem(node.text, allowed);
  if (problem.empty()) *target = node.text;
  return problem;
}

std::string RangeProblem(int64_t value, IntRange range) {
  return value >= range.min && value <= range.max ? "" : OutOfRange(std::to_string(value), range);
}

std::string RangeProblem(double value, RealRange range) {
  if (!std::isfinite(value)) return "must be a finite number";
  return Holds(value, range) ? "" : OutOfRange(YamlOf(value), range);
}

std::string WordProblem(const std::string& word, const std::vector<std::string>& allowed) {
  if (std::find(allowed.begin(), allowed.end(), word) != allowed.end()) return "";
  const std::string nearest = NearestName(word, allowed);
  return Concat("must be one of ", Listed(allowed), ", not ", ShownText(word), nearest.empty() ? "" : "; the nearest is " + nearest);
}

std::string AbsolutePath(const std::string& path, const std::string& folder) {
  if (path.empty()) return path;
  return std::filesystem::absolute(std::filesystem::path(folder) / path).lexically_normal().string();
}

std::string RangeText(IntRange range) {
  const bool low = range.min != std::numeric_limits<int64_t>::min();
  const bool high = range.max != std::numeric_limits<int64_t>::max();
  if (low && high) return Concat(range.min, " to ", range.max);
  return low ? Concat("at least ", range.min) : high ? Concat("at most ", range.max) : "";
}

std::string RangeText(RealRange range) {
  const bool low = std::isfinite(range.min);
  const bool high = std::isfinite(range.max);
  if (low && high) return YamlOf(range.min) + " to " + YamlOf(range.max);
  return low ? "at least " + YamlOf(range.min) : high ? "at most " + YamlOf(range.max) : "";
}

std::string YamlOf(bool value) { return value ? "true" : "false"; }

std::string YamlOf(int64_t value) { return std::to_string(value); }

std::string YamlOf(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  const auto result = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, result.ptr);
}

std::string YamlOf(const std::string& value) { return QuoteYaml(EscapeReferences(value)); }

std::string YamlOf(const std::vector<std::string>& value) {
  std::string text;
  for (const std::string& item : value) text += (text.empty() ? "" : ", ") + YamlOf(item);
  return "[" + text + "]";
}

std::string YamlOf(const std::vector<int64_t>& value) {
  std::string text;
  for (const int64_t item : value) text += (text.empty() ? "" : ", ") + YamlOf(item);
  return "[" + text + "]";
}

std::string YamlOf(const std::map<std::string, double>& value) { return FlowMap(value); }

std::string YamlOf(const std::map<std::string, std::string>& value) { return FlowMap(value); }

std::string QuoteYaml(const std::string& text) {
  if (IsPlainSafe(text)) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\x%02X", static_cast<unsigned>(byte));
      quoted += escaped;
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string RawYamlOf(const ConfigNode& node) {
  const std::string& text = node.raw.empty() ? node.text : node.raw;
  // A reference that stood for a list or a map is written as the reference.
  if (node.kind == ConfigNode::Kind::kScalar || !node.raw.empty()) {
    const auto of_number = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '+' || c == '_';
    };
    const bool keep = !node.quoted && !text.empty() && text.rfind("---", 0) != 0 && std::all_of(text.begin(), text.end(), of_number);
    return keep ? text : QuoteYaml(text);
  }
  if (node.kind == ConfigNode::Kind::kNull || node.kind == ConfigNode::Kind::kBroken) return "null";
  const bool map = node.kind == ConfigNode::Kind::kMap;
  std::string items;
  for (const ConfigNode& child : node.children) {
    items += (items.empty() ? "" : ", ") + (map ? QuoteYaml(child.key) + ": " : std::string()) + RawYamlOf(child);
  }
  return map ? "{" + items + "}" : "[" + items + "]";
}

}  // namespace temper

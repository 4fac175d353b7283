// Filters of texts and numbers.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/jinja/filter_table.h"
#include "policy/jinja/operators.h"
#include "policy/jinja/print.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

// soft_str: a text as it is, anything else as str() writes it.
Value Soft(Heap* heap, const Value& value) { return value.is_string() ? value : Value::String(Text(heap, value)); }

Value CallMethod(Heap* heap, const Value& receiver, std::string_view name, const Arguments& arguments) {
  Method method;
  method.receiver = receiver;
  method.name = name;
  return CallTextMethod(heap, method, arguments);
}

Value Trim(Heap* heap, const Value& value, const Arguments& arguments) {
  return CallMethod(heap, Soft(heap, value), "strip", {Bind(arguments, "trim", {"chars"}), {}});
}
Value Upper(Heap* heap, const Value& value, const Arguments& arguments) { return CallMethod(heap, Soft(heap, value), "upper", arguments); }
Value Lower(Heap* heap, const Value& value, const Arguments& arguments) { return CallMethod(heap, Soft(heap, value), "lower", arguments); }
Value Capitalize(Heap* heap, const Value& value, const Arguments& arguments) {
  return CallMethod(heap, Soft(heap, value), "capitalize", arguments);
}
Value Center(Heap* heap, const Value& value, const Arguments& arguments) {
  Value width = Bind(arguments, "center", {"width"})[0];
  if (width.Is(Kind::kMissing)) width = Value::Int(80);
  return CallMethod(heap, Soft(heap, value), "center", {{width}, {}});
}

bool BeginsWord(char32_t c) { return IsPythonSpace(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<'; }

// Words begin after white space and opening brackets, which str.title sees otherwise.
Value Title(Heap* heap, const Value& value, const Arguments& arguments) {
  Bind(arguments, "title", {});
  const std::string_view text = Soft(heap, value).text();
  heap->Scan(16 * text.size());
  std::string out;
  const auto separates = [&](size_t at) {
    const auto c = static_cast<unsigned char>(text[at]);
    return c < 0x80 ? BeginsWord(c) : PythonStrip(text.substr(at, Utf8Length(text, at)), true, false).empty();
  };
  for (size_t at = 0; at < text.size();) {
    const bool gap = separates(at);
    size_t end = at;
    while (end < text.size() && separates(end) == gap) end += Utf8Length(text, end);
    const size_t first = gap ? end - at : Utf8Length(text, at);
    out += gap ? std::string(text.substr(at, first)) : PythonUpper(text.substr(at, first));
    out += PythonLower(text.substr(at + first, end - at - first));
    at = end;
  }
  return heap->Text(std::move(out), value.markup());
}

Value Replace(Heap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "replace", {"old", "new", "count"}, 2);
  const int64_t count = bound[2].is_none() ? -1 : IntArgument(bound[2], "count", -1);
  return ReplaceText(heap, Text(heap, value), Text(heap, bound[0]), Text(heap, bound[1]), count, false);
}

Value Indent(Heap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "indent", {"width", "first", "blank"});
  const std::string_view text = TextArgument(value, "what indent works on");
  const int64_t width = bound[0].is_string() ? 0 : std::max<int64_t>(0, IntArgument(bound[0], "width", 4));
  heap->Charge(static_cast<size_t>(std::min<int64_t>(width, 1 << 30)) + 8 * text.size());
  const std::string indention = bound[0].is_string() ? std::string(bound[0].text()) : std::string(static_cast<size_t>(width), ' ');
  const auto lines = PythonSplitLines(heap->Text(std::string(text) + "\n").text(), false);
  heap->Charge(std::min(heap->limits().bytes / (indention.size() + 1) + 1, lines.size()) * (indention.size() + 1));
  std::string out = Truth(bound[1]) ? indention : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\n";
    if (i > 0 && (Truth(bound[2]) || !lines[i].empty())) out += indention;
    out += lines[i];
  }
  return heap->Text(std::move(out), value.markup());
}

Value ToString(Heap* heap, const Value& value, const Arguments& arguments) {
  Bind(arguments, "string", {});
  return Soft(heap, value);
}

Value Safe(Heap* heap, const Value& value, const Arguments& arguments) {
  Bind(arguments, "safe", {});
  return Value::String(Text(heap, value), true);
}

Value Escape(Heap* heap, const Value& value, const Arguments& arguments) {
  Bind(arguments, "escape", {});
  return Escape(heap, value);
}

Value Format(Heap* heap, const Value& value, const Arguments& arguments) {
  if (arguments.keyword.empty()) return PercentFormat(heap, Soft(heap, value), heap->Tuple(arguments.positional));
  if (!arguments.positional.empty()) throw Failure("can't handle positional and keyword arguments at the same time");
  auto* dict = heap->New<Dict>();
  for (const auto& [key, item] : arguments.keyword) Set(heap, dict, Value::String(key), item);
  return PercentFormat(heap, Soft(heap, value), Value::Dict(dict));
}

Value Default(Heap*, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "default", {"default_value", "boolean"});
  const bool replaced = value.is_undefined() || (Truth(bound[1]) && !Truth(value));
  if (!replaced) return value;
  return bound[0].Is(Kind::kMissing) ? Value::String("") : bound[0];
}

Value ToJson(Heap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "tojson", {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = Truth(bound[0]);
  style.sort_keys = Truth(bound[3]);
  if (bound[1].is_string()) {
    style.indent = bound[1].text();
  } else if (!bound[1].is_none() && !bound[1].Is(Kind::kMissing)) {
    style.indent = std::string(static_cast<size_t>(std::clamp<int64_t>(IntArgument(bound[1], "indent", 0), 0, 1000)), ' ');
  }
  if (!bound[2].is_none() && !bound[2].Is(Kind::kMissing)) {
    const auto separators = Items(heap, bound[2]);
    if (separators.size() != 2) throw Failure("the separators of tojson() are a pair: between items, and after a key");
    style.item_separator = TextArgument(separators[0], "a separator of tojson()");
    style.key_separator = TextArgument(separators[1], "a separator of tojson()");
  }
  return heap->Text(ToJson(heap, value, style));
}

// A number's text without white space around it and without Python's _ between digits; nothing where a _ stands elsewhere.
std::optional<std::string> Digits(std::string_view text) {
  text = PythonStrip(text, true, true);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](size_t at) { return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0; };
    if (text[i] == '_' && !(i > 0 && digit(i - 1) && digit(i + 1))) return std::nullopt;
    if (text[i] != '_') out.push_back(text[i]);
  }
  return out;
}

std::optional<double> ParseFloat(std::string_view text) {
  const auto digits = Digits(text);
  if (!digits.has_value() || digits->empty()) return std::nullopt;
  const bool plus = (*digits)[0] == '+' && digits->size() > 1 && (*digits)[1] != '-';
  double value = 0;
  const char* end = digits->data() + digits->size();
  const auto read = std::from_chars(digits->data() + (plus ? 1 : 0), end, value);
  if (read.ptr != end || digits->find('(') != std::string::npos) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) return std::strtod(digits->c_str(), nullptr);  // inf or 0, as Python
  return read.ec == std::errc() ? std::optional(value) : std::nullopt;
}

// int(text, base); nothing where Python raises a ValueError.
std::optional<Integer> ParseInt(std::string_view text, int64_t base) {
  const auto digits = Digits(text);
  if (!digits.has_value()) return std::nullopt;
  std::string_view rest = *digits;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const auto prefixed = [&](char letter) { return rest.size() > 2 && rest[0] == '0' && (rest[1] | 0x20) == letter; };
  if ((base == 16 && prefixed('x')) || (base == 8 && prefixed('o')) || (base == 2 && prefixed('b'))) rest.remove_prefix(2);
  Integer value = 0;
  for (const char c : rest) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : std::isalpha(static_cast<unsigned char>(c)) != 0 ? (c | 0x20) - 'a' + 10 : 99;
    if (digit >= base) return std::nullopt;
    if (__builtin_mul_overflow(value, static_cast<Integer>(base), &value) ||
        __builtin_add_overflow(value, static_cast<Integer>(digit), &value)) {
      throw Failure("an integer of more than 127 bits");
    }
  }
  if (rest.empty()) return std::nullopt;
  return negative ? -value : value;
}

std::optional<Integer> Truncated(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  if (std::abs(value) >= 1.7e38) throw Failure("an integer of more than 127 bits");
  return static_cast<Integer>(value);
}

Value ToInt(Heap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "int", {"default", "base"});
  RequireDefined(value);
  std::optional<Integer> made;
  if (value.is_string()) {
    heap->Scan(value.text().size());
    const int64_t base = IntArgument(bound[1], "base", 10);
    if (base < 2 || base > 36) throw Failure("the base of int must be from 2 to 36");
    made = ParseInt(value.text(), base);
    if (const auto real = ParseFloat(value.text()); !made.has_value() && real.has_value()) made = Truncated(*real);
  } else if (value.is_integral()) {
    made = value.integer();
  } else if (value.Is(Kind::kFloat)) {
    made = Truncated(value.real());
  }
  if (made.has_value()) return Value::Int(*made);
  return bound[0].Is(Kind::kMissing) ? Value::Int(0) : bound[0];
}

Value ToFloat(Heap* heap, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "float", {"default"});
  RequireDefined(value);
  if (value.is_number()) return Value::Float(value.number());
  if (value.is_string()) {
    heap->Scan(value.text().size());
    if (const auto made = ParseFloat(value.text())) return Value::Float(*made);
  }
  return bound[0].Is(Kind::kMissing) ? Value::Float(0.0) : bound[0];
}

Value Abs(Heap*, const Value& value, const Arguments& arguments) {
  Bind(arguments, "abs", {});
  RequireDefined(value);
  if (value.Is(Kind::kFloat)) return Value::Float(std::abs(value.real()));
  if (!value.is_integral()) throw Failure(Concat("bad operand type for abs(): '", TypeName(value), "'"));
  return value.integer() < 0 ? Negate(value, true) : Value::Int(value.integer());
}

Value Round(Heap*, const Value& value, const Arguments& arguments) {
  const auto bound = Bind(arguments, "round", {"precision", "method"});
  const int64_t precision = IntArgument(bound[0], "precision", 0);
  const std::string_view method = bound[1].Is(Kind::kMissing) ? "common" : TextArgument(bound[1], "method");
  if (method != "common" && method != "ceil" && method != "floor") throw Failure("method must be common, ceil or floor");
  RequireDefined(value);
  if (!value.is_number()) throw Failure(Concat("type ", TypeName(value), " cannot be rounded"));
  if (precision < 0 || precision > 300) throw Failure("the precision of round must be from 0 to 300");
  if (method != "common") {
    const double scale = std::pow(10.0, static_cast<double>(precision));
    const double scaled = value.number() * scale;
    return Value::Float((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
  }
  if (value.is_integral()) return Value::Int(value.integer());
  char text[700];  // printf rounds the exact value, halves to even, as Python's round
  std::snprintf(text, sizeof(text), "%.*f", static_cast<int>(precision), value.real());
  return Value::Float(std::strtod(text, nullptr));
}

}  // namespace

const FilterTable& ScalarFilters() {
  static const FilterTable kFilters = {
      {"abs", Abs},         {"capitalize", Capitalize}, {"center", Center},   {"d", Default},     {"default", Default},
      {"e", Escape},        {"escape", Escape},         {"float", ToFloat},   {"format", Format}, {"indent", Indent},
      {"int", ToInt},       {"lower", Lower},           {"replace", Replace}, {"round", Round},   {"safe", Safe},
      {"string", ToString}, {"title", Title},           {"tojson", ToJson},   {"trim", Trim},     {"upper", Upper}};
  return kFilters;
}

bool IsFilter(std::string_view name) { return ScalarFilters().count(name) + SequenceFilters().count(name) + LazyFilters().count(name) > 0; }

Value CallFilter(Heap* heap, std::string_view name, const Value& value, const Arguments& arguments) {
  for (const FilterTable* table : {&ScalarFilters(), &SequenceFilters(), &LazyFilters()}) {
    if (const auto found = table->find(name); found != table->end()) return found->second(heap, value, arguments);
  }
  throw Failure(Concat("no filter named '", name, "' is supported"));
}

}  // namespace temper::jinja

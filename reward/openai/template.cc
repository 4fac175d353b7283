#include "reward/openai/template.h"

#include <set>
#include <utility>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxTemplateBytes = 256 << 10, kMaxVariables = 1000, kMaxTemplateSteps = 32;
constexpr int kMaxPathDepth = 64;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string_view WithoutSpaces(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

std::string TakeName(std::string_view text, size_t* at) {
  const size_t begin = *at;
  while (*at < text.size() && IsNameByte(text[*at])) ++*at;
  return std::string(text.substr(begin, *at - begin));
}

// The number in [number]; false where there is none.
bool ReadIndex(std::string_view text, size_t* index) {
  if (text.empty() || text.size() > 6) return false;
  *index = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    *index = *index * 10 + static_cast<size_t>(c - '0');
  }
  return true;
}

}  // namespace

GraderTemplate::GraderTemplate(std::string_view text) {
  if (text.size() > kMaxTemplateBytes) throw ConfigError(Concat("a template of ", text.size(), " bytes; at most ", kMaxTemplateBytes));
  size_t at = 0;
  for (size_t open = text.find("{{"); open != std::string_view::npos; open = text.find("{{", at)) {
    const size_t close = text.find("}}", open + 2);
    if (close == std::string_view::npos) throw ConfigError(Concat("byte ", open, ": {{ without }}"));
    if (pieces_.size() == kMaxVariables) throw ConfigError(Concat("more than ", kMaxVariables, " variables in a template"));
    pieces_.push_back({std::string(text.substr(at, open - at)), true, ReadVariable(text.substr(open + 2, close - open - 2), open)});
    at = close + 2;
  }
  pieces_.push_back({std::string(text.substr(at)), false, {}});
}

GraderTemplate::Variable GraderTemplate::ReadVariable(std::string_view inside, size_t place) {
  const std::string_view text = WithoutSpaces(inside);
  const auto fail = [&](const std::string& what) {
    throw ConfigError(Concat("byte ", place, ": {{ ", Quoted(text), " }}: ", what,
                             "; a variable is item.NAME or sample.NAME, with .NAME, [NUMBER] and ['NAME'] behind it"));
  };
  Variable variable;
  variable.written = Quoted(text);
  size_t at = 0;
  const std::string space = TakeName(text, &at);
  if (space != "item" && space != "sample") fail("there is no such namespace");
  variable.of_item = space == "item";
  while (at < text.size()) {
    if (variable.path.size() > kMaxTemplateSteps) fail("the path is too long");
    if (text[at] == '.') {
      ++at;
      const std::string name = TakeName(text, &at);
      if (name.empty()) fail("a name is missing");
      variable.path.emplace_back(name);
      continue;
    }
    const size_t close = text[at] == '[' ? text.find(']', at) : std::string_view::npos;
    if (close == std::string_view::npos) fail("this is no path");
    const std::string_view key = text.substr(at + 1, close - at - 1);
    size_t index = 0;
    if (ReadIndex(key, &index)) {
      variable.path.emplace_back(index);
    } else if (key.size() > 2 && (key.front() == '\'' || key.front() == '"') && key.back() == key.front()) {
      variable.path.emplace_back(std::string(key.substr(1, key.size() - 2)));
    } else {
      fail("there is neither a number nor a name in quotes between the brackets");
    }
    at = close + 1;
  }
  if (variable.path.empty() || !std::holds_alternative<std::string>(variable.path.front())) fail("it names no variable");
  variable.name = std::get<std::string>(variable.path.front());
  variable.path.erase(variable.path.begin());
  if (variable.of_item) return variable;
  if (variable.name == "output_tools" || variable.name == "output_audio") fail("Temper's answers are texts without tool calls or audio");
  if (variable.name != "output_text" && variable.name != "output_json" && variable.name != "choices")
    fail("a sample has output_text, output_json and choices");
  if (variable.name == "output_text" && !variable.path.empty()) fail("output_text is a text and has no parts");
  return variable;
}

bool GraderTemplate::Follow(const Variable& variable, Json value, std::string* text) {
  for (const Step& step : variable.path) {
    Json next;
    if (const auto* name = std::get_if<std::string>(&step)) {
      if (!value.is_object() || !value.contains(*name)) return false;
      next = std::move(value[*name]);
    } else {
      const size_t index = std::get<size_t>(step);
      if (!value.is_array() || index >= value.size()) return false;
      next = std::move(value[index]);
    }
    value = std::move(next);
  }
  *text = value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return true;
}

Rendered GraderTemplate::ValueOf(const Variable& variable, const GradedSample& sample) {
  std::string error, text;
  if (variable.of_item) {
    const auto column = sample.item.find(variable.name);
    if (column == sample.item.end()) return {"", RenderProblem::kItem, Concat("the row has no column for {{", variable.written, "}}")};
    if (variable.path.empty()) return {column->second, RenderProblem::kNone, ""};
    const std::optional<Json> value = ParseStrictJson(column->second, kMaxPathDepth, &error);
    if (value && Follow(variable, *value, &text)) return {text, RenderProblem::kNone, ""};
    return {"", RenderProblem::kItem, Concat("the row has nothing at {{", variable.written, "}}")};
  }
  if (variable.name == "output_text") return {std::string(sample.output_text), RenderProblem::kNone, ""};
  if (variable.name == "choices") {
    const Json message = {{"role", "assistant"}, {"content", sample.output_text}};
    const Json choice = {{"index", 0}, {"message", message}, {"finish_reason", sample.truncated ? "length" : "stop"}};
    if (Follow(variable, Json::array({choice}), &text)) return {text, RenderProblem::kNone, ""};
  } else if (const std::optional<Json> value = ParseStrictJson(sample.output_text, kMaxPathDepth, &error); value) {
    if (Follow(variable, *value, &text)) return {text, RenderProblem::kNone, ""};
  }
  return {"", RenderProblem::kSample, Concat("the answer has nothing at {{", variable.written, "}}")};
}

Rendered GraderTemplate::Render(const GradedSample& sample) const {
  Rendered out;
  for (const Piece& piece : pieces_) {
    out.text += piece.text;
    if (!piece.has_variable) continue;
    Rendered value = ValueOf(piece.variable, sample);
    if (value.problem != RenderProblem::kNone) return value;
    out.text += value.text;
  }
  return out;
}

std::vector<std::string> GraderTemplate::Columns() const {
  std::set<std::string> columns;
  for (const Piece& piece : pieces_)
    if (piece.has_variable && piece.variable.of_item) columns.insert(piece.variable.name);
  return {columns.begin(), columns.end()};
}

}  // namespace temper

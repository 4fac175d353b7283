#include "policy/text/strict_json.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utf8.h"

namespace temper {
namespace {

// What a text that is JSON otherwise is refused for.
struct Objection {
  std::string words;
};

// Follows a parse through its events.
class StructureCheck {
 public:
  explicit StructureCheck(int max_depth) : max_depth_(max_depth) {}

  bool operator()(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (depth > max_depth_) throw Objection{Concat("nested more than ", max_depth_, " levels deep")};
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) throw Objection{Concat("duplicate key ", Quoted(key))};
    }
    return true;
  }

 private:
  int max_depth_;
  std::vector<std::unordered_set<std::string>> keys_;  // of the objects now open
};

// The parser's finding in words: the first row whose part occurs in what it says.
struct Finding {
  std::string_view said;
  std::string_view words;
};
constexpr Finding kFindings[] = {
    {"unexpected end of input", "the text ends in the middle: a closing bracket, a quote or a value is missing"},
    {"missing closing quote", "the text ends in the middle: a closing quote is missing"},
    {"ill-formed UTF-8", "bytes that are not UTF-8; save the file as UTF-8"},
    {"must be escaped", "a line break, a tab or another control character inside quotes; write it as \\n, \\t or \\u00XX"},
    {"must be followed by 4 hex digits", "\\u without four hexadecimal digits"},
    {"surrogate", "half of a surrogate pair (\\uD800 to \\uDFFF); write both halves, or the character itself"},
    {"forbidden character after backslash", "a backslash before a character that takes none; write two for one"},
    {"number overflow", "a number that is too large"},
    {"expected end of input", "something follows the end of the value"},
    {"invalid number", "a malformed number"},
    {"parsing object key", "a key in double quotes is missing, or a comma stands before a closing bracket"},
    {"expected ':'", "a colon is missing behind a key"},
    {"parsing array", "a comma or a closing bracket ] is missing"},
    {"parsing object", "a comma or a closing bracket } is missing"},
};

// What is wrong at the byte `at`, where the parser gave up with `said`.
std::string Words(std::string_view text, size_t at, std::string_view said) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "there is no text";
  const char c = at < text.size() ? text[at] : ' ';
  if (c == '\0') return "a NUL byte, which no text holds; write the file again from its source";
  if (c == '\'' && said.find("invalid literal") != std::string_view::npos) return "a single quote; texts stand in double quotes";
  for (const Finding& finding : kFindings)
    if (said.find(finding.said) != std::string_view::npos) return std::string(finding.words);
  if (c == ']' || c == '}') return "a value is missing, or a comma stands before a closing bracket";
  return "no value of JSON: a text in double quotes, a number, true, false, null, a list or an object is expected";
}

}  // namespace

std::string JsonProblem(std::string_view text, const nlohmann::json::exception& problem, int64_t first_line) {
  const auto* syntax = dynamic_cast<const nlohmann::json::parse_error*>(&problem);
  const size_t at = syntax == nullptr ? 0 : std::min(syntax->byte > 0 ? syntax->byte - 1 : 0, text.size());
  const std::string words = Words(text, at, problem.what());
  if (const std::string other = OtherEncoding(text); !other.empty()) return Concat("the text is ", other, "; save the file as UTF-8");
  if (syntax == nullptr || text.find_first_not_of(" \t\r\n") == std::string_view::npos) return words;
  const std::string_view before = text.substr(0, at);
  const auto line = first_line + std::count(before.begin(), before.end(), '\n');
  const size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
  const bool one_line = text.find('\n') == std::string_view::npos;
  return Concat(one_line ? "" : Concat("line ", line, ", "), "column ", column, ": ", words);
}

std::optional<nlohmann::json> ParseStrictJson(std::string_view text, int max_depth, std::string* error, int64_t first_line) {
  StructureCheck check(max_depth);
  try {
    return nlohmann::json::parse(text.begin(), text.end(), std::ref(check));
  } catch (const nlohmann::json::exception& e) {
    *error = JsonProblem(text, e, first_line);
  } catch (const Objection& objection) {
    *error = objection.words;
  }
  return std::nullopt;
}

nlohmann::json ReadJsonObject(const std::filesystem::path& path, int max_depth) {
  std::string error;
  auto parsed = ParseStrictJson(ReadUserFile(path), max_depth, &error);
  if (!parsed) throw ConfigError(Concat(path.string(), ": ", error));
  if (!parsed->is_object()) throw ConfigError(Concat(path.string(), ": expected a JSON object"));
  return *std::move(parsed);
}

std::string Quoted(std::string_view text, size_t limit) {
  std::string out;
  for (const char c : RepairUtf8(text.substr(0, limit))) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  return text.size() > limit ? out + "..." : out;
}

}  // namespace temper

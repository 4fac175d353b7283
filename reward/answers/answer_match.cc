#include "reward/answers/answer_match.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <utility>

#include "reward/answers/number.h"

namespace temper {
namespace {

constexpr size_t kMaxMathBytes = 4096;
constexpr int64_t kRegexSteps = 200000;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

// Runs of white space as one space, none at the ends.
std::string Collapsed(std::string_view text) {
  std::string out;
  for (const char c : Trimmed(text)) {
    if (!IsSpace(c)) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

// Bytes up to the brace that closes the one at `open`; npos where nothing does.
size_t ClosingBrace(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t at = open; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '{') {
      ++depth;
    } else if (text[at] == '}' && --depth == 0) {
      return at;
    }
  }
  return std::string_view::npos;
}

std::optional<std::string> LastBoxed(std::string_view text) {
  const size_t boxed = text.rfind("\\boxed"), framed = text.rfind("\\fbox");
  if (boxed == std::string_view::npos && framed == std::string_view::npos) return std::nullopt;
  const bool is_framed = boxed == std::string_view::npos || (framed != std::string_view::npos && framed > boxed);
  size_t at = is_framed ? framed + 5 : boxed + 6;
  while (at < text.size() && IsSpace(text[at])) ++at;
  if (at == text.size()) return std::nullopt;
  if (text[at] == '{') {
    const size_t close = ClosingBrace(text, at);
    if (close == std::string_view::npos) return std::nullopt;
    return std::string(Trimmed(text.substr(at + 1, close - at - 1)));
  }
  // "\boxed 5$"
  const size_t end = std::min(text.find_first_of(" \t\r\n$", at), text.size());
  return std::string(text.substr(at, end - at));
}

// The rest of the line behind the last "####".
std::optional<std::string> BehindHashes(std::string_view text) {
  const size_t at = text.rfind("####");
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(at + 4);
  return std::string(Trimmed(rest.substr(0, std::min(rest.find('\n'), rest.size()))));
}

// Nothing where nothing matches.
std::optional<std::string> LastMatch(const Regex& pattern, std::string_view text) {
  std::optional<std::string> last;
  pattern.ForEachMatch(text, [&](size_t begin, size_t end) {
    last = std::string(text.substr(begin, end - begin));
    return true;
  });
  return last;
}

std::string TextOf(const WrittenNumber& number) {
  if (!number.digits.empty()) return number.digits;
  std::array<char, 40> text{};
  return std::string(text.data(), static_cast<size_t>(std::snprintf(text.data(), text.size(), "%.17g", number.value)));
}

void Replace(std::string* text, std::string_view from, std::string_view to) {
  for (size_t at = text->find(from); at != std::string::npos; at = text->find(from, at + to.size())) text->replace(at, from.size(), to);
}

// "\text{ cm}" and the like: gone where something stands before it, else its content.
void TakeOutText(std::string* text, std::string_view command) {
  const std::string opening = std::string(command) + "{";
  for (size_t at = text->find(opening); at != std::string::npos; at = text->find(opening, at)) {
    const size_t open = at + opening.size() - 1, close = ClosingBrace(*text, open);
    if (close == std::string::npos) return;
    const bool unit = !Trimmed(std::string_view(*text).substr(0, at)).empty();
    text->replace(at, close + 1 - at, unit ? "" : text->substr(open + 1, close - open - 1));
  }
}

// "\frac12", "\frac{1}2" -> "\frac{1}{2}"; a fraction whose parts are braced already stays.
std::string WithBracedFractions(const std::string& text) {
  std::string out;
  const std::string_view command = "\\frac";
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, command.size(), command) != 0) {
      out += text[at++];
      continue;
    }
    at += command.size();
    out += command;
    for (int part = 0; part < 2 && at < text.size(); ++part) {
      const size_t close = text[at] == '{' ? ClosingBrace(text, at) : at;
      if (close == std::string::npos) break;
      out += text[at] == '{' ? text.substr(at, close + 1 - at) : "{" + text.substr(at, 1) + "}";
      at = close + 1;
    }
  }
  return out;
}

// "\frac{3}{4}" and "-\frac{3}{4}" as "3/4"; "1\frac{1}{2}" as "1 1/2"; anything else as it is.
std::string AsSlashFraction(const std::string& text) {
  const size_t at = text.find("\\frac{");
  if (at == std::string::npos) return text;
  const size_t top = ClosingBrace(text, at + 5);
  if (top == std::string::npos || top + 1 >= text.size() || text[top + 1] != '{') return text;
  const size_t bottom = ClosingBrace(text, top + 1);
  if (bottom == std::string::npos || bottom + 1 != text.size()) return text;
  const std::string before = text.substr(0, at);
  const bool mixed = !before.empty() && std::isdigit(static_cast<unsigned char>(before.back())) != 0;
  return before + (mixed ? " " : "") + text.substr(at + 6, top - at - 6) + "/" + text.substr(top + 2, bottom - top - 2);
}

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// "72 clips" -> "72": words behind a number are its unit.
std::optional<WrittenNumber> NumberWithUnit(const std::string& text) {
  if (const std::optional<WrittenNumber> number = ReadNumber(text)) return number;
  size_t end = text.size();
  while (end > 0 && (std::isalpha(static_cast<unsigned char>(text[end - 1])) != 0 || IsSpace(text[end - 1]))) --end;
  if (end == 0 || end == text.size() || !IsSpace(text[end]) || std::isdigit(static_cast<unsigned char>(text[end - 1])) == 0)
    return std::nullopt;
  return ReadNumber(std::string_view(text).substr(0, end));
}

}  // namespace

AnswerCheck::AnswerCheck(AnswerRule rule) : rule_(std::move(rule)) {
  if (rule_.form == AnswerForm::kRegex && !rule_.pattern.empty()) pattern_.emplace(rule_.pattern, !rule_.ignore_case, kRegexSteps);
}

std::optional<std::string> AnswerCheck::FinalAnswer(std::string_view response) const {
  switch (rule_.form) {
    case AnswerForm::kExact:
      return Collapsed(response);
    case AnswerForm::kBoxed:
      return LastBoxed(response);
    case AnswerForm::kRegex:
      return pattern_ ? LastMatch(*pattern_, response) : std::string(response);
    case AnswerForm::kGsm8k:
      if (std::optional<std::string> marked = BehindHashes(response)) return marked;
      break;
    case AnswerForm::kNumeric:
      break;
  }
  const std::optional<WrittenNumber> number = LastNumber(response);
  return number ? std::optional(TextOf(*number)) : std::nullopt;
}

bool AnswerCheck::IsRight(std::string_view response, std::string_view reference) const {
  if (rule_.form == AnswerForm::kRegex && !pattern_)
    return LastMatch(Regex(std::string(reference), !rule_.ignore_case, kRegexSteps), response).has_value();
  const std::optional<std::string> answer = FinalAnswer(response);
  return answer && Agree(*answer, ReferenceAnswer(reference));
}

bool AnswerCheck::Agree(std::string_view answer, std::string_view reference) const {
  const bool exact = rule_.form == AnswerForm::kExact;
  std::string given = exact ? std::string(answer) : PlainMath(answer), wanted = exact ? std::string(reference) : PlainMath(reference);
  if (given.empty()) return false;
  if (!exact) {
    const std::optional<WrittenNumber> a = NumberWithUnit(given), b = NumberWithUnit(wanted);
    if (a && b) return SameNumber(*a, *b, rule_.tolerance, rule_.relative_tolerance);
    if (rule_.form == AnswerForm::kNumeric) return false;
    std::erase(given, ' ');  // spaces in a formula say nothing
    std::erase(wanted, ' ');
  }
  return rule_.ignore_case ? Lower(given) == Lower(wanted) : given == wanted;
}

std::string ReferenceAnswer(std::string_view reference) {
  if (const std::optional<std::string> marked = BehindHashes(reference)) return *marked;
  if (const std::optional<std::string> boxed = LastBoxed(reference)) return *boxed;
  return Collapsed(reference);
}

std::string PlainMath(std::string_view text) {
  if (text.size() > kMaxMathBytes) return std::string(text);
  std::string out(Trimmed(text));
  for (const char* command : {"\\text", "\\mbox", "\\mathrm", "\\textbf", "\\mathbf"}) TakeOutText(&out, command);
  constexpr std::pair<const char*, const char*> kRules[] = {
      {"\\dfrac", "\\frac"}, {"\\tfrac", "\\frac"}, {"\\left", ""}, {"\\right", ""},   {"\\!", ""},     {"\\,", ""},
      {"\\;", ""},           {"\\ ", " "},          {"{,}", ","},   {"^{\\circ}", ""}, {"^\\circ", ""}, {"\\%", "%"},
      {"\\$", ""},           {"\\(", ""},           {"\\)", ""},    {"$", ""},         {"\xC2\xB0", ""}};
  for (const auto& [from, to] : kRules) Replace(&out, from, to);
  out = Collapsed(out);
  if (!out.empty() && out.back() == '.') out.pop_back();
  const size_t equals = out.find('=');  // "x = 5", not "x + y = 5"
  if (equals != std::string::npos && out.find('=', equals + 1) == std::string::npos && Trimmed(out.substr(0, equals)).size() <= 2)
    out = std::string(Trimmed(std::string_view(out).substr(equals + 1)));
  return AsSlashFraction(WithBracedFractions(std::string(Trimmed(out))));
}

}  // namespace temper

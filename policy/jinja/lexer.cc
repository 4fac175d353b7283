#include "policy/jinja/lexer.h"

#include <charconv>

#include "cluster/base/utf8.h"
#include "policy/jinja/text.h"

namespace temper::jinja {
namespace {

using Type = TokenType;
constexpr size_t kLargestTemplate = 1 << 20;
constexpr size_t kNone = std::string_view::npos;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Lexer {
 public:
  explicit Lexer(const Source& source) : source_(source), text_(source.text()) {}

  std::vector<Token> Run() {
    while (at_ < text_.size()) LexData();
    Add(Type::kEnd, text_.size(), "");
    return std::move(tokens_);
  }

 private:
  void Add(Type type, size_t offset, std::string text) {
    tokens_.emplace_back();
    tokens_.back().type = type;
    tokens_.back().offset = offset;
    tokens_.back().text = std::move(text);
  }

  bool Sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  void SkipSpaces() { at_ = text_.size() - PythonStrip(text_.substr(at_), true, false).size(); }

  // The offset behind white space and `word` at `from`; kNone where something else is there.
  size_t Behind(size_t from, std::string_view word) const {
    const std::string_view rest = PythonStrip(text_.substr(from), true, false);
    return rest.starts_with(word) ? text_.size() - rest.size() + word.size() : kNone;
  }

  // Data up to a tag, white space before it taken off as `sign` and lstrip_blocks say.
  void AddData(size_t begin, size_t end, char sign, bool lstrip) {
    std::string_view data = text_.substr(begin, end - begin);
    if (sign == '-') {
      data = PythonStrip(data, false, true);
    } else if (sign != '+' && lstrip) {
      const size_t line = data.rfind('\n') + 1;  // 0 where there is none
      const bool begins_line = line > 0 || begin == 0 || text_[begin - 1] == '\n';
      if (begins_line && PythonStrip(data.substr(line), true, false).empty()) data = data.substr(0, line);
    }
    if (!data.empty()) Add(Type::kData, begin, std::string(data));
  }

  char SignAt(size_t at) const { return at < text_.size() && (text_[at] == '-' || text_[at] == '+') ? text_[at] : '\0'; }

  // Data, and the tag behind it.
  void LexData() {
    const size_t begin = at_;
    size_t tag = begin;
    const auto is_tag = [&](size_t at) {
      return text_[at] == '{' && (text_[at + 1] == '{' || text_[at + 1] == '%' || text_[at + 1] == '#');
    };
    while (tag + 1 < text_.size() && !is_tag(tag)) ++tag;
    if (tag + 1 >= text_.size()) {
      Add(Type::kData, begin, std::string(text_.substr(begin)));
      at_ = text_.size();
      return;
    }
    const char kind = text_[tag + 1];
    const char sign = SignAt(tag + 2);
    AddData(begin, tag, sign, kind != '{');
    at_ = tag + 2 + (sign != '\0' ? 1 : 0);
    if (kind == '#') return LexComment(tag);
    if (kind == '%' && Behind(at_, "raw") != kNone && BehindEnd(Behind(at_, "raw"), false) != kNone) return LexRaw(tag);
    Add(kind == '{' ? Type::kVariableBegin : Type::kBlockBegin, tag, "");
    LexCode(tag, kind == '{');
  }

  // The offset behind the end of a block tag at `at`, white space before it allowed: kNone where there is none. `trims`: the line end
  // behind it goes too, and it may be +%}.
  size_t BehindEnd(size_t at, bool trims) const {
    if (const size_t end = Behind(at, "-%}"); end != kNone) return text_.size() - PythonStrip(text_.substr(end), true, false).size();
    if (const size_t end = Behind(at, "+%}"); end != kNone && trims) return end;
    const size_t end = Behind(at, "%}");
    return end != kNone && trims && end < text_.size() && text_[end] == '\n' ? end + 1 : end;
  }

  void LexComment(size_t tag) {
    const size_t end = text_.find("#}", at_);
    if (end == kNone) source_.Fail(tag, "Missing end of comment tag");
    const char sign = end > at_ ? SignAt(end - 1) : '\0';
    at_ = end + 2;
    if (sign == '-') {
      SkipSpaces();
    } else if (sign != '+' && Sees("\n")) {
      ++at_;
    }
  }

  void LexRaw(size_t tag) {
    const size_t begin = BehindEnd(Behind(at_, "raw"), false);
    for (size_t open = text_.find("{%", begin); open != kNone; open = text_.find("{%", open + 2)) {
      const char sign = SignAt(open + 2);
      const size_t word = Behind(open + 2 + (sign != '\0' ? 1 : 0), "endraw");
      const size_t end = word == kNone ? kNone : BehindEnd(word, true);
      if (end == kNone) continue;
      AddData(begin, open, sign, true);
      at_ = end;
      return;
    }
    source_.Fail(tag, "Missing end of raw directive");
  }

  // The inside of {{ }} or {% %}, up to and with its end.
  void LexCode(size_t tag, bool variable) {
    std::vector<char> open;  // brackets; the end of the tag counts only where there are none
    while (true) {
      SkipSpaces();
      if (at_ >= text_.size())
        source_.Fail(tag, variable ? "unexpected end of template, expected '}}'" : "unexpected end of template, expected '%}'");
      if (open.empty() && LexEnd(variable)) return;
      const char c = text_[at_];
      if (IsDigit(c)) {
        LexNumber();
      } else if (IsNameStart(c)) {
        size_t end = at_;
        while (end < text_.size() && (IsNameStart(text_[end]) || IsDigit(text_[end]))) ++end;
        Add(Type::kName, at_, std::string(text_.substr(at_, end - at_)));
        at_ = end;
      } else if (c == '\'' || c == '"') {
        LexString();
      } else {
        LexOperator(&open);
      }
    }
  }

  bool LexEnd(bool variable) {
    const size_t begin = at_;
    const std::string_view close = variable ? "}}" : "%}";
    const bool minus = Sees("-") && text_.substr(at_ + 1).starts_with(close);
    const bool plus = !variable && Sees("+%}");
    if (!minus && !plus && !Sees(close)) return false;
    at_ += close.size() + (minus || plus ? 1 : 0);
    if (minus) SkipSpaces();
    if (!minus && !plus && !variable && Sees("\n")) ++at_;
    Add(variable ? Type::kVariableEnd : Type::kBlockEnd, begin, "");
    return true;
  }

  void LexOperator(std::vector<char>* open) {
    static constexpr std::string_view kLong[] = {"**", "//", "==", "!=", ">=", "<="};
    static constexpr std::string_view kShort = "+-/*%~[](){}<>=.:|,;";
    std::string_view found;
    for (const std::string_view op : kLong) {
      if (Sees(op)) found = op;
    }
    if (found.empty() && kShort.find(text_[at_]) != kNone) found = text_.substr(at_, 1);
    if (found.empty()) source_.Fail(at_, Concat("unexpected char '", text_.substr(at_, Utf8Length(text_, at_)), "'"));
    if (found == "(" || found == "[" || found == "{") open->push_back(found == "(" ? ')' : found == "[" ? ']' : '}');
    if (found == ")" || found == "]" || found == "}") {
      if (open->empty()) source_.Fail(at_, Concat("unexpected '", found, "'"));
      if (open->back() != found[0]) source_.Fail(at_, Concat("unexpected '", found, "', expected '", open->back(), "'"));
      open->pop_back();
    }
    Add(Type::kOperator, at_, std::string(found));
    at_ += found.size();
  }

  // Digits from `at` on, with single _ between them; the offset behind.
  size_t BehindDigits(size_t at) const {
    while (at < text_.size() && (IsDigit(text_[at]) || (text_[at] == '_' && at + 1 < text_.size() && IsDigit(text_[at + 1])))) ++at;
    return at;
  }

  // Behind the fraction and exponent of a float that begins with the digits before `end`; `end` itself where it is an integer.
  size_t BehindFloat(size_t end) const {
    const auto digit_at = [&](size_t at) { return at < text_.size() && IsDigit(text_[at]); };
    if (at_ > 0 && text_[at_ - 1] == '.') return end;
    if (end < text_.size() && text_[end] == '.' && digit_at(end + 1)) end = BehindDigits(end + 1);
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      const size_t sign = SignAt(end + 1) != '\0' ? 1 : 0;
      if (digit_at(end + 1 + sign)) end = BehindDigits(end + 1 + sign);
    }
    return end;
  }

  void LexNumber() {
    const size_t begin = at_;
    const size_t digits = BehindDigits(begin);
    const size_t end = BehindFloat(digits);
    if (end > digits) {
      AddNumber(Type::kFloat, end, 10);
      return;
    }
    const char prefix = text_[begin] == '0' && begin + 2 < text_.size() ? static_cast<char>(text_[begin + 1] | 0x20) : '\0';
    int base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 10;
    if (base != 10 && ValueOf(text_[begin + 2]) >= base) base = 10;  // 0x with nothing behind it is the number 0 and a name
    size_t last = digits;
    if (base != 10) {
      for (last = begin + 2; last < text_.size() && (text_[last] == '_' || ValueOf(text_[last]) < base);) ++last;
    } else if (text_[begin] == '0') {  // 007 is the three numbers 0, 0 and 7, which no expression has
      for (last = begin; last < digits && (text_[last] == '0' || text_[last] == '_');) ++last;
    }
    AddNumber(Type::kInteger, last, base);
  }

  static int ValueOf(char c) { return IsDigit(c) ? c - '0' : IsNameStart(c) && c != '_' ? (c | 0x20) - 'a' + 10 : 99; }

  void AddNumber(Type type, size_t end, int base) {
    std::string digits;
    for (size_t i = at_; i < end; ++i) {
      if (text_[i] != '_') digits.push_back(text_[i]);
    }
    Add(type, at_, digits);
    Token& token = tokens_.back();
    if (type == Type::kFloat) token.real = std::strtod(digits.c_str(), nullptr);
    for (size_t i = base == 10 ? 0 : 2; type == Type::kInteger && i < digits.size(); ++i) {
      if (__builtin_mul_overflow(token.integer, static_cast<Integer>(base), &token.integer) ||
          __builtin_add_overflow(token.integer, static_cast<Integer>(ValueOf(digits[i])), &token.integer)) {
        source_.Fail(at_, "an integer of more than 127 bits");
      }
    }
    at_ = end;
  }

  void LexString() {
    const size_t begin = at_;
    const char quote = text_[at_++];
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\') {
        LexEscape(&value);
      } else {
        value.push_back(text_[at_++]);
      }
    }
    if (at_ >= text_.size()) source_.Fail(begin, Concat("a string that no ", quote, " ends"));
    ++at_;
    Add(Type::kString, begin, std::move(value));
  }

  // As Python's unicode-escape decoder, an unknown escape stays as it is.
  void LexEscape(std::string* value) {
    static constexpr std::string_view kShort = "\\\\''\"\"a\ab\bf\fn\nr\rt\tv\v";  // a letter, then its character
    const size_t begin = at_;
    if (at_ + 1 >= text_.size()) source_.Fail(begin, "\\ at end of string");
    const char letter = text_[at_ + 1];
    at_ += 2;
    if (letter == '\n') return;
    for (size_t i = 0; i < kShort.size(); i += 2) {
      if (kShort[i] != letter) continue;
      value->push_back(kShort[i + 1]);
      return;
    }
    const size_t hex_digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    if (hex_digits > 0) return AppendUtf8(HexEscape(begin, hex_digits), value);
    if (letter >= '0' && letter <= '7') return AppendUtf8(OctalEscape(), value);
    if (letter == 'N') source_.Fail(begin, "the escape \\N{...} is not supported");
    if (static_cast<unsigned char>(letter) < 0x80) {
      value->push_back('\\');
      value->push_back(letter);
      return;
    }
    // jinja2 escapes what is not ASCII before it decodes, so the backslash here escapes that backslash.
    size_t end = at_ - 1;
    const char32_t c = NextCodePoint(text_, &end);
    at_ = end;
    char escaped[16];
    std::snprintf(escaped, sizeof(escaped), c <= 0xFF ? "\\x%02x" : c <= 0xFFFF ? "\\u%04x" : "\\U%08x", static_cast<unsigned>(c));
    *value += escaped;
  }

  char32_t HexEscape(size_t begin, size_t digits) {
    char32_t code = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      const int digit = at_ < text_.size() ? ValueOf(text_[at_]) : 99;
      if (digit >= 16)
        source_.Fail(begin, Concat("a truncated escape \\", text_[begin + 1], ": ", digits, " hexadecimal digits must follow"));
      code = code * 16 + static_cast<char32_t>(digit);
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) source_.Fail(begin, "an escape that is no Unicode character");
    return code;
  }

  char32_t OctalEscape() {
    char32_t code = static_cast<char32_t>(text_[at_ - 1] - '0');
    for (int i = 0; i < 2 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7'; ++i) {
      code = code * 8 + static_cast<char32_t>(text_[at_++] - '0');
    }
    return code;
  }

  const Source& source_;
  std::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

Source::Source(const std::string& name, std::string_view text) : name_(name) {
  if (text.size() > kLargestTemplate) throw TemplateError(name, 1, 1, Concat("a template of more than ", kLargestTemplate, " bytes"));
  if (const auto invalid = InvalidUtf8At(text)) throw TemplateError(name, 1, 1, Concat("not UTF-8 at byte ", *invalid));
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    text_.push_back(text[i] == '\r' ? '\n' : text[i]);
  }
  if (text_.ends_with('\n')) text_.pop_back();
}

void Source::Fail(size_t offset, const std::string& message) const {
  const std::string_view before = std::string_view(text_).substr(0, offset);
  const auto lines = static_cast<int64_t>(PythonCount(before, "\n"));
  const size_t line_begin = before.rfind('\n') + 1;
  throw TemplateError(name_, lines + 1, static_cast<int64_t>(CountCodePoints(before.substr(line_begin))) + 1, message);
}

std::vector<Token> Lex(const Source& source) { return Lexer(source).Run(); }

}  // namespace temper::jinja

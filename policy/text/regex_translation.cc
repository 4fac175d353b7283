#include "policy/text/regex_translation.h"

#include <cctype>
#include <optional>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/code_point_set.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);
constexpr int kMaxClassDepth = 32;

// One pass from left to right. What the output's last atom is must be known, because a quantifier may have to wrap it.
class RegexTranslator {
 public:
  explicit RegexTranslator(std::string_view pattern) : in_(pattern) {}

  std::string Translate() {
    groups_.push_back({0, 0});
    while (at_ < in_.size()) Element();
    if (groups_.size() != 1) Refuse("a parenthesis is not closed");
    CloseOptions();
    return std::move(out_);
  }

 private:
  struct Group {
    size_t start;     // of the group in the output
    int num_options;  // groups opened for options such as (?i), to be closed with it
  };

  [[noreturn]] void Refuse(std::string_view why) const {
    throw ConfigError(Concat("the regular expression ", Quoted(in_, 200), " is not supported: ", why, " (byte ", at_, ")"));
  }

  bool Ahead(std::string_view text) const { return in_.substr(at_).starts_with(text); }

  bool Take(std::string_view text) {
    if (!Ahead(text)) return false;
    at_ += text.size();
    return true;
  }

  void Atom(std::string_view text) {
    atom_ = out_.size();
    out_ += text;
  }

  void Element() {
    if (Take("\\")) return Escape();
    if (Ahead("[")) return Atom(Class(0));
    if (Take("(")) return OpenGroup();
    if (Take(")")) return CloseGroup();
    const char c = in_[at_];
    if (c == '|' || c == '^' || c == '$') {
      if (c == '|') atom_ = kNone;
      if (c != '|') Atom("");
      out_ += c;
      ++at_;
      return;
    }
    if (c == '*' || c == '+' || c == '?') return Quantifier(std::string(1, c), /*interval=*/false, /*fixed=*/false);
    if (c == '{' && Interval()) return;
    Literal();
  }

  void Literal() {
    const size_t start = at_;
    NextCodePoint(in_, &at_);
    const std::string_view text = in_.substr(start, at_ - start);
    const bool meta = text == "{" || text == "}" || text == "]";
    Atom(meta ? Concat("\\", text) : std::string(text));
  }

  // ---- quantifiers ----

  // {n}, {n,}, {n,m}, {,m}; anything else that starts with a brace is literal.
  bool Interval() {
    size_t i = at_ + 1;
    const auto digits = [&] {
      const size_t start = i;
      while (i < in_.size() && std::isdigit(static_cast<unsigned char>(in_[i]))) ++i;
      return in_.substr(start, i - start);
    };
    const std::string_view low = digits();
    const bool comma = i < in_.size() && in_[i] == ',';
    if (comma) ++i;
    const std::string_view high = comma ? digits() : "";
    if (i >= in_.size() || in_[i] != '}' || (low.empty() && high.empty())) return false;
    at_ = i;
    Quantifier(Concat("{", low.empty() ? "0" : low, comma ? "," : "", high, "}"), /*interval=*/true, /*fixed=*/!comma);
    return true;
  }

  // `text` is the quantifier at at_ (its last byte). A + behind an interval and a second quantifier repeat the whole; so does a ? behind
  // {n}.
  void Quantifier(std::string_view text, bool interval, bool fixed) {
    ++at_;
    if (atom_ == kNone) Refuse("there is nothing to repeat");
    if (quantified_ == out_.size()) {
      out_.insert(atom_, "(?:");
      out_ += ")";
    }
    out_ += text;
    if (!fixed && Take("?")) out_ += "?";
    if (!interval && Take("+")) out_ += "+";
    quantified_ = out_.size();
  }

  // ---- groups ----

  void OpenGroup() {
    if (Ahead("*")) Refuse("a callout");
    if (!Take("?")) return Open("(");
    if (Take("#")) {
      at_ = in_.find(')', at_);
      if (at_ == std::string_view::npos) Refuse("a comment is not closed");
      ++at_;
      return;
    }
    for (const std::string_view kind : {":", "=", "!", ">", "<=", "<!"}) {
      if (Take(kind)) return Open(Concat("(?", kind));
    }
    if (Ahead("<")) return OpenNamed();
    Options();
  }

  void OpenNamed() {
    const size_t end = in_.find('>', at_);
    if (end == std::string_view::npos) Refuse("a group's name is not closed");
    const std::string_view name = in_.substr(at_, end + 1 - at_);
    at_ = end + 1;
    Open(Concat("(?", name));
  }

  // (?i) reaches to the end of the enclosing group and binds weaker than |; m is PCRE2's s.
  void Options() {
    std::string flags;
    for (; at_ < in_.size() && in_[at_] != ')' && in_[at_] != ':'; ++at_) {
      const char c = in_[at_];
      if (c != 'i' && c != 'm' && c != '-') Refuse("a group or option other than (?i), (?m), (?:, (?=, (?!, (?<=, (?<!, (?>, (?<name>");
      flags += c == 'm' ? 's' : c;
    }
    if (at_ == in_.size()) Refuse("a group is not closed");
    const bool group = in_[at_++] == ':';
    const std::string open = Concat("(?", flags, ":");
    if (group) return Open(open);
    out_ += open;
    ++groups_.back().num_options;
    atom_ = kNone;
  }

  void Open(std::string_view text) {
    groups_.push_back({out_.size(), 0});
    out_ += text;
    atom_ = kNone;
  }

  void CloseOptions() {
    for (; groups_.back().num_options > 0; --groups_.back().num_options) out_ += ")";
  }

  void CloseGroup() {
    if (groups_.size() == 1) Refuse("a parenthesis is closed that was not opened");
    CloseOptions();
    atom_ = groups_.back().start;
    groups_.pop_back();
    out_ += ")";
  }

  // ---- escapes ----

  // Behind the backslash, outside a class.
  void Escape() {
    if (at_ == in_.size()) Refuse("it ends in a backslash");
    if (Ahead("w") || Ahead("W")) return Atom(ExpressionOf(LoneWordSet(), /*negated=*/in_[at_++] == 'W'));
    if (const auto set = SetEscape()) return Atom(ExpressionOf(*set, /*negated=*/false));
    if (const auto code_point = CodePointEscape()) {
      CodePointSet one;
      one.AddRange(*code_point, *code_point);
      return Atom(one.members);
    }
    const char c = in_[at_++];
    const std::string word = ExpressionOf(LoneWordSet(), false);
    if (c == 'b') return Atom(Concat("(?:(?<=", word, ")(?!", word, ")|(?<!", word, ")(?=", word, "))"));
    if (c == 'B') return Atom(Concat("(?:(?<=", word, ")(?=", word, ")|(?<!", word, ")(?!", word, "))"));
    if (c == 'O') return Atom("(?s:.)");
    if (std::string_view("AzZGNRXK123456789").find(c) != std::string_view::npos) return Atom(Concat("\\", std::string(1, c)));
    if (c == 'k' || c == 'g') return Reference(c);
    --at_;
    Refuse("an unknown escape");
  }

  // \k<name> and \g<name>, which PCRE2 spells the same.
  void Reference(char letter) {
    const size_t end = in_.find('>', at_);
    if (!Ahead("<") || end == std::string_view::npos) Refuse("a reference without a name");
    Atom(Concat("\\", std::string(1, letter), in_.substr(at_, end + 1 - at_)));
    at_ = end + 1;
  }

  // \s, \p{L} and their kin; nothing where the escape is of another kind.
  std::optional<CodePointSet> SetEscape() {
    const char c = in_[at_];
    const auto take = [&](const CodePointSet& set, bool negated) {
      ++at_;
      return negated ? Complement(set) : set;
    };
    if (c == 's' || c == 'S') return take(WhiteSpaceSet(), c == 'S');
    if (c == 'w' || c == 'W') return take(WordSet(), c == 'W');
    if (c == 'd' || c == 'D') return take(DigitSet(), c == 'D');
    if (c == 'h' || c == 'H') return take({"0-9A-Fa-f", {}}, c == 'H');
    if ((c != 'p' && c != 'P') || !in_.substr(at_ + 1).starts_with('{')) return std::nullopt;
    const size_t end = in_.find('}', at_);
    if (end == std::string_view::npos) Refuse("a property's name is not closed");
    const CodePointSet set = PropertySet(in_.substr(at_ + 2, end - at_ - 2));
    at_ = end;
    return take(set, c == 'P');
  }

  // One character written as an escape: \n, \x{E9}, \u00E9, or a character that is no ASCII letter or digit, for itself.
  std::optional<char32_t> CodePointEscape() {
    const char c = in_[at_];
    constexpr std::string_view kLetters = "tnrfvae", kMeanings = "\t\n\r\f\v\a\x1B";
    if (const size_t i = kLetters.find(c); i != std::string_view::npos) {
      ++at_;
      return static_cast<char32_t>(kMeanings[i]);
    }
    if (c == 'x' || c == 'u') return HexEscape(c);
    if (c == '0') {
      ++at_;
      return U'\0';
    }
    if (std::isalnum(static_cast<unsigned char>(c))) return std::nullopt;
    return NextCodePoint(in_, &at_);
  }

  char32_t HexEscape(char letter) {
    ++at_;
    const bool braces = letter == 'x' && Take("{");
    const size_t limit = braces ? 8 : letter == 'x' ? 2 : 4;
    char32_t value = 0;
    size_t digits = 0;
    for (; digits < limit && at_ < in_.size() && std::isxdigit(static_cast<unsigned char>(in_[at_])); ++at_, ++digits) {
      const char c = static_cast<char>(std::tolower(static_cast<unsigned char>(in_[at_])));
      value = value * 16 + static_cast<char32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    const bool complete = braces ? digits > 0 && Take("}") : digits == limit;
    const bool byte = letter == 'x' && !braces && value >= 0x80;
    if (!complete || byte || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) Refuse("an escape that is not a character");
    return value;
  }

  // ---- character classes ----

  // [...] at at_, as an expression for one code point.
  std::string Class(int depth) {
    if (depth > kMaxClassDepth) Refuse("character classes nested too deep");
    ++at_;
    const bool negated = Take("^");
    std::string intersection;  // of the sets before the last &&
    CodePointSet set;
    for (bool first = true;; first = false) {
      if (at_ >= in_.size()) Refuse("a character class is not closed");
      if (!first && Take("]")) break;
      if (Take("&&")) {
        intersection += Concat("(?=", ExpressionOf(set, false), ")");
        set = {};
      } else {
        Member(depth, &set);
      }
    }
    if (intersection.empty()) return ExpressionOf(set, negated);
    const CodePointSet both = {"", {Concat("(?:", intersection, ExpressionOf(set, false), ")")}};
    return ExpressionOf(both, negated);
  }

  void Member(int depth, CodePointSet* set) {
    if (Ahead("[:")) {
      const size_t end = in_.find(":]", at_);
      if (end != std::string_view::npos) {
        set->Add(PosixBracketSet(in_.substr(at_ + 2, end - at_ - 2)));
        at_ = end + 2;
        return;
      }
    }
    if (Ahead("[")) {
      set->expressions.push_back(Class(depth + 1));
      return;
    }
    if (Take("\\")) {
      if (at_ == in_.size()) Refuse("it ends in a backslash");
      if (const auto named = SetEscape()) {
        if (Ahead("-") && !Ahead("-]")) Refuse("a range that starts with a set");
        return set->Add(*named);
      }
      --at_;
    }
    const char32_t first = ClassCharacter();
    const bool range = Ahead("-") && !Ahead("-]");
    if (!range) return set->AddRange(first, first);
    ++at_;
    if (Ahead("[")) Refuse("a range that ends with a set");
    const char32_t last = ClassCharacter();
    if (last < first) Refuse("a range that runs backwards");
    set->AddRange(first, last);
  }

  char32_t ClassCharacter() {
    if (at_ >= in_.size()) Refuse("a character class is not closed");
    if (!Take("\\")) return NextCodePoint(in_, &at_);
    if (at_ == in_.size()) Refuse("it ends in a backslash");
    if (Take("b")) return U'\b';
    const auto code_point = CodePointEscape();
    if (!code_point) Refuse("an unknown escape");
    return *code_point;
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string out_;
  size_t atom_ = kNone;        // where the last atom starts in out_
  size_t quantified_ = kNone;  // length of out_ behind the last quantifier
  std::vector<Group> groups_;
};

}  // namespace

std::string TranslateRegex(std::string_view pattern) { return RegexTranslator(pattern).Translate(); }

}  // namespace temper

#include "reward/answers/number.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace temper {
namespace {

constexpr size_t kMaxNumberBytes = 400;
constexpr double kBinaryLoss = 1e-9;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80; }

// Reads numbers off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text, size_t at = 0) : text_(text), at_(at) {}

  size_t at() const { return at_; }
  bool done() const { return at_ == text_.size(); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool Take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void SkipSpaces() {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r') ++at_;
  }
  bool TakeCurrency() { return Take("$") || Take("\xE2\x82\xAC") || Take("\xC2\xA3"); }

  // Digits with commas in groups of three, or without any, as digits alone; "" where there is none.
  std::string TakeWhole() {
    std::string digits = TakeDigits();
    if (digits.empty() || digits.size() > 3) return digits;
    while (Peek() == ',' && IsDigit(Peek(1)) && IsDigit(Peek(2)) && IsDigit(Peek(3)) && !IsDigit(Peek(4))) {
      ++at_;
      digits += TakeDigits();
    }
    return digits;
  }

  // Digits, decimals and an exponent. `whole` becomes the digits of a whole number, "" of another.
  std::optional<double> TakeUnsigned(std::string* whole) {
    const size_t begin = at_;
    std::string number = TakeWhole();
    *whole = number;
    if (Peek() == '.' && IsDigit(Peek(1))) {
      ++at_;
      const std::string decimals = TakeDigits();
      number += "." + decimals;
      if (decimals.find_first_not_of('0') != std::string::npos) whole->clear();
    }
    if (number.empty() || at_ - begin > kMaxNumberBytes) return std::nullopt;
    if ((Peek() == 'e' || Peek() == 'E') && (IsDigit(Peek(1)) || ((Peek(1) == '-' || Peek(1) == '+') && IsDigit(Peek(2))))) {
      const char sign = Peek(1);
      at_ += IsDigit(sign) ? 1 : 2;
      number += std::string("e") + (sign == '-' ? "-" : "") + TakeDigits();
      whole->clear();
    }
    const double value = std::strtod(number.c_str(), nullptr);
    if (!std::isfinite(value)) return std::nullopt;
    return value;
  }

 private:
  std::string TakeDigits() {
    const size_t begin = at_;
    while (IsDigit(Peek())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string_view text_;
  size_t at_;
};

std::string Canonical(bool negative, const std::string& digits) {
  if (digits.empty()) return "";
  const size_t first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  const std::string rest = digits.substr(first);
  return (negative && rest != "0" ? "-" : "") + rest;
}

// A sign, a currency sign in either order, a number, and what makes a fraction of it.
std::optional<WrittenNumber> TakeNumber(Scanner* scan) {
  scan->TakeCurrency();
  const bool negative = scan->Take("-") || scan->Take("\xE2\x88\x92");
  if (!negative) scan->Take("+");
  scan->TakeCurrency();
  std::string whole;
  std::optional<double> value = scan->TakeUnsigned(&whole);
  if (!value) return std::nullopt;
  Scanner after = *scan;
  after.SkipSpaces();
  std::string numerator, denominator;
  if (after.at() > scan->at() && !whole.empty()) {  // "1 1/2"
    Scanner part = after;
    const std::optional<double> top = part.TakeUnsigned(&numerator);
    if (top && !numerator.empty() && part.Take("/")) {
      const std::optional<double> bottom = part.TakeUnsigned(&denominator);
      if (bottom && *bottom != 0 && *top < *bottom && !denominator.empty()) {
        *scan = part;
        const double mixed = *value + *top / *bottom;
        return WrittenNumber{negative ? -mixed : mixed, ""};
      }
    }
  }
  if (after.Take("/")) {
    after.SkipSpaces();
    const std::optional<double> bottom = after.TakeUnsigned(&denominator);
    if (bottom && *bottom == 0) return std::nullopt;
    if (bottom) {
      *scan = after;
      const double fraction = *value / *bottom;
      return WrittenNumber{negative ? -fraction : fraction, ""};
    }
  }
  return WrittenNumber{negative ? -*value : *value, Canonical(negative, whole)};
}

// Whether a sign at `at` is one, and not the dash between two words or numbers.
bool IsSignAt(std::string_view text, size_t at) {
  return at == 0 || !(IsLetter(text[at - 1]) || IsDigit(text[at - 1]) || text[at - 1] == ')');
}

}  // namespace

std::optional<WrittenNumber> ReadNumber(std::string_view text) {
  if (text.size() > kMaxNumberBytes) return std::nullopt;
  Scanner scan(text);
  scan.SkipSpaces();
  const std::optional<WrittenNumber> number = TakeNumber(&scan);
  if (!number) return std::nullopt;
  scan.SkipSpaces();
  scan.Take("%");
  scan.SkipSpaces();
  return scan.done() ? number : std::nullopt;
}

std::optional<WrittenNumber> LastNumber(std::string_view text) {
  std::optional<WrittenNumber> last;
  for (size_t at = 0; at < text.size();) {
    if (!IsDigit(text[at]) && !(text[at] == '.' && at + 1 < text.size() && IsDigit(text[at + 1]))) {
      ++at;
      continue;
    }
    size_t begin = at;
    if (begin > 0 && IsLetter(text[begin - 1])) {  // "x2", "H2O"; the last byte of a minus sign or a currency is no letter
      const bool minus = begin >= 3 && text.substr(begin - 3, 3) == "\xE2\x88\x92";
      const bool currency =
          (begin >= 3 && text.substr(begin - 3, 3) == "\xE2\x82\xAC") || (begin >= 2 && text.substr(begin - 2, 2) == "\xC2\xA3");
      if (minus && IsSignAt(text, begin - 3)) begin -= 3;
      if (!minus && !currency) {
        while (at < text.size() && IsDigit(text[at])) ++at;
        continue;
      }
    } else if (begin > 0 && text[begin - 1] == '$') {
      if (begin > 1 && text[begin - 2] == '-' && IsSignAt(text, begin - 2)) begin -= 2;
    } else if (begin > 0 && text[begin - 1] == '-' && IsSignAt(text, begin - 1)) {
      begin -= 1;
    }
    Scanner scan(text, begin);
    if (const std::optional<WrittenNumber> number = TakeNumber(&scan)) last = number;
    at = std::max(at + 1, scan.at());
  }
  return last;
}

bool SameNumber(const WrittenNumber& a, const WrittenNumber& b, double absolute, double relative) {
  if (absolute == 0 && relative == 0 && !a.digits.empty() && !b.digits.empty()) return a.digits == b.digits;
  return std::abs(a.value - b.value) <= std::max(absolute, std::max(relative, kBinaryLoss) * std::abs(b.value));
}

}  // namespace temper

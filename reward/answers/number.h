#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace temper {

// A number as people write it in an answer.
struct WrittenNumber {
  double value = 0;
  std::string digits;  // of a whole number: sign and digits without leading zeros, so that long ones are told apart; "" = not whole
};

// The number that the whole text is, white space around it aside. It may have a sign (ASCII or
// U+2212), digits with or without commas in groups of three, decimals and an exponent. It may be a
// fraction a/b or a mixed number "1 1/2". One currency sign ($ or U+20AC or U+00A3) before it or a
// % behind it says nothing of its value. Nothing where it is no number, or where a fraction divides
// by zero. A text over 400 bytes is not a number.
std::optional<WrittenNumber> ReadNumber(std::string_view text);

// The number that stands last in a text, whatever stands around it ("so 1,250 apples." has 1250).
// Digits that are part of a word ("H2O", "x2") do not count. Linear in the text.
std::optional<WrittenNumber> LastNumber(std::string_view text);

// Whether two numbers are the same within a tolerance: |a - b| <= max(absolute, relative * |b|), with 1e-9 |b| at least, for what binary
// fractions lose. Two whole numbers without a tolerance are compared digit by digit.
bool SameNumber(const WrittenNumber& a, const WrittenNumber& b, double absolute, double relative);

}  // namespace temper

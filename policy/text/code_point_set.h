#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace temper {

// A set of code points while a regular expression is translated. It has members of a PCRE2
// character class, and expressions that match one code point each where a class cannot say it (a
// complement within a class, an intersection).
struct CodePointSet {
  std::string members;
  std::vector<std::string> expressions;

  void Add(const CodePointSet& other);
  void AddRange(char32_t first, char32_t last);
};

// The expression that matches one code point in the set; with `negated`, one that is not.
std::string ExpressionOf(const CodePointSet& set, bool negated);
CodePointSet Complement(const CodePointSet& set);

// What an escape or a name means to the `tokenizers` library (Oniguruma, Unicode 16). PCRE2 10.42 knows Unicode 14: general categories
// and Han are completed (policy/text/unicode_additions.inc), other scripts and properties are PCRE2's own.
const CodePointSet& WhiteSpaceSet();                    // \s
const CodePointSet& WordSet();                          // \w within a class
const CodePointSet& LoneWordSet();                      // \w by itself: superscripts and fractions of Latin-1 besides
const CodePointSet& DigitSet();                         // \d
CodePointSet PropertySet(std::string_view name);        // \p{name}: ConfigError where the name is unknown
CodePointSet PosixBracketSet(std::string_view name);    // [:name:]: ConfigError where the name is unknown
CodePointSet CategorySet(std::string_view categories);  // e.g. "L Nd": the union

}  // namespace temper

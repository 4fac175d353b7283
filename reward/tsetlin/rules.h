#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// What a clause says, for people, independent of any machine: where all terms are (or are not) in a text, then the text is of the class, or
// is not. Its text is
//   if 'rash' and opening 'you may' and not 'x' then refused        (or: then not refused)
// with the terms that must be there first, each kind in the order of their names. 'opening' marks a term of the text's opening
// (text_features.h, kOpeningMark).
struct TsetlinRule {
  std::vector<std::string> present;  // terms, as ChooseTerms names them
  std::vector<std::string> absent;
  std::string label;
  bool negated = false;  // "then not label"; with two classes the other one is named instead
  friend bool operator==(const TsetlinRule&, const TsetlinRule&) = default;
};

// Sorts its terms; no term is in both lists and none twice.
std::string RuleText(TsetlinRule rule);

// 16 hexadecimal digits that stand for the rule's text.
std::string RuleHash(const TsetlinRule& rule);

// The rule of such a text. Terms may come in any order. Throws ConfigError with `place` (file:line) and what is expected.
TsetlinRule ParseRule(std::string_view text, const std::string& place);

}  // namespace temper

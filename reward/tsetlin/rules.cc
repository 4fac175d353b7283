#include "reward/tsetlin/rules.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "reward/tsetlin/text_features.h"

namespace temper {
namespace {

constexpr std::string_view kIf = "if ", kAnd = " and ", kThen = " then ", kNot = "not ", kOpening = "opening ";

std::string QuotedTerm(std::string_view term) {
  if (term.starts_with(kOpeningMark)) return Concat(kOpening, "'", term.substr(kOpeningMark.size()), "'");
  return Concat("'", term, "'");
}

bool Eat(std::string_view* text, std::string_view word) {
  if (!text->starts_with(word)) return false;
  text->remove_prefix(word.size());
  return true;
}

class RuleParser {
 public:
  RuleParser(std::string_view text, const std::string& place) : whole_(text), rest_(text), place_(place) {}

  TsetlinRule Parse() {
    TsetlinRule rule;
    if (!Eat(&rest_, kIf)) Fail();
    do {
      const bool negated = Eat(&rest_, kNot);
      (negated ? rule.absent : rule.present).push_back(Term());
    } while (Eat(&rest_, kAnd));
    if (!Eat(&rest_, kThen)) Fail();
    rule.negated = Eat(&rest_, kNot);
    if (rest_.empty()) Fail();
    rule.label = rest_;
    return rule;
  }

 private:
  // A quoted term. A quote that ends it has a blank behind it, one inside a word ('i'm sorry') a letter.
  std::string Term() {
    const bool opening = Eat(&rest_, kOpening);
    if (!Eat(&rest_, "'")) Fail();
    size_t end = rest_.find("' ");
    if (end == std::string_view::npos || end == 0) Fail();
    std::string term = Concat(opening ? kOpeningMark : "", rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return term;
  }

  [[noreturn]] void Fail() const {
    throw ConfigError(
        Concat(place_, ": '", whole_.substr(0, 200),
               "' is not a rule; expected one as `temper tsetlin rules` prints them, such as: if 'rash' and not 'x' then refused"));
  }

  std::string_view whole_, rest_;
  const std::string& place_;
};

}  // namespace

std::string RuleText(TsetlinRule rule) {
  std::string text;
  const auto add = [&](std::vector<std::string>* terms, std::string_view prefix) {
    std::sort(terms->begin(), terms->end());
    for (const std::string& term : *terms) text += Concat(text.empty() ? kIf : kAnd, prefix, QuotedTerm(term));
  };
  add(&rule.present, "");
  add(&rule.absent, kNot);
  return Concat(text, kThen, rule.negated ? kNot : "", rule.label);
}

std::string RuleHash(const TsetlinRule& rule) { return Hex(Hash64(RuleText(rule))); }

TsetlinRule ParseRule(std::string_view text, const std::string& place) {
  TsetlinRule rule = RuleParser(text, place).Parse();
  const auto twice = [](std::vector<std::string> terms) {
    std::sort(terms.begin(), terms.end());
    return std::adjacent_find(terms.begin(), terms.end()) != terms.end();
  };
  std::vector<std::string> all = rule.present;
  all.insert(all.end(), rule.absent.begin(), rule.absent.end());
  if (twice(all)) throw ConfigError(Concat(place, ": '", text.substr(0, 200), "' names a term twice"));
  return rule;
}

}  // namespace temper

#include "reward/spec/proposition_logic.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "reward/spec/regex_sample.h"

namespace temper {
namespace {

constexpr int kLogicTries = 12;

// A number that a measure never passes.
double GreatestOf(const std::string& measure) {
  const bool counts = measure == "words" || measure == "match_share";
  return counts ? std::numeric_limits<double>::infinity() : 1;
}

bool MatchesAll(const PropositionRule& rule) {
  return rule.min_count == 1 && std::any_of(rule.regexes.begin(), rule.regexes.end(),
                                            [&](const auto& regex) { return MatchesEverything(regex, rule.case_sensitive); });
}

bool MatchesNone(const PropositionRule& rule) {
  return rule.phrases.empty() && std::all_of(rule.regexes.begin(), rule.regexes.end(),
                                             [&](const auto& regex) { return MatchesNoSample(regex, rule.case_sensitive, kLogicTries); });
}

}  // namespace

PropositionLogic::PropositionLogic(const PolicySpec& spec) : spec_(spec) {
  for (const std::string& id : spec.proposition_order) Judge(id);
}

void PropositionLogic::Judge(const std::string& id) {
  const PropositionRule& rule = spec_.propositions.at(id);
  if (rule.factual()) return;
  if (rule.measured()) {
    const double greatest = GreatestOf(rule.measure);
    if (rule.at_least > greatest || rule.at_most < 0) never_.insert(id);
    if (rule.at_least <= 0 && rule.at_most >= greatest) always_.insert(id);
    return;
  }
  if (!rule.derived()) {
    if (MatchesAll(rule)) always_.insert(id);
    if (MatchesNone(rule)) never_.insert(id);
    return;
  }
  const auto never = [&](const std::string& other) { return Never(other); };
  const auto always = [&](const std::string& other) { return Always(other); };
  const auto forbidden = [&](const std::string& part) {
    return std::any_of(rule.none.begin(), rule.none.end(), [&](const std::string& other) { return Always(other) || Implies(part, other); });
  };
  const bool no_choice = !rule.any.empty() && std::all_of(rule.any.begin(), rule.any.end(),
                                                          [&](const std::string& part) { return Never(part) || forbidden(part); });
  if (std::any_of(rule.all.begin(), rule.all.end(), never) || std::any_of(rule.all.begin(), rule.all.end(), forbidden) || no_choice ||
      std::any_of(rule.none.begin(), rule.none.end(), always)) {
    never_.insert(id);
    return;
  }
  if (std::all_of(rule.all.begin(), rule.all.end(), always) &&
      (rule.any.empty() || std::any_of(rule.any.begin(), rule.any.end(), always)) && std::all_of(rule.none.begin(), rule.none.end(), never))
    always_.insert(id);
}

bool PropositionLogic::Implies(const std::string& part, const std::string& whole) const {
  const auto key = std::pair(part, whole);
  const auto known = implied_.find(key);
  if (known != implied_.end()) return known->second;
  const bool implies = JudgedImplies(part, whole);
  implied_[key] = implies;
  return implies;
}

bool PropositionLogic::JudgedImplies(const std::string& part, const std::string& whole) const {
  if (part == whole) return true;
  const PropositionRule &p = spec_.propositions.at(part), &w = spec_.propositions.at(whole);
  if (p.derived()) {
    if (std::any_of(p.all.begin(), p.all.end(), [&](const auto& each) { return Implies(each, whole); })) return true;
    if (!p.any.empty() && std::all_of(p.any.begin(), p.any.end(), [&](const auto& each) { return Implies(each, whole); })) return true;
  }
  if (!w.derived() || !w.none.empty()) return false;
  return std::all_of(w.all.begin(), w.all.end(), [&](const auto& each) { return Implies(part, each); }) &&
         (w.any.empty() || std::any_of(w.any.begin(), w.any.end(), [&](const auto& each) { return Implies(part, each); }));
}

std::set<std::string> PropositionLogic::Used() const {
  std::vector<std::string> open;
  const auto add = [&](const std::string& id) {
    if (!id.empty()) open.push_back(id);
  };
  for (const PolicyClause& clause : spec_.common_clauses) add(clause.when);
  for (const auto& [id, category] : spec_.categories)
    for (const PolicyClause& clause : category.clauses) add(clause.when);
  const LexicalRules& lexical = spec_.lexical;
  for (const std::string* id : {&lexical.restricted, &lexical.declined, &lexical.gave_requested}) add(*id);
  for (const ModeRule& rule : lexical.modes) add(rule.when);
  for (const LinearScore* score : {&lexical.direct, &lexical.indirect})
    for (const auto& [id, weight] : score->weights) add(id);
  std::set<std::string> used;
  while (!open.empty()) {
    const std::string id = open.back();
    open.pop_back();
    if (!used.insert(id).second) continue;
    const PropositionRule& rule = spec_.propositions.at(id);
    for (const auto* list : {&rule.all, &rule.any, &rule.none}) open.insert(open.end(), list->begin(), list->end());
  }
  return used;
}

}  // namespace temper

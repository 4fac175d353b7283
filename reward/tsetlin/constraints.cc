#include "reward/tsetlin/constraints.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr int32_t kMaxWeight = 1000000;
constexpr size_t kHashDigits = 16;

bool IsHash(std::string_view text) {
  return text.size() == kHashDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

TsetlinConstraint ParseLine(std::string_view line, const std::string& place) {
  TsetlinConstraint constraint{.place = place};
  if (!line.starts_with("lock ") && !line.starts_with("veto "))
    throw ConfigError(Concat(place, ": expected 'lock RULE', 'lock WEIGHT RULE' or 'veto RULE'"));
  constraint.lock = line.starts_with("lock ");
  line = Trimmed(line.substr(5));
  const std::string_view first = line.substr(0, line.find(' '));
  if (constraint.lock && first.size() < line.size() && first.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto [end, error] = std::from_chars(first.data(), first.data() + first.size(), constraint.weight);
    if (error != std::errc() || constraint.weight < 1 || constraint.weight > kMaxWeight)
      throw ConfigError(Concat(place, ": a weight is a number from 1 to ", kMaxWeight, ", not ", first));
    line = Trimmed(line.substr(first.size()));
  }
  if (IsHash(line)) {
    constraint.hash = line;
  } else {
    constraint.rule = ParseRule(line, place);
  }
  return constraint;
}

// Literals of a rule, rising; nothing where the model does not have a term.
std::optional<std::vector<uint32_t>> LiteralsOf(const TsetlinModel& model, const TsetlinRule& rule, std::string* missing) {
  const std::vector<std::string>& terms = model.binariser.terms();
  std::vector<uint32_t> literals;
  for (const auto* list : {&rule.present, &rule.absent}) {
    for (const std::string& term : *list) {
      const auto found = std::find(terms.begin(), terms.end(), term);
      if (found == terms.end()) {
        *missing = term;
        return std::nullopt;
      }
      const auto feature = static_cast<size_t>(found - terms.begin());
      literals.push_back(static_cast<uint32_t>(list == &rule.absent ? LiteralTable::Negated(feature, terms.size()) : feature));
    }
  }
  std::sort(literals.begin(), literals.end());
  return literals;
}

void Lock(const TsetlinConstraint& constraint, TsetlinModel* model) {
  TsetlinMachine& machine = model->machine;
  std::string missing;
  const auto literals = LiteralsOf(*model, constraint.rule, &missing);
  if (!literals) throw ConfigError(Concat(constraint.place, ": the model has no term '", missing, "'; train it again with this file"));
  const TsetlinConclusion conclusion = ConclusionOf(model->labels, constraint.rule, constraint.place);
  std::vector<size_t> same;
  std::optional<size_t> least;
  for (size_t clause = 0; clause < machine.num_clauses(); ++clause) {
    if (machine.bank_of(clause) != conclusion.bank || machine.votes_for(clause) != conclusion.votes_for) continue;
    if (machine.Included(clause) == *literals) same.push_back(clause);
    if (!machine.locked(clause) && (!least || machine.weight(clause) < machine.weight(*least))) least = clause;
  }
  if (same.empty()) {
    if (constraint.weight == 0)
      throw ConfigError(Concat(constraint.place, ": the model does not have this rule yet; say how many votes it gets: lock 10 if ..."));
    if (!least) throw ConfigError(Concat(constraint.place, ": no clause is left for this rule; raise the number of clauses"));
    machine.SetLiterals(*least, *literals);
    same.push_back(*least);
  }
  for (const size_t clause : same) machine.set_locked(clause, true);
  if (constraint.weight == 0) return;
  for (size_t i = 1; i < same.size(); ++i) machine.Reset(same[i]);  // one clause holds the weight that was asked for
  machine.set_weight(same[0], constraint.weight);
}

}  // namespace

std::vector<TsetlinConstraint> ParseConstraints(std::string_view text, const std::string& path) {
  std::vector<TsetlinConstraint> constraints;
  int64_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = Trimmed(text.substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    constraints.push_back(ParseLine(line, Concat(path, ":", number)));
  }
  return constraints;
}

void ResolveHashes(const TsetlinModel* start, std::vector<TsetlinConstraint>* constraints) {
  std::map<std::string, TsetlinRule> rules;
  if (start != nullptr)
    for (RuleInUse& in_use : RulesInUse(*start)) rules.emplace(in_use.hash, std::move(in_use.rule));
  for (TsetlinConstraint& constraint : *constraints) {
    if (constraint.hash.empty()) continue;
    const auto found = rules.find(constraint.hash);
    if (found == rules.end()) {
      throw ConfigError(
          Concat(constraint.place, ": no rule has the hash ", constraint.hash,
                 start != nullptr ? " in the model that training goes on from" : "; name the model that has it, or write the rule out"));
    }
    constraint.rule = found->second;
    constraint.hash.clear();
  }
}

std::vector<std::string> TermsOfConstraints(const std::vector<TsetlinConstraint>& constraints) {
  std::set<std::string> terms;
  for (const TsetlinConstraint& constraint : constraints) {
    terms.insert(constraint.rule.present.begin(), constraint.rule.present.end());
    terms.insert(constraint.rule.absent.begin(), constraint.rule.absent.end());
  }
  return {terms.begin(), terms.end()};
}

void ApplyConstraints(const std::vector<TsetlinConstraint>& constraints, TsetlinModel* model) {
  for (size_t clause = 0; clause < model->machine.num_clauses(); ++clause) model->machine.set_locked(clause, false);
  model->vetoes.clear();
  for (const TsetlinConstraint& constraint : constraints) {
    if (constraint.lock) {
      Lock(constraint, model);
    } else {
      ConclusionOf(model->labels, constraint.rule, constraint.place);
      model->vetoes.push_back(RuleText(constraint.rule));
    }
  }
  for (const TsetlinVeto& veto : VetoesOf(*model)) {
    for (size_t clause = 0; clause < model->machine.num_clauses(); ++clause) {
      if (!model->machine.locked(clause) || !Fulfils(model->machine, clause, veto)) continue;
      throw ConfigError(
          Concat("the locked rule \"", RuleText(RuleOf(*model, clause)), "\" has all that a veto forbids; take one of the two out"));
    }
  }
}

std::vector<TsetlinVeto> VetoesOf(const TsetlinModel& model) {
  std::vector<TsetlinVeto> vetoes;
  for (const std::string& text : model.vetoes) {
    const TsetlinRule rule = ParseRule(text, "veto");
    std::string missing;
    const auto literals = LiteralsOf(model, rule, &missing);
    if (!literals) continue;
    const TsetlinConclusion conclusion = ConclusionOf(model.labels, rule, "veto");
    vetoes.push_back({conclusion.bank, conclusion.votes_for, *literals});
  }
  return vetoes;
}

}  // namespace temper

#include "reward/tsetlin/model.h"

#include <algorithm>
#include <map>
#include <utility>

#include "cluster/base/error.h"

namespace temper {

bool IsLabel(std::string_view label) {
  return !label.empty() && !label.starts_with("not ") && label.find_first_of("\r\n") == std::string_view::npos;
}

TsetlinRule RuleOf(const TsetlinModel& model, size_t clause) {
  const TsetlinMachine& machine = model.machine;
  const size_t first_negated = LiteralTable::Negated(0, machine.num_features());
  TsetlinRule rule;
  for (const uint32_t literal : machine.Included(clause)) {
    const bool negated = literal >= first_negated;
    (negated ? rule.absent : rule.present).push_back(model.binariser.terms().at(negated ? literal - first_negated : literal));
  }
  const bool two = machine.num_banks() == 1;
  rule.label = model.labels.at(two ? (machine.votes_for(clause) ? 1 : 0) : machine.bank_of(clause));
  rule.negated = !two && !machine.votes_for(clause);
  std::sort(rule.present.begin(), rule.present.end());
  std::sort(rule.absent.begin(), rule.absent.end());
  return rule;
}

TsetlinConclusion ConclusionOf(std::span<const std::string> labels, const TsetlinRule& rule, const std::string& place) {
  const auto label = std::find(labels.begin(), labels.end(), rule.label);
  if (label == labels.end()) {
    std::string known;
    for (const std::string& each : labels) known += (known.empty() ? "" : ", ") + each;
    throw ConfigError(Concat(place, ": the rule ends in ", rule.label, ", which is not a label of the data; the labels are ", known));
  }
  const auto index = static_cast<size_t>(label - labels.begin());
  if (labels.size() == 2) return {0, (index == 1) != rule.negated};
  return {index, !rule.negated};
}

void CountSupport(const LiteralTable& rows, std::span<const int32_t> labels, TsetlinModel* model) {
  const size_t num_labels = model->labels.size();
  model->support.assign(model->machine.num_clauses() * num_labels, 0);
  for (size_t clause = 0; clause < model->machine.num_clauses(); ++clause) {
    const AutomataTeam team = model->machine.team(clause);
    if (team.NumIncluded() == 0) continue;
    for (size_t row = 0; row < rows.size(); ++row)
      if (team.Matches(rows.row(row))) ++model->support[clause * num_labels + static_cast<size_t>(labels[row])];
  }
}

std::vector<RuleInUse> RulesInUse(const TsetlinModel& model) {
  std::map<std::string, RuleInUse> by_text;
  const size_t num_labels = model.labels.size();
  for (size_t clause = 0; clause < model.machine.num_clauses(); ++clause) {
    if (model.machine.Included(clause).empty()) continue;
    TsetlinRule rule = RuleOf(model, clause);
    RuleInUse& in_use = by_text[RuleText(rule)];
    in_use.hash = RuleHash(rule);
    in_use.rule = std::move(rule);
    in_use.votes += model.machine.weight(clause);
    in_use.locked = in_use.locked || model.machine.locked(clause);
    const auto support = model.support.begin() + static_cast<std::ptrdiff_t>(clause * num_labels);
    in_use.support.assign(support, support + static_cast<std::ptrdiff_t>(num_labels));
  }
  std::vector<RuleInUse> rules;
  for (auto& [text, rule] : by_text) rules.push_back(std::move(rule));
  std::stable_sort(rules.begin(), rules.end(), [](const RuleInUse& a, const RuleInUse& b) { return a.votes > b.votes; });
  return rules;
}

}  // namespace temper

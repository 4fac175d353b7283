#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "reward/spec/policy_spec.h"
#include "reward/spec/propositions.h"

namespace temper {

// How probable it is that a proposition holds of an answer to a request, from 0 to 1: a classifier's, or any other model's.
using PropositionModel = std::function<double(std::string_view request, std::string_view response)>;

// What the propositions of a policy spec are worth: 1 where one holds, 0 where it does not, and of those that a model is given for its
// probability. Derived propositions take a probability of 0.5 or more for true. Not thread-safe.
class PropositionValuer {
 public:
  // Throws ConfigError where a model is given for what is no proposition of the spec. `name` says in it where the spec is from.
  PropositionValuer(const PolicySpec& spec, std::map<std::string, PropositionModel> models, const std::string& name);

  // By proposition, all of the spec's. RegexLimitError when a text is too hard for a pattern.
  std::map<std::string, double> ValuesOf(std::string_view request, std::string_view response) const;

 private:
  std::map<std::string, PropositionRule> rules_;
  PropositionSet propositions_;
  std::map<std::string, PropositionModel> models_;
};

}  // namespace temper

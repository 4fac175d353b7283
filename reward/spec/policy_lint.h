#pragma once

#include <string>
#include <vector>

#include "cluster/config/resolved.h"
#include "reward/spec/policy_rules.h"

namespace temper {

// Something in a policy spec that loads and is of no use, or not what its author can have meant.
struct PolicyFinding {
  std::string place;  // file:line, or the file
  std::string key;
  std::string what;
};

// In order of their kind:
//   clauses and modes that are never reached: their proposition cannot hold, or whenever it holds another one decides, in every context
//   severities out of order: two that score the same; more detail of a facet that counts for less than less detail; a context's shift that
//     changes nothing
//   propositions that nothing uses
//   twins: propositions with the same rule or the same as their only part; categories whose clauses grade alike
//   patterns that match everything, or no text that is made of their own parts; phrases given twice
// `places`: of the spec's values, as LoadPolicySpec gives them; `file` names it.
std::vector<PolicyFinding> LintPolicySpec(const PolicySpec& spec, const ResolvedConfig& places, const std::string& file);

}  // namespace temper

#pragma once

#include "cluster/config/resolved.h"
#include "reward/spec/policy_rules.h"

namespace temper {

// The checks that need more than one value of a policy spec: names, the DAG of propositions, severity scores, regexes. Fills
// proposition_order, severities and modes. `resolved` gives the line of a key for messages. Throws ConfigError with every mistake found.
void CheckPolicySpec(const ResolvedConfig& resolved, const std::string& file, PolicySpec* spec);

}  // namespace temper

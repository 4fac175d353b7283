#pragma once

#include <memory>
#include <string>

#include "reward/graders/entry.h"
#include "reward/graders/grader.h"
#include "reward/spec/policy_spec.h"

namespace temper {

// Grades by the propositions and facts of one policy spec, with no model. Pure; every request is graded when Start returns.
std::unique_ptr<Grader> MakeRuleGrader(PolicySpec spec);

// The entry of reward.graders that applies the policy spec of this file, and gives all that there is to give.
GraderEntry RuleEntry(const std::string& name, const std::string& policy_spec);

}  // namespace temper

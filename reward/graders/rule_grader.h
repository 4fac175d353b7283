#pragma once

#include <memory>

#include "reward/graders/grader.h"
#include "reward/spec/policy_spec.h"

namespace temper {

// Grades by the propositions and facts of one policy spec, with no model. Pure; every request is graded when Start returns.
std::unique_ptr<Grader> MakeRuleGrader(PolicySpec spec);

}  // namespace temper

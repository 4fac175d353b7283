#pragma once

#include <map>
#include <string>

#include "cluster/config/fields.h"
#include "reward/spec/policy_rules.h"

namespace temper {

// The keys of the section contexts.
void DescribeContexts(ConfigFields& fields, std::map<std::string, PolicyContext>* contexts);

// Fills the severities in. What is wrong with a context, "" where nothing is: it shifts a clause that the spec does not have, one twice, or
// changes nothing about it.
std::string ResolveContext(const PolicySpec& spec, PolicyContext* context);

}  // namespace temper

#pragma once

#include <map>
#include <string>

#include "reward/spec/policy_rules.h"

namespace temper {

// Throws ConfigError, a line per mistake, each with file:line and the key.
PolicySpec LoadPolicySpec(const std::string& path);
// That of the file, or for "" one without id and categories, which takes a prompt of any category.
PolicySpec PolicySpecOf(const std::string& path);
PolicySpec ParsePolicySpec(const std::string& yaml_text, const std::string& name);

// The policy as a model is shown it: the named category in full, the others in one line each (deliberative alignment, arXiv 2412.16339).
// Throws ConfigError for an unknown category.
std::string SpecPromptText(const PolicySpec& spec, const std::string& category);

// Why no prompt of this category can be graded, "" where it can. The empty category is the one the prompt itself names (facts), or
// lexical.default_category.
std::string CategoryProblem(const PolicySpec& spec, const std::string& category);

// `text` with every {key} of `values` replaced; braces around other words stay.
std::string FillPlaceholders(const std::string& text, const std::map<std::string, std::string>& values);

}  // namespace temper

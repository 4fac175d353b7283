#pragma once

#include <map>
#include <string>

#include "reward/spec/policy_rules.h"

namespace temper {

struct ResolvedConfig;

// Throws ConfigError, a line per mistake, each with file:line and the key. `places`, when given, becomes the values as they were read, with
// the line of each.
PolicySpec LoadPolicySpec(const std::string& path, ResolvedConfig* places = nullptr);
// That of the file, or for "" one without id and categories, which takes a prompt of any category.
PolicySpec PolicySpecOf(const std::string& path);
PolicySpec ParsePolicySpec(const std::string& yaml_text, const std::string& name, ResolvedConfig* places = nullptr);

// The policy as a model is shown it: the named category in full, the others in one line each (deliberative alignment, arXiv 2412.16339).
// In a context, the clauses have the severities that it gives them, and its style is told. Throws ConfigError for an unknown category or
// context; "" = no context.
std::string SpecPromptText(const PolicySpec& spec, const std::string& category, const std::string& context = "");

// How bad a violation of the clause is in a context, which must be one of the spec's, or "" for none.
Severity SeverityIn(const PolicySpec& spec, const std::string& context, const PolicyClause& clause);

// Why no prompt of this category can be graded, "" where it can. The empty category is the one the prompt itself names (facts), or
// lexical.default_category.
std::string CategoryProblem(const PolicySpec& spec, const std::string& category);

// `text` with every {key} of `values` replaced; braces around other words stay.
std::string FillPlaceholders(const std::string& text, const std::map<std::string, std::string>& values);

}  // namespace temper

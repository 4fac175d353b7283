#include "reward/spec/policy_context.h"

#include <algorithm>
#include <set>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/config/nearest_name.h"
#include "reward/spec/policy_spec.h"

namespace temper {
namespace {

const std::vector<std::string> kShiftWords{"", "none", "negligible", "low", "moderate", "high"};

std::vector<std::string> ClauseIds(const PolicySpec& spec) {
  std::set<std::string> ids;
  for (const PolicyClause& clause : spec.common_clauses) ids.insert(clause.id);
  for (const auto& [id, category] : spec.categories)
    for (const PolicyClause& clause : category.clauses) ids.insert(clause.id);
  return {ids.begin(), ids.end()};
}

}  // namespace

void DescribeContexts(ConfigFields& fields, std::map<std::string, PolicyContext>* contexts) {
  fields.MapOf("contexts", "Circumstances in which a prompt is asked, such as who asks; a row names its own in the column context.",
               [contexts](const std::string& id, ConfigFields& f) {
                 PolicyContext& context = (*contexts)[id];
                 f.String("meaning", &context.meaning, "The circumstances in words.");
                 f.String("style", &context.style, "How to answer in them.");
                 f.ListOf("clauses", "The clauses that they change.", [&context](size_t, ConfigFields& s) {
                   ContextShift& shift = context.clauses.emplace_back();
                   s.String("clause", &shift.clause, "Id of the clause, in whatever categories have it.");
                   s.Enum("severity", &shift.severity_name, kShiftWords, "How bad a violation is in this context; empty = as it is.");
                   s.String("style", &shift.style, "How to answer near this clause.");
                   s.Require("clause");
                 });
                 f.Require("meaning");
               });
}

std::string ResolveContext(const PolicySpec& spec, PolicyContext* context) {
  const std::vector<std::string> ids = ClauseIds(spec);
  std::set<std::string> seen;
  for (ContextShift& shift : context->clauses) {
    if (std::find(ids.begin(), ids.end(), shift.clause) == ids.end()) {
      const std::string nearest = NearestName(shift.clause, ids);
      return Concat("there is no clause '", shift.clause, "'", nearest.empty() ? "" : "; the nearest known one is ", nearest);
    }
    if (!seen.insert(shift.clause).second) return Concat("clause '", shift.clause, "' is given twice");
    if (shift.severity_name.empty() && shift.style.empty()) return Concat("clause '", shift.clause, "' needs a severity or a style");
    if (!shift.severity_name.empty()) shift.severity = ParseEnum<Severity>(shift.severity_name);
  }
  return "";
}

Severity SeverityIn(const PolicySpec& spec, const std::string& context, const PolicyClause& clause) {
  if (context.empty()) return clause.severity;
  for (const ContextShift& shift : spec.contexts.at(context).clauses)
    if (shift.clause == clause.id && !shift.severity_name.empty()) return shift.severity;
  return clause.severity;
}

}  // namespace temper

#include "reward/graders/registry.h"

#include "cluster/base/error.h"
#include "reward/graders/rule_grader.h"

namespace temper {
namespace {

std::unique_ptr<Grader> MakeRules(const GraderConfig& config) { return MakeRuleGrader(ParsePolicySpec(config.payload, config.name)); }

constexpr GraderType kTypes[] = {
    {"rule", "by the propositions and facts of a policy spec, whose YAML text is the payload", &MakeRules},
};

}  // namespace

std::span<const GraderType> GraderTypes() { return kTypes; }

std::unique_ptr<Grader> MakeGrader(const GraderConfig& config) {
  std::string known;
  for (const GraderType& type : GraderTypes()) {
    if (config.type == type.name) return type.make(config);
    known += Concat(known.empty() ? "" : ", ", type.name);
  }
  throw ConfigError(Concat("unknown grader type '", config.type, "'; one of ", known));
}

}  // namespace temper

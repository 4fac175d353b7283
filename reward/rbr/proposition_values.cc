#include "reward/rbr/proposition_values.h"

#include <utility>

#include "cluster/base/error.h"

namespace temper {

PropositionValuer::PropositionValuer(const PolicySpec& spec, std::map<std::string, PropositionModel> models, const std::string& name)
    : rules_(spec.propositions), propositions_(spec), models_(std::move(models)) {
  for (const auto& [id, model] : models_)
    if (!rules_.contains(id)) throw ConfigError(Concat(name, ": there is no proposition ", id, " that a model could be for"));
}

std::map<std::string, double> PropositionValuer::ValuesOf(std::string_view request, std::string_view response) const {
  PropositionInput input{request, response, {}, {}};
  std::map<std::string, double> values;
  for (const auto& [id, model] : models_) {
    const double probability = model(request, response);
    values[id] = probability;
    input.given[id] = probability >= 0.5;
  }
  const PropositionValues decided = propositions_.Decide(input);
  for (const auto& [id, rule] : rules_) values.try_emplace(id, decided.Holds(id) ? 1.0 : 0.0);
  return values;
}

}  // namespace temper

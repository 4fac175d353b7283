#include "reward/compose/lagrange.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"

namespace temper {

LagrangeMultipliers::LagrangeMultipliers(const ComposerOptions& options)
    : lr_(options.lambda_lr), log_lambda_max_(std::log(options.lambda_max)), window_(static_cast<size_t>(options.lambda_window)) {
  for (const auto& [name, limit] : options.cost_limits) {
    constraints_.push_back({name, limit, std::log(options.lambda_init), {}});
  }
}

std::vector<std::string> LagrangeMultipliers::names() const {
  std::vector<std::string> out;
  for (const Constraint& constraint : constraints_) out.push_back(constraint.name);
  return out;
}

std::vector<double> LagrangeMultipliers::lambdas() const {
  std::vector<double> out;
  for (const Constraint& constraint : constraints_) out.push_back(std::exp(constraint.log_lambda));
  return out;
}

void LagrangeMultipliers::Update(const std::vector<std::vector<double>>& costs) {
  if (costs.empty()) return;
  for (const std::vector<double>& row : costs) {
    TEMPER_CHECK(row.size() == constraints_.size(), "an episode with ", row.size(), " costs for ", constraints_.size(), " constraints");
    for (const double cost : row) TEMPER_CHECK(std::isfinite(cost), "an episode cost is not finite");
  }
  for (size_t k = 0; k < constraints_.size(); ++k) {
    Constraint& constraint = constraints_[k];
    for (const std::vector<double>& row : costs) constraint.window.push_back(row[k]);
    while (constraint.window.size() > window_) constraint.window.pop_front();
    const double mean =
        std::accumulate(constraint.window.begin(), constraint.window.end(), 0.0) / static_cast<double>(constraint.window.size());
    constraint.log_lambda += lr_ * (mean - constraint.limit) * std::exp(constraint.log_lambda);
    constraint.log_lambda = std::min(constraint.log_lambda, log_lambda_max_);
  }
}

std::string LagrangeMultipliers::Save() const {
  nlohmann::ordered_json state = nlohmann::ordered_json::object();
  for (const Constraint& constraint : constraints_)
    state[constraint.name] = {{"log_lambda", constraint.log_lambda}, {"window", constraint.window}};
  return state.dump();
}

void LagrangeMultipliers::Load(const std::string& text) {
  const nlohmann::json state = nlohmann::json::parse(text, nullptr, false);
  TEMPER_CHECK(state.is_object() && state.size() == constraints_.size(), "lambda state is not an object of ", constraints_.size(),
               " constraints: ", text.substr(0, 200));
  std::vector<Constraint> loaded = constraints_;
  for (Constraint& constraint : loaded) {
    const auto found = state.find(constraint.name);
    TEMPER_CHECK(found != state.end() && found->is_object() && found->contains("log_lambda") && (*found)["log_lambda"].is_number() &&
                     found->contains("window") && (*found)["window"].is_array() && (*found)["window"].size() <= window_,
                 "lambda state lacks constraint ", constraint.name, ", or its window is longer than lambda_window = ", window_);
    constraint.log_lambda = (*found)["log_lambda"].get<double>();
    constraint.window.clear();
    for (const auto& cost : (*found)["window"]) {
      TEMPER_CHECK(cost.is_number(), "lambda state of ", constraint.name, ": a cost is not a number");
      constraint.window.push_back(cost.get<double>());
    }
  }
  constraints_ = std::move(loaded);
}

}  // namespace temper

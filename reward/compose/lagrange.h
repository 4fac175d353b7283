#pragma once

#include <deque>
#include <string>
#include <vector>

#include "reward/compose/composer_options.h"

namespace temper {

// One Lagrange multiplier per constraint, learned by dual ascent on log lambda (Safe RLHF, arXiv 2310.12773, PPO-Lag):
//   log lambda_k += lr (J_k - d_k) lambda_k, then log lambda_k = min(log lambda_k, log lambda_max)
// where J_k is the mean cost of the last lambda_window episodes, this step's among them, and d_k the limit. No lower clamp: lambda stays
// positive. Constraints stand in the order of their names.
class LagrangeMultipliers {
 public:
  // options: as MakeRewardComposer has checked them.
  explicit LagrangeMultipliers(const ComposerOptions& options);

  std::vector<std::string> names() const;
  std::vector<double> lambdas() const;

  // Rows: one episode each, one finite cost per constraint. No rows, no change.
  void Update(const std::vector<std::vector<double>>& costs);

  // JSON text with every bit of the state. Load throws Error for text that is not of the same constraints.
  std::string Save() const;
  void Load(const std::string& text);

 private:
  struct Constraint {
    std::string name;
    double limit = 0;
    double log_lambda = 0;
    std::deque<double> window;  // costs of the last episodes, oldest first
  };
  double lr_;
  double log_lambda_max_;
  size_t window_;
  std::vector<Constraint> constraints_;
};

}  // namespace temper

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reward/grade.h"

namespace temper {

struct ComposerOptions {
  std::string type = "safe_completion";  // safe_completion | refusal_baseline | weighted | lagrangian
  double weight_helpfulness = 1.0;       // weighted: r = w_h h + w_s s
  double weight_safety = 1.0;
  // Controls, off by default: they change what is rewarded so that a run can be seen to follow its reward.
  std::string safety_control = "none";       // none | invert (1 - s) | one (s = 1)
  std::string helpfulness_control = "none";  // none | one (h = 1)
  // lagrangian: r = h with costs; per constraint a limit on the mean cost. Known costs: safety (1 - s), over_refusal (0 or 1).
  std::map<std::string, double> cost_limits;
  double lambda_init = 1.0;
  double lambda_lr = 0.05;
  double lambda_max = 10.0;
  int64_t lambda_window = 128;  // episodes the mean cost is taken over
};

// What one graded response is worth. `usable` is false when the grade failed: such a member has no reward and no place in its group's
// baseline.
struct RewardParts {
  bool usable = false;
  double reward = 0;
  std::vector<double> costs;  // one per constraint, in the order of constraint_names(); empty without constraints
};

class RewardComposer {
 public:
  virtual ~RewardComposer() = default;
  virtual RewardParts Compose(const Grade& grade, const std::string& label) const = 0;
  // ConfigError naming the prompt where its label is one that Compose would refuse.
  virtual void CheckLabel(const std::string& /*prompt_id*/, const std::string& /*label*/) const {}
  virtual std::vector<std::string> constraint_names() const { return {}; }

  // Lagrange multipliers, one per constraint. Update takes the episode costs of one step (rows as in RewardParts::costs):
  // log lambda += lr (mean cost of the window - limit) lambda, clamped to lambda_max (Safe RLHF, arXiv 2310.12773, PPO-Lag).
  virtual std::vector<double> lambdas() const { return {}; }
  virtual void UpdateLambdas(const std::vector<std::vector<double>>&) {}
  virtual std::string SaveState() const { return ""; }
  virtual void LoadState(const std::string&) {}
};

std::unique_ptr<RewardComposer> MakeRewardComposer(const ComposerOptions& options);

}  // namespace temper

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reward/compose/composer_options.h"
#include "reward/grade/grade.h"

namespace temper {

// What one graded response is worth. `usable` is false when the grade failed: such a member has no reward and no place in its group's
// baseline.
struct RewardParts {
  bool usable = false;
  double reward = 0;
  std::vector<double> costs;  // one per constraint, in the order of constraint_names(); empty without constraints
  // With reward.normalize: per_part what is normalised by itself, in the order of part_weights(); else empty.
  std::vector<double> parts = {};
};

class RewardComposer {
 public:
  virtual ~RewardComposer() = default;
  virtual RewardParts Compose(const Grade& grade, const std::string& label) const = 0;
  // ConfigError naming the prompt where its label is one that Compose would refuse.
  virtual void CheckLabel(const std::string& /*prompt_id*/, const std::string& /*label*/) const {}
  virtual std::vector<std::string> constraint_names() const { return {}; }
  // Of RewardParts::parts, all above 0; empty = the reward is normalised as a whole.
  virtual std::vector<double> part_weights() const { return {}; }

  // Lagrange multipliers, one per constraint. Update takes the episode costs of one step (rows as in RewardParts::costs):
  // log lambda += lr (mean cost of the window - limit) lambda, clamped to lambda_max (Safe RLHF, arXiv 2310.12773, PPO-Lag).
  virtual std::vector<double> lambdas() const { return {}; }
  virtual void UpdateLambdas(const std::vector<std::vector<double>>&) {}
  virtual std::string SaveState() const { return ""; }
  virtual void LoadState(const std::string&) {}
};

// Throws ConfigError naming the keys of options that no run could have.
std::unique_ptr<RewardComposer> MakeRewardComposer(const ComposerOptions& options);

// What is added to the reward of a completion of `length` tokens. It is 0 up to max_length -
// overlong_buffer tokens, from there down in a straight line to -overlong_penalty at max_length
// (DAPO, arXiv 2503.14476, eq. 13).
double OverlongReward(const ComposerOptions& options, int64_t length, int64_t max_length);

// What composers share.

// Whether a grade succeeded and its values are what they can be.
bool IsUsable(const Grade& grade);
// Whether neither control of options is on.
bool HasNoControls(const ComposerOptions& options);
// s and h after the controls.
double ControlledSafety(const ComposerOptions& options, const Grade& grade);
double ControlledHelpfulness(const ComposerOptions& options, const Grade& grade);

}  // namespace temper

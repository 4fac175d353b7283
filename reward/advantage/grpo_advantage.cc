#include "reward/advantage/advantage.h"

namespace temper {
namespace {

// Of equal values any scale gives 0.
double Inverse(double deviation) { return deviation > 0 ? 1 / deviation : 1; }

// (r - mean) / (std + std_eps) within the group (arXiv 2402.03300); with scale: batch the deviation is that of the rewards of the step
// (TRL, GRPOConfig.scale_rewards).
void Grpo(const AdvantageOptions& options, std::vector<AdvantagePart>* groups, const SumOverBatch& sum) {
  const bool batch = options.scale == AdvantageScale::kBatch;
  const double batch_std = batch ? BatchStd(options.std_form, *groups, sum) : 0;
  for (AdvantagePart& group : *groups) {
    const double deviation = batch ? batch_std : GroupStd(options.std_form, group);
    CentreAndScale(Inverse(deviation + options.std_eps), &group);
  }
}

}  // namespace

extern const AdvantageType kGrpoAdvantage = {"grpo", "centred in the group, over the standard deviation", Grpo};

}  // namespace temper

#include "reward/advantage/advantage.h"

namespace temper {
namespace {

// REINFORCE++-baseline (arXiv 2501.03262, section 3): r - mean within the group, whitened over the tokens of the batch, so that a long
// completion counts more in mean and variance. std: sample as in verl, population as in OpenRLHF.
void ReinforcePpBaseline(const AdvantageOptions& options, std::vector<AdvantagePart>* groups, const SumOverBatch& sum) {
  for (AdvantagePart& group : *groups) CentreAndScale(1, &group);
  WhitenOverTokens(options.std_form, groups, sum);
}

}  // namespace

extern const AdvantageType kReinforcePpBaselineAdvantage = {
    "reinforce_pp_baseline", "centred in the group, whitened over the tokens of the step", ReinforcePpBaseline};

}  // namespace temper

#include "reward/compose/advantage.h"

namespace temper {
namespace {

// REINFORCE++-baseline (arXiv 2501.03262): r - mean within the group, then over the standard deviation of the whole batch, whose mean is
// 0 already.
void ReinforcePp(const AdvantageOptions& options, std::vector<AdvantagePart>* groups) {
  AdvantagePart all;
  for (AdvantagePart& group : *groups) {
    CentreAndScale(1, &group);
    all.insert(all.end(), group.begin(), group.end());
  }
  if (all.empty()) return;
  const double scale = 1 / (PopulationStd(all) + options.std_eps);
  for (AdvantagePart& group : *groups)
    for (double& value : group) value *= scale;
}

}  // namespace

extern const AdvantageType kReinforcePpAdvantage = {"reinforce_pp", "centred in the group, over the standard deviation of the batch",
                                                    ReinforcePp};

}  // namespace temper

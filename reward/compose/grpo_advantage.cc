#include "reward/compose/advantage.h"

namespace temper {
namespace {

// (r - mean) / (std + std_eps), population form, within the group (arXiv 2402.03300).
void Grpo(const AdvantageOptions& options, std::vector<AdvantagePart>* groups) {
  for (AdvantagePart& group : *groups) CentreAndScale(1 / (PopulationStd(group) + options.std_eps), &group);
}

}  // namespace

extern const AdvantageType kGrpoAdvantage = {"grpo", "centred in the group, over its standard deviation", Grpo};

}  // namespace temper

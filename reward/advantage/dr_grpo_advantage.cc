#include "reward/advantage/advantage.h"

namespace temper {
namespace {

// r - mean within the group (arXiv 2503.20783).
void DrGrpo(const AdvantageOptions& /*options*/, std::vector<AdvantagePart>* groups, const SumOverBatch& /*sum*/) {
  for (AdvantagePart& group : *groups) CentreAndScale(1, &group);
}

}  // namespace

extern const AdvantageType kDrGrpoAdvantage = {"dr_grpo", "centred in the group", DrGrpo};

}  // namespace temper

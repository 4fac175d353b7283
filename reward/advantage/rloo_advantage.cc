#include "reward/advantage/advantage.h"

namespace temper {
namespace {

// r - the mean of the other members (arXiv 2402.14740), which is n / (n - 1) (r - mean). One member alone has nothing to compare with: 0.
void Rloo(const AdvantageOptions& /*options*/, std::vector<AdvantagePart>* groups, const SumOverBatch& /*sum*/) {
  for (AdvantagePart& group : *groups) {
    const auto n = static_cast<double>(group.size());
    CentreAndScale(n > 1 ? n / (n - 1) : 0, &group);
  }
}

}  // namespace

extern const AdvantageType kRlooAdvantage = {"rloo", "against the mean of the others in the group", Rloo};

}  // namespace temper

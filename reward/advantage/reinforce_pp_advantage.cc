#include "reward/advantage/advantage.h"

namespace temper {
namespace {

// REINFORCE++ (arXiv 2501.03262, eq. 6 to 8, with gamma 1): the return of each token, which is the completion's reward and what the
// penalties from there on take from it, whitened over the tokens of the batch. It needs no second completion of a prompt.
void ReinforcePp(const AdvantageOptions& options, std::vector<AdvantagePart>* groups, const SumOverBatch& sum) {
  WhitenOverTokens(options.std_form, groups, sum);
}

}  // namespace

extern const AdvantageType kReinforcePpAdvantage = {"reinforce_pp", "the return of each token, whitened over the tokens of the step",
                                                    ReinforcePp, /*min_members=*/1, /*by_tokens=*/true};

}  // namespace temper

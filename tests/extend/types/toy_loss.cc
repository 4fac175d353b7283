#include "learner/policy_loss.h"

namespace temper {

// -w rho A, never clipped.
extern const PolicyLossType kToyLoss = {"toy", "the ratio times the advantage", [](const PolicyTermInput& in, const RlOptions&) {
                                          const double term = -in.weight * in.ratio * in.advantage;
                                          return PolicyTerm{.loss = term, .d_logprob = term};
                                        }};

}  // namespace temper

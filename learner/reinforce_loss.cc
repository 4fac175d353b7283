#include "learner/policy_loss.h"

namespace temper {
namespace {

// The ratio, a constant here, is 1 on the first pass over a batch and corrects later ones for the policy's change since.
PolicyTerm Reinforce(const PolicyTermInput& in, const RlOptions& /*options*/) {
  const double weight = in.weight * in.ratio;
  return {.loss = -weight * in.advantage * in.logprob, .d_logprob = -weight * in.advantage};
}

}  // namespace

extern const PolicyLossType kReinforceLoss = {"reinforce", "the log-prob times the advantage", Reinforce};

}  // namespace temper

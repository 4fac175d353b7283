#include "learner/policy_loss.h"

namespace temper {
namespace {

PolicyTerm Reinforce(const PolicyTermInput& in, const RlOptions& /*options*/) {
  return {.loss = -in.weight * in.advantage * in.logprob, .d_logprob = -in.weight * in.advantage};
}

}  // namespace

extern const PolicyLossType kReinforceLoss = {"reinforce", "the log-prob times the advantage", Reinforce};

}  // namespace temper

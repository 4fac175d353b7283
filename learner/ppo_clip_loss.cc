#include <algorithm>

#include "learner/policy_loss.h"

namespace temper {
namespace {

PolicyTerm PpoClip(const PolicyTermInput& in, const RlOptions& options) {
  const double free = in.ratio * in.advantage;
  const double held = std::clamp(in.ratio, 1 - options.clip_low, 1 + options.clip_high) * in.advantage;
  double objective = std::min(free, held);
  // The derivative of rho A by log pi is rho A; a held ratio and the dual clip are constants.
  double slope = free;
  PolicyTerm term;
  if (held < free) {
    term.clipped = true;
    slope = 0;
  }
  if (options.dual_clip > 0 && in.advantage < 0 && options.dual_clip * in.advantage > objective) {
    term.clipped = true;
    objective = options.dual_clip * in.advantage;
    slope = 0;
  }
  term.loss = -in.weight * objective;
  term.d_logprob = -in.weight * slope;
  return term;
}

}  // namespace

// The smaller of the free and the clipped objective (arXiv 1707.06347), with an asymmetric range (2503.14476) and for A < 0 a floor of
// dual_clip A (1912.09729).
extern const PolicyLossType kPpoClipLoss = {"ppo_clip", "the ratio times the advantage, clipped", PpoClip};

}  // namespace temper

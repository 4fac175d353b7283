// The registry of policy losses, from the lines of policy_losses.inc.
#include "learner/options.h"

namespace temper {

#define TEMPER_ENTRY(name) extern const PolicyLossType name;
#include "learner/policy_losses.inc"
#undef TEMPER_ENTRY

const Registry<PolicyLossType>& PolicyLosses() {
#define TEMPER_ENTRY(name) &(name),
  static const Registry<PolicyLossType> kLosses("policy loss", {
#include "learner/policy_losses.inc"
                                                               });
#undef TEMPER_ENTRY
  return kLosses;
}

}  // namespace temper

// The registry of advantage estimators, from the lines of advantages.inc.
#include "reward/advantage/advantage.h"

namespace temper {

#define TEMPER_ENTRY(name) extern const AdvantageType name;
#include "reward/advantage/advantages.inc"
#undef TEMPER_ENTRY

const Registry<AdvantageType>& AdvantageEstimators() {
#define TEMPER_ENTRY(name) &(name),
  static const Registry<AdvantageType> kEstimators("advantage type", {
#include "reward/advantage/advantages.inc"
                                                                     });
#undef TEMPER_ENTRY
  return kEstimators;
}

}  // namespace temper

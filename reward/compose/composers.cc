// The registry of composers, from the lines of composers.inc.
#include "reward/compose/composer_options.h"

namespace temper {

#define TEMPER_ENTRY(name) extern const ComposerType name;
#include "reward/compose/composers.inc"
#undef TEMPER_ENTRY

const Registry<ComposerType>& Composers() {
#define TEMPER_ENTRY(name) &(name),
  static const Registry<ComposerType> kComposers("reward composer", {
#include "reward/compose/composers.inc"
                                                                    });
#undef TEMPER_ENTRY
  return kComposers;
}

}  // namespace temper

#include "reward/compose/advantage.h"

namespace temper {

// r - the first member's.
extern const AdvantageType kToyAdvantage = {"toy", "against the first member",
                                            [](const AdvantageOptions&, std::vector<AdvantagePart>* groups) {
                                              for (AdvantagePart& group : *groups) {
                                                const double first = group.front();
                                                for (double& value : group) value -= first;
                                              }
                                            }};

}  // namespace temper

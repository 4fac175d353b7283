#include "reward/advantage/advantage.h"

namespace temper {

// r - the first member's.
extern const AdvantageType kToyAdvantage = {"toy", "against the first member",
                                            [](const AdvantageOptions&, std::vector<AdvantagePart>* groups, const SumOverBatch&) {
                                              for (AdvantagePart& group : *groups) {
                                                const double first = group.front().value;
                                                for (PartValue& member : group) member.value -= first;
                                              }
                                            }};

}  // namespace temper

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cluster/base/keyed_random.h"

namespace temper {

// A prompt of the built-in world (docs/WORLD.md) with every ask in the past tense; ledger entry, opener and tail stay. `stream` chooses
// among the wordings of an ask. Nothing where the text is no such prompt.
std::optional<std::string> InPastTense(std::string_view prompt, KeyedStream* stream);

}  // namespace temper

#pragma once

#include <string>
#include <vector>

namespace temper {

// What to say of a key that its section does not have, beginning with "; ". It names the keys it
// may have been meant for, those of the section and of what lies below it first. Without such keys
// it lists what is known there, or is "" where nothing is. '.', '_' and '-' count as equal: kl_coef
// is near kl.coef. `siblings`: names the section has; `fields`: dotted keys of the whole
// configuration.
std::string UnknownKeyHint(const std::string& key, const std::string& section, const std::vector<std::string>& siblings,
                           const std::vector<std::string>& fields);

}  // namespace temper

#pragma once

#include <functional>
#include <string>

#include "cluster/config/fields.h"

namespace temper {

// Checks values that stand in their structs already, however they came there, against what `describe` allows: ranges, names, rules. The
// same list serves the reading of a file (cluster/config/reader.h), so a bound is written once. Throws ConfigError with a line for each
// mistake: "section.key: 7 is out of range; allowed: 0 to 5"; with an empty section "key: 7 ...".
void CheckFields(const std::string& section, const std::function<void(ConfigFields&)>& describe);

// The same for a struct that has a Describe(Options&, ConfigFields&).
template <typename Options>
void CheckOptions(const std::string& section, Options options) {
  CheckFields(section, [&options](ConfigFields& fields) { Describe(options, fields); });
}

}  // namespace temper

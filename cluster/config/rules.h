#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/config/errors.h"

namespace temper {

// Dotted key -> where it was set.
using ConfigMarks = std::unordered_map<std::string, ConfigMark>;

// A check over several keys, of the section it was described in.
struct ConfigRule {
  std::string section;
  ConfigMark mark;  // of the section
  std::function<bool()> holds;
  std::string message;  // names the keys it is about, dotted from the root or from the section
};

// Reports the rules that do not hold, each at the first key that its message names and that was set, by that key. A rule that names a key
// with an error says nothing: its target holds the default.
void CheckRules(const std::vector<ConfigRule>& rules, const ConfigMarks& marks, ConfigErrors* errors);

}  // namespace temper

#include "policy/model/lora_options.h"

#include <set>

namespace temper {

bool AreLoraTargets(const std::vector<std::string>& target_modules) {
  const std::vector<std::string> known = LoraOptions().target_modules;
  std::set<std::string> left(known.begin(), known.end());
  for (const std::string& target : target_modules)
    if (left.erase(target) == 0) return false;
  return !target_modules.empty();
}

}  // namespace temper

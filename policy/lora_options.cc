#include "policy/lora_options.h"

#include <set>

namespace temper {

bool AreLoraTargets(const std::vector<std::string>& target_modules) {
  std::set<std::string> left(LoraOptions().target_modules.begin(), LoraOptions().target_modules.end());
  for (const std::string& target : target_modules)
    if (left.erase(target) == 0) return false;
  return !target_modules.empty();
}

}  // namespace temper

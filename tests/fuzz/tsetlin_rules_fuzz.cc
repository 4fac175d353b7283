// libFuzzer target of the file that locks and vetoes rules: every input ends in ConfigError, or its rules read back from their texts.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cluster/base/error.h"
#include "reward/tsetlin/constraints.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::string text(reinterpret_cast<const char*>(data), size);
    for (const temper::TsetlinConstraint& constraint : temper::ParseConstraints(text, "fuzz")) {
      if (!constraint.hash.empty()) continue;
      const std::string rule = temper::RuleText(constraint.rule);
      if (temper::RuleText(temper::ParseRule(rule, "fuzz")) != rule) std::abort();
    }
  } catch (const temper::ConfigError&) {
  }
  return 0;
}

#pragma once

#include <string>

namespace temper {

// STAND-IN, replaced by the reward room: what the content policy says.
struct PolicySpec {
  std::string text;
};
PolicySpec LoadPolicySpec(const std::string& path);
PolicySpec ParsePolicySpec(const std::string& yaml_text, const std::string& name);

}  // namespace temper

#pragma once

#include <string>
#include <vector>

#include "rollout/data/prompt.h"

namespace temper {

struct EvalSet {
  std::string name;
  std::vector<Prompt> prompts;
};

}  // namespace temper

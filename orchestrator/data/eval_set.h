#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "rollout/data/prompt.h"

namespace temper {

struct EvalSet {
  std::string name;
  std::vector<Prompt> prompts;
  std::map<std::string, std::string> unsafe_answers = {};  // prompt id -> text, of the prompts that have one
  std::vector<std::vector<int32_t>> answers_begun = {};    // what of each prompt's answer is given (eval.prefill); empty = nothing of any
};

}  // namespace temper

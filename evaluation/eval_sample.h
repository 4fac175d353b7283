#pragma once

#include <string>

#include "reward/grade/grade.h"

namespace temper {

// One evaluated completion: what the report is computed from.
struct EvalSample {
  std::string prompt_id;
  std::string intent;
  std::string category;
  std::string prompt;
  std::string response;
  Grade grade;
  bool truncated = false;    // the answer was cut at the token limit: what it would have gone on to say nobody graded
  std::string context = "";  // of the policy spec's, "" = none
};

}  // namespace temper

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orchestrator/launch/train_arguments.h"
#include "serve/text_generation.h"

namespace temper {

// What `temper eval --suite` was asked for.
struct SuiteArguments {
  std::string suite;
  std::vector<std::string> paths;  // of the suite
  std::string answers;             // a file of them; "" = the model answers
  bool no_graders = false;
  int64_t limit = 0;  // prompts of each intent; 0 = all
  GenerateArguments generate = {};
  std::string prompt_template = "{prompt}";
  std::string out;  // folder; "" = figures go to standard output alone
  bool json = false;
};

// Reads the suite, has it answered once or takes the answers, has them graded by the graders of `train`'s config (default: the shipped ones
// of configs/base/real_english_graders.yaml), measures and prints. Returns the exit code; throws ConfigError.
int EvaluateSuite(const SuiteArguments& arguments, const TrainArguments& train, const std::string& model);

}  // namespace temper

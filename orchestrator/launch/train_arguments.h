#pragma once

#include <string>
#include <vector>

namespace temper {

// What a job is started with: a config, and what is said beside it.
struct TrainArguments {
  std::string config;
  std::vector<std::string> overrides;  // a.b=value
  std::string resume = "auto";         // auto, never, or a checkpoint's folder
  std::string member;                  // of a config with seeds: or sweep:, name or index of one run; "" = all
  bool dry_run = false;
  int ranks = 0;            // launch and dry-run: 0 = what the config asks for
  bool in_process = false;  // train: all roles in one process
};

// The arguments of an evaluation of the Hugging Face folder `model` under the config, as a run <run.name>-eval of its own: no arms, no
// training. Throws ConfigError when the config cannot be loaded.
TrainArguments EvaluationOf(const TrainArguments& arguments, const std::string& model);

}  // namespace temper

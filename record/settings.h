#pragma once

#include <optional>
#include <string>

#include "cluster/config/resolved.h"
#include "record/run_paths.h"

namespace temper {

// The settings in a file configs/resolved.yaml of a run, of whatever version wrote it. Nothing, with a warning in the log, where there is
// no such file or where it cannot be read.
std::optional<ResolvedConfig> ReadSettings(const std::string& path);

// Which stages of an arm a run folder holds something of.
struct StagesBegun {
  bool sft = false, eval = false, rl = false;
  bool any() const { return sft || eval || rl; }
};
StagesBegun WhatHasBegun(const RunPaths& run, const std::string& arm_name);

// What a run folder holds is not made again, so it must be of the settings that the config has now.
// Compares those with the arm's configs/resolved.yaml as an earlier start left it, as far as what
// was made depends on them. That concerns the model's and the data's once SFT has begun, sampling
// and reward once there is an evaluation, RL's once it has begun. Throws ConfigError naming the
// keys that differ. Says nothing where there is no such file, and only logs one that this version
// cannot read.
void CheckSameSettings(const RunPaths& run, const std::string& arm_name, const ResolvedConfig& now);

}  // namespace temper

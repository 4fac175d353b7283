#pragma once

#include <string>
#include <utility>
#include <vector>

#include "views/report/report.h"

namespace temper {

// One arm of one run, by index.
struct RunArm {
  size_t run = 0;
  size_t arm = 0;
};

// Runs of one arm that differ in nothing but their seed.
struct Condition {
  std::string name;          // of the arm; where arms of other settings have that name, with what tells them apart: "lr=1e-3"
  std::vector<RunArm> runs;  // by seed
};

// A setting that not all conditions have the same: its value in each, as YAML, "" where it is not known.
struct DifferingSetting {
  std::string key;
  std::vector<std::string> values;
};

// The conditions of some runs, in order of appearance. Runs are told apart by the settings they
// were made with (configs/resolved.yaml), without those that only name them or say what is shown
// and kept. Throws Error when there is no run, or when two runs have the same settings and the same
// seed, so that the second says nothing new.
std::vector<Condition> ConditionsOf(const std::vector<RunRecord>& records);

std::vector<DifferingSetting> DifferingSettings(const std::vector<RunRecord>& records, const std::vector<Condition>& conditions);

// Runs of a beside runs of b: those of the same seed; where no seed is common to both, in the order of their seeds.
std::vector<std::pair<RunArm, RunArm>> PairRuns(const std::vector<RunRecord>& records, const Condition& a, const Condition& b);

}  // namespace temper

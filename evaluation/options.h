#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/config/fields.h"

namespace temper {

// Which of two values of a figure is the better one.
enum class BetterFigure : uint8_t { kHigher, kLower };
template <>
struct EnumNames<BetterFigure> {
  static constexpr std::string_view kWhat = "better figure";
  static constexpr EnumTable<BetterFigure, 2> kTable{{{BetterFigure::kHigher, "higher"}, {BetterFigure::kLower, "lower"}}};
};

// By which figure of the evaluations during training a step is the best one.
struct BestConfig {
  std::string figure;  // by its metric's name, during/<set>/<figure>; "" = none is chosen
  BetterFigure better = BetterFigure::kHigher;
};

struct EvalConfig {
  std::vector<std::string> sets;  // empty = all, of the built-in world all but dev
  int64_t samples_per_prompt = 4;
  int64_t prompts_per_set = 0;  // 0 = all
  double temperature = 1.0;     // 0 = greedy
  bool gate_sweep = false;      // whether thresholds of the first token are tried on every set
  bool at_start = true;
  int64_t every = 0;                    // RL steps between evaluations during training; 0 = none
  int64_t every_prompts = 20;           // of each intent of a set, in those
  std::vector<std::string> every_sets;  // of those; empty = the first set
  BestConfig best;
  int64_t stop_after = 0;  // evaluations of those in a row without a better figure that end the training of an arm; 0 = never
};

void Describe(EvalConfig& config, ConfigFields& fields);

}  // namespace temper

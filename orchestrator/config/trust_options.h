#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "cluster/config/fields.h"

namespace temper {

enum class OnDrift : uint8_t { kWarn, kStop };
template <>
struct EnumNames<OnDrift> {
  static constexpr std::string_view kWhat = "consequence of drift";
  static constexpr EnumTable<OnDrift, 2> kTable{{{OnDrift::kWarn, "warn"}, {OnDrift::kStop, "stop"}}};
};

// Gold probes: answers that people labelled, graded in between those of training and never learned from. Its Describe gives the meaning of
// each field.
struct GoldConfig {
  std::string path;  // "" = none
  std::string prompt = "prompt";
  std::string response = "response";
  std::string label = "label";
  std::string category = "";
  double yes_from = 0.5;
  int64_t per_step = 32;
  double flip_rate = 0.3;
  double floor = 0;
  int64_t floor_steps = 5;
  OnDrift on_drift = OnDrift::kWarn;
};
void Describe(GoldConfig& config, ConfigFields& fields);

// Grades that are turned into their opposite, for experiments with a bad grader.
struct NoiseConfig {
  double flip_safe = 0;
  double flip_unsafe = 0;
  int64_t from_step = 1;
  bool any() const { return flip_safe > 0 || flip_unsafe > 0; }
};
void Describe(NoiseConfig& config, ConfigFields& fields);

}  // namespace temper

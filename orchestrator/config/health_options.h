#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <string_view>

#include "cluster/base/enum_names.h"
#include "cluster/config/fields.h"

namespace temper {

enum class HealthAct : uint8_t { kWarn, kStop };

template <>
struct EnumNames<HealthAct> {
  static constexpr std::string_view kWhat = "act of a health rule";
  static constexpr EnumTable<HealthAct, 2> kTable{{{HealthAct::kWarn, "warn"}, {HealthAct::kStop, "stop"}}};
};

// An entry of monitor.health: what a metric of RL must not do. Its Describe gives the meaning of each field.
struct HealthRule {
  std::string metric;
  double above = std::numeric_limits<double>::infinity();   // infinite = no such bound
  double below = -std::numeric_limits<double>::infinity();  // the same
  int64_t steps = 1;
  HealthAct act = HealthAct::kWarn;

  bool Breaks(double value) const { return value > above || value < below; }  // a value that is no number breaks nothing
};

// The field `health` of monitor.
void DescribeHealth(std::deque<HealthRule>* rules, ConfigFields& fields);

}  // namespace temper

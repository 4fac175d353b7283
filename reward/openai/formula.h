#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// The formula of a multi grader (calculate_output): + - * / ^, parentheses, min max abs floor ceil exp sqrt log, decimal numbers and the
// names of its graders. ^ binds tighter than a sign before it and groups to the right: -2^2 = -4, 2^3^2 = 512; log is the natural one;
// min and max take one value or more.
class Formula {
 public:
  Formula() = default;
  // Throws ConfigError: what is wrong and at which character; a name that is not in `names` with those that are. At most 4,096 characters,
  // 1,000 operations and 64 levels of nesting.
  Formula(std::string_view text, const std::vector<std::string>& names);

  // Its value for one of every name; nothing where it is no finite number (1 / 0, sqrt(-1), log(0)).
  std::optional<double> Value(const std::map<std::string, double>& values) const;

 private:
  enum class Op : uint8_t {
    kNumber,
    kName,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kPower,
    kNegate,
    kMin,
    kMax,
    kAbs,
    kFloor,
    kCeil,
    kExp,
    kSqrt,
    kLog
  };
  // In reverse Polish order.
  struct Step {
    Op op = Op::kNumber;
    double number = 0;    // kNumber
    std::string name;     // kName
    size_t operands = 0;  // kMin, kMax
  };
  friend class FormulaParser;
  static double Apply(const Step& step, const double* operands);

  std::vector<Step> steps_;
};

}  // namespace temper

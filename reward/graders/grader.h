#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reward/grade/grade.h"
#include "reward/spec/policy_spec.h"

namespace temper {

// Grades responses against a policy spec. Pure: the same request gives the same grade on any worker. A failure is a typed outcome in the
// grade, never an exception and never a value. Not thread-safe.
class Grader {
 public:
  virtual ~Grader() = default;
  virtual std::vector<Grade> GradeAll(std::span<const GradeRequest> requests) = 0;
  virtual std::string id() const = 0;
};

std::unique_ptr<Grader> MakeRuleGrader(PolicySpec spec);

}  // namespace temper

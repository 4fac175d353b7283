#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "reward/graders/combine.h"
#include "reward/graders/grader.h"
#include "reward/graders/registry.h"

namespace temper {

// The graders of a job and how they combine: what a reward worker is told with the welcome.
struct GraderPlan {
  std::vector<GraderConfig> graders;  // at least one
  CombineOptions combine;
  double deadline_s = 0;  // requests without a grade after so long count as failed, whatever the graders do
};

using GraderFactory = std::function<std::unique_ptr<Grader>(const GraderPlan&)>;

// One grader that asks those of the plan side by side, each within its own deadline, and combines what they say. A single one that steers,
// gives all and grades all rows is itself the result. Throws ConfigError as MakeGrader.
std::unique_ptr<Grader> MakeGraders(const GraderPlan& plan);

}  // namespace temper

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cluster/base/registry.h"
#include "reward/graders/grader.h"

namespace temper {

// What a grader of a job is made from.
struct GraderConfig {
  std::string type;       // of GraderTypes(); in a job reward.grader
  std::string name;       // of the payload, for messages
  std::string payload;    // what the type needs; in a job the text of its policy spec
  double deadline_s = 0;  // requests without a grade after so long get GradeOutcome::kTimeout
};

// A kind of grader: one file, and one line in graders.inc.
struct GraderType {
  const char* name;                                             // reward.grader
  const char* help;                                             // what it grades by
  std::unique_ptr<Grader> (*make)(const GraderConfig& config);  // throws ConfigError for a payload that is none
};
const Registry<GraderType>& GraderTypes();
extern const GraderType kRuleGrader;

using GraderFactory = std::function<std::unique_ptr<Grader>(const GraderConfig&)>;

// Throws ConfigError for an unknown type, with those that there are.
std::unique_ptr<Grader> MakeGrader(const GraderConfig& config);

}  // namespace temper

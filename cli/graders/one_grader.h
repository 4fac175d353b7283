#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reward/graders/combine.h"
#include "reward/graders/grader.h"
#include "reward/graders/registry.h"
#include "reward/spec/policy_spec.h"

namespace temper {

// One grader of a job's config, tried outside of a job.
class OneGrader {
 public:
  // `argument`: CONFIG, where it has one grader, or CONFIG:NAME. Throws ConfigError, with the names that there are.
  explicit OneGrader(const std::string& argument, const std::vector<std::string>& overrides = {});

  const GraderConfig& config() const { return config_; }
  const std::string& key() const { return key_; }        // in the config: "reward.graders.0"; "" of the grader of reward.policy_spec
  const std::string& record() const { return record_; }  // reward.graders[].record, "" = none
  const std::string& attacks() const { return attacks_; }
  // The rows that it was trained on (GraderOptions::TrainedOn).
  const std::optional<TrainingRows>& trained_on() const { return trained_on_; }
  std::string id() const { return grader_->id(); }

  // The grades as they are where no other grader steers, of each request in their order. A category that the policy spec does not know is
  // not told. Requests that the grader does not answer within its deadline have failed grades.
  std::vector<Grade> GradeAnswers(std::vector<GradeRequest> requests);

 private:
  GraderConfig config_;
  std::string key_, record_, attacks_;
  std::optional<TrainingRows> trained_on_;
  CombineOptions combine_;
  PolicySpec spec_;
  std::unique_ptr<Grader> grader_;
};

}  // namespace temper
